"""OpenAI's images: words in, perhaps with an image to change, PNG files out."""

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.openai_chat import Count, choices, said_beside_all
from freehold.server.forms.openai_parts import HARMLESS
from freehold.server.forms.reading import bytes_of, dropped, ending_of, seed_of, typed
from freehold.server.problems import Refused
from freehold.tasks.base import File
from freehold.tasks.text_to_image import Request, Result

COLOR_TYPE = 25
"""Where the head of a PNG file says how colors are kept; 4 and 6 have transparency."""
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


class Body(Struct, kw_only=True):
    """What is honored of a body; what follows `response_format` are our own additions."""

    model: str
    prompt: str
    n: Count | None = None
    size: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png"] | None = None
    image: Any = None
    mask: Any = None
    negative_prompt: str | None = None
    steps: Annotated[int, Meta(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Meta(ge=0, le=100)] | None = None
    strength: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int | None = None


class Image:
    """`POST /v1/images/generations` and, with `edits`, `/v1/images/edits`."""

    task = "text-to-image"
    media_type = "application/json"
    body = Body

    def __init__(self, edits: bool = False) -> None:
        self._edits = edits

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request for all images."""
        said = typed(body, Body)
        if not said.prompt.strip():
            raise Refused("invalid", "there is no prompt", param="prompt")
        if self._edits and said.image is None:
            raise Refused("invalid", "there is no image to change", param="image")
        width, height = _size(said.size)
        seed = seed_of(said.seed)
        request = Request(
            prompt=said.prompt,
            negative=said.negative_prompt,
            image=_picture(said.image, "image", heard),
            mask=_mask(said.mask, heard),
            strength=said.strength,
            width=width,
            height=height,
            steps=said.steps,
            guidance=said.guidance,
            count=choices(said.n, heard.most_choices),
            seed=seed,
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("img-", body, seed),
            body=said,
            created=heard.now,
            dropped=tuple(dropped(body, Body, HARMLESS | {"quality", "moderation"})),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The images, each as Base64 or as an address that holds it."""
        (found,) = results
        return {
            "created": asked.created,
            "data": [_told(file, asked.body.response_format == "url") for file in found.images],
            "output_format": "png",
            "size": f"{found.width}x{found.height}",
            "seed": found.seed,
            **said_beside_all(found.notes, (), served),
        }

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Images are not streamed."""
        raise Refused("invalid", "images are not streamed", param="stream")


def taken(file: File) -> bytes:
    """The bytes of a file that an engine made, which goes."""
    data = file.path.read_bytes()
    file.path.unlink(missing_ok=True)
    return data


def _told(file: File, as_url: bool) -> dict[str, Any]:
    data = base64.b64encode(taken(file)).decode()
    return {"url": f"data:image/png;base64,{data}"} if as_url else {"b64_json": data}


def _size(said: str | None) -> tuple[int | None, int | None]:
    if said in (None, "auto", ""):
        return None, None
    found = SIZE.fullmatch(said or "")
    if not found:
        raise Refused("invalid", "a size is like 512x512", param="size")
    return int(found[1]), int(found[2])


def _mask(said: Any, heard: Heard) -> File | None:
    """A mask that is white where the image is to change; one by transparency means another."""
    found = _picture(said, "mask", heard)
    if found is not None:
        with found.path.open("rb") as opened:
            head = opened.read(COLOR_TYPE + 1)
        if head.startswith(b"\x89PNG") and head[COLOR_TYPE:] in (b"\x04", b"\x06"):
            says = "a mask has no transparency here: it is white where the image is to change"
            raise Refused("invalid", says, param="mask")
    return found


def _picture(said: Any, param: str, heard: Heard) -> File | None:
    """An image, as bytes from a form or as a data: URL."""
    if said is None:
        return None
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    data = said
    if isinstance(said, str):
        data, _ = bytes_of(said, heard.fetched, param)
    ending = ending_of(data) if isinstance(data, bytes) else None
    if not ending or not isinstance(data, bytes):
        raise Refused("invalid", "it is no image of a known kind", param=param)
    return File(heard.keep(data, ending), "image")
