"""Reads and writes music as Standard MIDI Files; needs no library, and everything is bounded.

Only notes are taken: when they begin and end, in quarters, and their pitch. Formats 0 and 1.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput

MOST_BYTES = 2**22
TICKS, VELOCITY, TEMPO = 480, 80, 500_000
"""Of what is written: ticks per quarter, loudness, and microseconds per quarter."""
DRUMS = 9
META, SYSEX = 0xFF, (0xF0, 0xF7)
LENGTHS = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
"""How many bytes follow each kind of message."""


class Note(Struct, frozen=True):
    """One note: when it begins and ends, in quarters, and its pitch (60 is middle C)."""

    start: float
    end: float
    pitch: int


def read_midi(path: Path) -> list[Note]:
    """The notes of a file, without drums, in the order they begin; BrokenInput when it is none."""
    if path.stat().st_size > MOST_BYTES:
        raise BrokenInput(f"the file of notes is larger than {MOST_BYTES // 2**20} MiB")
    data = path.read_bytes()
    try:
        return sorted(_notes(data), key=lambda note: (note.start, note.pitch))
    except IndexError as error:
        raise BrokenInput("the file of notes ends in the middle") from error


def _notes(data: bytes) -> Iterator[Note]:
    chunks = _chunks(data)
    kind, header = next(chunks, (b"", b""))
    if kind != b"MThd" or len(header) < 6:
        raise BrokenInput("the file is no MIDI file")
    form, ticks = int.from_bytes(header[:2], "big"), int.from_bytes(header[4:6], "big")
    if form > 1 or ticks == 0 or ticks & 0x8000:
        raise BrokenInput("the MIDI file has patterns or counts in seconds: neither is read")
    for kind, body in chunks:
        if kind == b"MTrk":
            yield from _track(body, ticks)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of the file, each by its kind."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        if at + 8 + size > len(data):
            raise BrokenInput("the file of notes ends in the middle")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size


def _track(body: bytes, ticks: int) -> Iterator[Note]:
    """The notes of one track; those that never end do so where the track ends."""
    held: dict[tuple[int, int], int] = {}
    now = 0
    for now, status, first, second in _messages(body):
        kind, voice = status & 0xF0, (status & 0x0F, first)
        if kind not in (0x80, 0x90) or voice[0] == DRUMS:
            continue
        begun = held.pop(voice, None)
        if begun is not None and now > begun:
            yield Note(begun / ticks, now / ticks, first)
        if kind == 0x90 and second > 0:
            held[voice] = now
    for (_, pitch), begun in held.items():
        if now > begun:
            yield Note(begun / ticks, now / ticks, pitch)


def _messages(body: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each message with its time in ticks: (time, status, first, second)."""
    at = now = status = 0
    while at < len(body):
        wait, at = _number(body, at)
        now += wait
        if body[at] & 0x80:
            status, at = body[at], at + 1
        if status == META or status in SYSEX:
            at += status == META
            size, at = _number(body, at)
            at += size
            continue
        length = LENGTHS.get(status & 0xF0)
        if length is None:
            raise BrokenInput("the file of notes holds a message that does not exist")
        values = body[at : at + length] + b"\0"
        if len(values) <= length or max(values) > 127:
            raise BrokenInput("the file of notes holds a broken message")
        at += length
        yield now, status, values[0], values[1] if length == 2 else 0


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, and where it ends."""
    value = 0
    for count in range(4):
        byte = body[at + count]
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at + count + 1
    raise BrokenInput("the file of notes holds a number that does not end")


def midi(notes: Sequence[Note]) -> bytes:
    """A file of format 0 with these notes, at 120 quarters in a minute."""
    moments = []
    for note in notes:
        moments.append((round(note.start * TICKS), 1, bytes((0x90, note.pitch, VELOCITY))))
        moments.append((round(note.end * TICKS), 0, bytes((0x80, note.pitch, 0))))
    body, now = b"\0\xff\x51\x03" + TEMPO.to_bytes(3, "big"), 0
    for time, _, message in sorted(moments):
        body += _written(time - now) + message
        now = time
    body += b"\0\xff\x2f\0"
    header = b"\0\0\0\1" + TICKS.to_bytes(2, "big")
    return b"".join(
        kind + len(part).to_bytes(4, "big") + part
        for kind, part in ((b"MThd", header), (b"MTrk", body))
    )


def _written(value: int) -> bytes:
    """A number as it stands in a file."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
