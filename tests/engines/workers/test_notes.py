"""Files of notes and melodies: what is written is read again, and anything else is refused."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.engines.workers.sound.melody import FIRST, HOLD, OFF, notes_of, signs
from freehold.engines.workers.sound.midi import Note, midi, read_midi

LOW, HIGH, STEPS = 21, 108, 32
SAME_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
MELODIES = st.lists(st.sampled_from([HOLD, OFF, FIRST, FIRST + 40, FIRST + 87]), min_size=STEPS,
                    max_size=STEPS)  # fmt: skip


def read(folder: Path, data: bytes) -> list[Note]:
    file = folder / "tune.mid"
    file.write_bytes(data)
    return read_midi(file)


@SAME_FOLDER
@given(MELODIES)
def test_a_melody_survives_being_written_and_read(tmp_path: Path, melody: list[int]) -> None:
    notes = notes_of(melody, LOW)
    again, lost = signs(read(tmp_path, midi(notes)), STEPS, LOW, HIGH)
    assert notes_of(again, LOW) == notes
    assert not lost


def test_of_notes_together_the_highest_counts_and_that_is_said() -> None:
    melody, lost = signs([Note(0, 1, 60), Note(0, 2, 64)], 8, LOW, HIGH)
    assert melody == [FIRST + 64 - LOW, 0, 0, 0, 0, 0, 0, 0]
    assert lost


def test_notes_outside_of_the_steps_and_pitches_are_left_out_and_that_is_said() -> None:
    melody, lost = signs([Note(9, 10, 60), Note(0, 1, 5)], 8, LOW, HIGH)
    assert melody == [HOLD] * 8
    assert lost


def test_running_status_drums_and_other_messages_are_understood(tmp_path: Path) -> None:
    track = bytes.fromhex(
        "00ff510307a120 00c005 00903c50 00992450 00904050 603c00 00f00201f7 60804000 00ff2f00"
    )
    header = b"MThd\0\0\0\6\0\1\0\1\0\x60"
    data = header + b"MTrk" + len(track).to_bytes(4, "big") + track
    assert read(tmp_path, data) == [Note(0, 1, 60), Note(0, 2, 64)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"MThd\0\0\0\6\0\2\0\1\0\x60",
        b"MThd\0\0\0\6\0\0\0\1\xe7\x28",
        b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\3\0\x90\x3c",
        b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\5\xff\xff\xff\xff\xff",
        b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\3\0\x3c\x3c",
    ],
)
def test_what_is_no_music_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BrokenInput):
        read(tmp_path, data)


@SAME_FOLDER
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_notes_or_an_error_of_ours(tmp_path: Path, data: bytes, track: bool) -> None:
    if track:
        data = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(data).to_bytes(4, "big") + data
    try:
        notes = read(tmp_path, data)
    except BrokenInput:
        return
    assert all(note.end > note.start and 0 <= note.pitch < 128 for note in notes)
