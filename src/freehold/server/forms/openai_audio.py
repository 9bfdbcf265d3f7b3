"""OpenAI's audio: speech from a text, and texts from speech with times as subtitles."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.responses import Response

from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.openai_chat import said_beside_all
from freehold.server.forms.openai_images import taken
from freehold.server.forms.openai_parts import HARMLESS
from freehold.server.forms.reading import dropped, ending_of, seed_of, sse, typed
from freehold.server.problems import Refused
from freehold.tasks import automatic_speech_recognition as hearing
from freehold.tasks import text_to_audio as speaking
from freehold.tasks.base import File

WAV_HEAD = 44


class SpeechBody(Struct, kw_only=True):
    """What is honored of a body that is to be spoken."""

    model: str
    input: str
    voice: str | dict[str, Any] | None = None
    response_format: str | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    language: str | None = None
    seed: int | None = None


class Speech:
    """`POST /v1/audio/speech`."""

    task = "text-to-audio"
    media_type = "audio/wav"
    body = SpeechBody

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request; only what engines give is given: WAV, or its samples alone."""
        said = typed(body, SpeechBody)
        if not said.input.strip():
            raise Refused("invalid", "there is nothing to say", param="input")
        if said.response_format not in (None, "wav", "pcm"):
            says = f"wav and pcm are given here, not {said.response_format!r:.20}"
            raise Refused("invalid", says, param="response_format")
        voice = said.voice.get("id") if isinstance(said.voice, dict) else said.voice
        request = speaking.Request(
            text=said.input,
            voice=str(voice) if voice else None,
            speed=said.speed,
            language=said.language,
            seed=seed_of(said.seed),
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("speech-", body, None),
            body=said,
            created=heard.now,
            dropped=tuple(dropped(body, SpeechBody, HARMLESS)),
        )

    def whole(self, asked: Asked, results: Sequence[Any], served: Served) -> Response:
        """The sound as it is."""
        data = taken(results[0].audio)
        if asked.body.response_format == "pcm":
            return Response(samples(data), media_type="audio/pcm")
        return Response(data, media_type="audio/wav")

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Speech is not streamed."""
        raise Refused("invalid", "speech is not streamed", param="stream")


class HeardBody(Struct, kw_only=True):
    """What is honored of a form with a recording."""

    model: str
    file: bytes
    language: str | None = None
    prompt: str | None = None
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    timestamp_granularities: list[Literal["word", "segment"]] | None = None
    stream: bool | None = None


class Transcription:
    """`POST /v1/audio/transcriptions` and, with `translates`, `/v1/audio/translations`."""

    task = "automatic-speech-recognition"
    media_type = "text/event-stream"
    body = HeardBody

    def __init__(self, translates: bool = False) -> None:
        self._translates = translates

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request; times are asked for where the answer shows them."""
        said = typed(body, HeardBody)
        ending = ending_of(said.file)
        if not ending:
            raise Refused("invalid", "it is no recording of a known kind", param="file")
        finest = "word" if "word" in (said.timestamp_granularities or ()) else "segment"
        timed = said.response_format in ("srt", "vtt", "verbose_json")
        request = hearing.Request(
            audio=File(heard.keep(said.file, ending), "audio"),
            language=said.language or None,
            translate=self._translates,
            timestamps=finest if timed else None,  # type: ignore[arg-type]
            prompt=said.prompt or None,
            temperature=said.temperature,
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("trsc-", {}, None),
            body=said,
            stream=bool(said.stream),
            created=heard.now,
            dropped=tuple(dropped(body, HeardBody, HARMLESS | {"chunking_strategy"})),
        )

    def whole(self, asked: Asked, results: Sequence[Any], served: Served) -> Any:
        """The text, in the form that was wanted."""
        (found,) = results
        form = asked.body.response_format or "json"
        if form == "text":
            return Response(found.text + "\n", media_type="text/plain")
        if form in ("srt", "vtt"):
            return Response(subtitles(found, form), media_type="text/plain")
        if form == "json":
            return {"text": found.text, **said_beside_all(found.notes, (), served)}
        return {**verbose(found, self._translates), **said_beside_all(found.notes, (), served)}

    def writer(self, asked: Asked, served: Served) -> "HeardWriter":
        """The text piece by piece."""
        return HeardWriter()


class HeardWriter:
    """The events of a transcription."""

    def __init__(self) -> None:
        self._text = ""

    def open(self) -> Iterator[bytes]:
        """Nothing comes before the first words."""
        return iter(())

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """The next words."""
        if isinstance(part, hearing.Piece):
            yield sse({"type": "transcript.text.delta", "delta": part.text})
        elif isinstance(part, hearing.Result):
            self._text = part.text

    def close(self) -> Iterator[bytes]:
        """The whole text."""
        yield sse({"type": "transcript.text.done", "text": self._text})


def verbose(found: hearing.Result, translated: bool) -> dict[str, Any]:
    """The text with everything that is known of it."""
    told: dict[str, Any] = {
        "task": "translate" if translated else "transcribe",
        "language": found.language or "",
        "duration": found.seconds,
        "text": found.text,
        "segments": [
            {"id": n, "start": s.start, "end": s.end, "text": s.text}
            for n, s in enumerate(found.segments)
        ],
    }
    if found.words:
        told["words"] = [{"word": w.text, "start": w.start, "end": w.end} for w in found.words]
    return told


def subtitles(found: hearing.Result, form: str) -> str:
    """The segments as SubRip or WebVTT."""
    comma = "," if form == "srt" else "."
    lines = [] if form == "srt" else ["WEBVTT", ""]
    for number, part in enumerate(found.segments, 1):
        if form == "srt":
            lines.append(str(number))
        lines.append(f"{clock(part.start, comma)} --> {clock(part.end, comma)}")
        lines += [part.text.strip(), ""]
    return "\n".join(lines) + "\n"


def clock(seconds: float, comma: str) -> str:
    """Seconds as 00:00:00,000."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours:02d}:{minutes:02d}:{whole % 60:02d}{comma}{rest:03d}"


def samples(wav: bytes) -> bytes:
    """The samples of a WAV file without its head."""
    at = wav.find(b"data", 12)
    return wav[at + 8 :] if at > 0 else wav[WAV_HEAD:]
