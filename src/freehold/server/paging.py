"""The page at `/`: static files of the folder `web/`, which work without any other server."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from freehold.server.config import Config

WEB = Path(__file__).with_name("web")
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: its own files, and what it was given as data."""


def page(config: Config) -> list[BaseRoute]:
    """The routes of the page; where there is none, `/` says what runs here."""
    if not config.server.page or not (WEB / "index.html").is_file():
        return [Route("/", _plain)]
    return [Route("/", _index), Mount("/web", Guarded(directory=WEB))]


async def _index(request: Request) -> Response:
    return FileResponse(WEB / "index.html", headers={"content-security-policy": POLICY})


async def _plain(request: Request) -> Response:
    return PlainTextResponse("Freehold is running; GET /v1/models lists what is served\n")


class Guarded(StaticFiles):
    """Static files under the policy of the page."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        """The file."""
        found = super().file_response(*args, **more)
        found.headers["content-security-policy"] = POLICY
        return found
