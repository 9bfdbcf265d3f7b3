"""The routes that lines of a batch may name."""

from freehold.server.asked import Form
from freehold.server.forms.openai_chat import Chat
from freehold.server.forms.openai_completions import Completion
from freehold.server.forms.openai_embeddings import Embedding
from freehold.server.forms.openai_responses import Response


def batch_forms() -> dict[str, Form]:
    """The form of each route."""
    return {
        "/v1/chat/completions": Chat(),
        "/v1/completions": Completion(),
        "/v1/embeddings": Embedding(),
        "/v1/responses": Response(),
    }
