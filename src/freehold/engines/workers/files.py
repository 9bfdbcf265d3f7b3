"""Names for the files that a worker makes in its own folder."""

import secrets
from pathlib import Path

from freehold.tasks.base import ENDINGS, File, Kind


def new_file(kind: Kind) -> File:
    """A new file of this kind; its ending is the first one of the kind."""
    return File(Path.cwd() / f"made-{secrets.token_hex(8)}{ENDINGS[kind][0]}", kind)
