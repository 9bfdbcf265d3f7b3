"""Forms of tasks that no stand-in does: their answers from results, without a server."""

import base64
from pathlib import Path
from typing import Any

import pytest

from freehold.server.asked import Heard, Served
from freehold.server.forms.ollama_text import seconds
from freehold.server.forms.openai_audio import Speech, Transcription, clock
from freehold.server.forms.openai_images import Image
from freehold.server.forms.openai_moderations import Moderation
from freehold.server.problems import Refused
from freehold.tasks import automatic_speech_recognition as hearing
from freehold.tasks import text_classification as judging
from freehold.tasks import text_to_audio as speaking
from freehold.tasks import text_to_image as painting
from freehold.tasks.base import File, Work

WHO = Served(name="m", digest="d" * 64, engine="e", context=1)
WORK = Work(1.0, 1, "steps")
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 8 + b"\x08"
HEAD = b"RIFF\x00\x00\x00\x00WAVEfmt " + b"\x00" * 20 + b"data\x04\x00\x00\x00"


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    def keep(data: bytes, ending: str) -> Path:
        file = tmp_path / f"kept{len(list(tmp_path.iterdir()))}{ending}"
        file.write_bytes(data)
        return file

    return Heard(now=1, most_choices=4, keep=keep, earlier=lambda name: ())


def as_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize("form", ["b64_json", "url"])
def test_images_are_told_and_their_files_go(heard: Heard, tmp_path: Path, form: str) -> None:
    body = {"model": "m", "prompt": "a cat", "size": "64x32", "n": 2, "response_format": form}
    asked = Image().read(body, heard)
    request = asked.requests[0]
    assert (request.width, request.height, request.count) == (64, 32, 2)
    made = tmp_path / "made.png"
    made.write_bytes(PNG)
    result = painting.Result(images=(File(made, "image"),), width=64, height=32, seed=5, work=WORK)
    told = Image().whole(asked, (result,), WHO)
    assert told["seed"] == 5
    assert told["data"][0][form].rpartition(",")[2] == base64.b64encode(PNG).decode()
    assert not made.exists()


def test_a_mask_by_transparency_is_refused_and_a_white_one_taken(heard: Heard) -> None:
    body = {"model": "m", "prompt": "a cat", "image": as_url(PNG + b"\x02")}
    clear, white = ({**body, "mask": as_url(PNG + kind)} for kind in (b"\x06", b"\x00"))
    with pytest.raises(Refused, match="white where the image is to change"):
        Image(edits=True).read(clear, heard)
    assert Image(edits=True).read(white, heard).requests[0].mask


def test_speech_is_wav_or_its_samples_and_nothing_else(heard: Heard, tmp_path: Path) -> None:
    for form, data in (("wav", HEAD + b"abcd"), ("pcm", b"abcd")):
        body = {"model": "m", "input": "hi", "voice": {"id": "v"}, "response_format": form}
        asked = Speech().read(body, heard)
        assert asked.requests[0].voice == "v"
        made = tmp_path / "made.wav"
        made.write_bytes(HEAD + b"abcd")
        result = speaking.Result(audio=File(made, "audio"), rate=1, seconds=1, seed=1, work=WORK)
        assert Speech().whole(asked, (result,), WHO).body == data
    with pytest.raises(Refused, match="wav and pcm"):
        Speech().read({"model": "m", "input": "hi", "response_format": "mp3"}, heard)


def test_transcriptions_come_in_every_form(heard: Heard) -> None:
    parts = (hearing.Segment(0.0, 1.5, " Good day."), hearing.Segment(3600.25, 3601.0, " Bye."))
    result = hearing.Result(text="Good day. Bye.", language="en", seconds=3601, segments=parts,
                            words=(hearing.Segment(0.0, 0.5, "Good"),), work=WORK)  # fmt: skip

    def told(form: str) -> Any:
        body = {"model": "m", "file": HEAD, "response_format": form}
        asked = Transcription().read(body, heard)
        found = Transcription().whole(asked, (result,), WHO)
        return found if isinstance(found, dict) else bytes(found.body).decode()

    assert told("json") == {"text": "Good day. Bye."}
    assert told("text") == "Good day. Bye.\n"
    assert told("srt").splitlines()[:3] == ["1", "00:00:00,000 --> 00:00:01,500", "Good day."]
    assert told("vtt").splitlines()[5] == "01:00:00.250 --> 01:00:01.000"
    verbose = told("verbose_json")
    assert (verbose["duration"], verbose["language"]) == (3601, "en")
    assert verbose["words"] == [{"word": "Good", "start": 0.0, "end": 0.5}]


def test_times_are_asked_for_where_they_are_shown(heard: Heard) -> None:
    def asked(**more: Any) -> hearing.Request:
        body = {"model": "m", "file": HEAD, **more}
        found: hearing.Request = Transcription(translates=True).read(body, heard).requests[0]
        return found

    assert asked().timestamps is None
    assert asked(response_format="srt").timestamps == "segment"
    words = asked(response_format="verbose_json", timestamp_granularities=["word"])
    assert (words.timestamps, words.translate) == ("word", True)
    assert clock(59.9999, ",") == "00:01:00,000"


def test_verdicts_are_flags_and_scores(heard: Heard) -> None:
    asked = Moderation().read({"input": ["a", "b"], "model": "m"}, heard)
    verdicts = (judging.Verdict(False, {"hate": 0.9, "harm": 0.1}), judging.Verdict(True, {}))
    told = Moderation().whole(asked, (judging.Result(verdicts=verdicts, work=WORK),), WHO)
    assert [row["flagged"] for row in told["results"]] == [True, False]
    assert told["results"][0]["categories"] == {"hate": True, "harm": False}


@pytest.mark.parametrize(
    ("said", "found"), [("5m", 300), ("1.5h", 5400), (0, 0), ("-1", -1), ("250ms", 0.25)]
)
def test_ollamas_times_are_seconds(said: str | float, found: float) -> None:
    assert seconds(said) == pytest.approx(found)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="such as 5m"):
        seconds("soon")
