"""Pictures, sounds and verdicts through the server, with OpenAI's client and real engines."""

import base64
import io
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import Contract, Found
from freehold.engines.diffusers import Engine as Painting
from freehold.engines.transformers import Engine
from freehold.server.config import Config, Model, Server
from tests.runtimes.language import makers
from tests.runtimes.making import made as painters
from tests.runtimes.making import pixels
from tests.runtimes.sound_engine import made, tone
from tests.server.running import Here, serving

pytestmark = pytest.mark.runtime
pytest.importorskip("openai")


@pytest.fixture(scope="module")
def folders(
    installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Tiny models by what they are for."""
    installed(Engine())
    heard, spoken = (tmp_path_factory.mktemp(name) for name in ("heard", "spoken"))
    tone(heard / "short.wav", 2.0)
    tone(heard / "long.wav", 47.0)
    guards = makers(installed, tmp_path_factory, "tiny_retrieval.py", (("hap", "shieldgemma"),))
    return {
        "painter": painters(installed(Painting()), "tiny_painters.py", "sd") / "sd",
        "ears": made("sound_models.py", ["whisper"], heard) / "whisper",
        "voice": made("spoken_models.py", ["vits"], spoken) / "vits",
        "moderation": guards("shieldgemma"),
        "labels": guards("hap"),
    }


@pytest.fixture(scope="module")
def here(folders: dict[str, Path]) -> Iterator[Here]:
    """One server of them all, each loaded when it is first asked."""
    models = tuple(
        Model(model=str(folder), name=name, threads=2, context=500)
        for name, folder in folders.items()
    )
    with serving(Config(server=Server(port=0), models=models)) as here:
        yield here


@pytest.fixture
def client(here: Here) -> Iterator[Any]:
    import openai

    with openai.OpenAI(base_url=f"{here.url}/v1", api_key="x", max_retries=0) as client:
        yield client


def kept(folder: Path, data: str | None) -> Path:
    """A picture of an answer as a file."""
    assert data
    file = folder / "answer.png"
    file.write_bytes(base64.b64decode(data))
    return file


def sent(file: Path) -> tuple[str, bytes]:
    """A file as the client takes it."""
    return file.name, file.read_bytes()


def test_a_picture_is_painted_as_the_library_paints_it(
    client: Any, folders: dict[str, Path], tmp_path: Path
) -> None:
    found = client.images.generate(
        model="painter", prompt="a red fox", size="32x32", extra_body={"steps": 3, "seed": 7}
    )
    painted = kept(tmp_path, found.data[0].b64_json)
    assert pixels(painted) == pixels(folders["painter"].parent / "sd.png")


def test_a_picture_is_changed_as_the_library_changes_it(
    client: Any, folders: dict[str, Path], tmp_path: Path
) -> None:
    place = folders["painter"].parent
    found = client.images.edit(
        model="painter", prompt="a red fox", image=sent(place / "start.png"),
        extra_body={"steps": 3, "seed": 7, "strength": 0.7},
    )  # fmt: skip
    changed = kept(tmp_path, found.data[0].b64_json)
    assert pixels(changed) == pixels(place / "sd-changed.png")


def test_a_recording_is_written_down_whole_and_piece_by_piece(
    client: Any, folders: dict[str, Path]
) -> None:
    said = json.loads((folders["ears"] / "expected.json").read_text())
    recording = folders["ears"].parent / "short.wav"
    asked = {"model": "ears", "language": "fr"}
    whole = client.audio.transcriptions.create(file=sent(recording), **asked)
    assert whole.text == said["plain"]
    events = list(client.audio.transcriptions.create(file=sent(recording), stream=True, **asked))
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == said["plain"]
    assert "".join(e.delta for e in events[:-1]) == said["plain"]


def test_a_recording_becomes_english_and_subtitles(client: Any, folders: dict[str, Path]) -> None:
    said = json.loads((folders["ears"] / "expected.json").read_text())
    recording = folders["ears"].parent / "short.wav"
    with pytest.deprecated_call():
        found = client.audio.translations.create(
            model="ears", file=sent(recording), extra_body={"language": "fr"}
        )
    assert found.text == said["translated"]
    subtitles = client.audio.transcriptions.create(
        model="ears", file=sent(recording), response_format="vtt"
    )
    assert str(subtitles).startswith("WEBVTT")


def test_a_text_is_spoken_as_a_sound_that_can_be_played(client: Any) -> None:
    found = client.audio.speech.create(
        model="voice", input="good day", voice="", response_format="wav", speed=1.5
    )
    with wave.open(io.BytesIO(found.read())) as sound:
        assert sound.getnframes() > 100
        assert sound.getsampwidth() == 2


def test_verdicts_come_with_their_scores(client: Any) -> None:
    found = client.moderations.create(input=["a quick brown fox", "a dog"])
    assert len(found.results) == 2
    for verdict in found.results:
        assert verdict.flagged == any(verdict.model_dump()["categories"].values())


def test_a_model_whose_labels_say_nothing_of_harm_calls_no_text_safe(client: Any) -> None:
    import openai

    with pytest.raises(openai.BadRequestError, match="say nothing of harm"):
        client.moderations.create(model="labels", input="a quick brown fox")


def test_what_is_broken_is_an_error_of_the_client_and_the_next_request_works(
    client: Any, folders: dict[str, Path], tmp_path: Path
) -> None:
    import openai

    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"RIFF" + bytes(40))
    with pytest.raises(openai.APIStatusError) as wrong:
        client.audio.transcriptions.create(model="ears", file=sent(noise))
    assert 400 <= wrong.value.status_code < 500
    recording = folders["ears"].parent / "short.wav"
    assert client.audio.transcriptions.create(model="ears", file=sent(recording)).text
