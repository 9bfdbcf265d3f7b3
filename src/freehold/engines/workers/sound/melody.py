"""Melodies as MusicVAE writes them: one sign for each sixteenth; needs no library.

0 means that nothing changes, 1 that a note ends, and 2 and above that one begins.
"""

from collections.abc import Iterable, Sequence

from freehold.engines.workers.sound.midi import Note

STEPS = 4
"""Steps in a quarter."""
HOLD, OFF, FIRST = 0, 1, 2


def signs(notes: Iterable[Note], steps: int, low: int, high: int) -> tuple[list[int], bool]:
    """The melody of some notes, and whether something of them was left out.

    One voice: of notes that begin together the highest counts, and a new one ends the one before.
    """
    begins: dict[int, Note] = {}
    lost = False
    for note in notes:
        step = int(note.start * STEPS + 0.5)
        inside = step < steps and low <= note.pitch <= high
        lost |= not inside or step in begins
        if inside and (step not in begins or note.pitch > begins[step].pitch):
            begins[step] = note
    out = [HOLD] * steps
    until: int | None = None
    for step in range(steps):
        if step in begins:
            note = begins[step]
            out[step] = note.pitch - low + FIRST
            until = max(int(note.end * STEPS + 0.5), step + 1)
        elif step == until:
            out[step] = OFF
            until = None
    return out, lost


def notes_of(melody: Sequence[int], low: int) -> list[Note]:
    """The notes of a melody; what still sounds ends with it."""
    notes: list[Note] = []
    begun: tuple[int, int] | None = None
    for step, sign in enumerate([*melody, OFF]):
        if sign == HOLD:
            continue
        if begun is not None:
            notes.append(Note(begun[0] / STEPS, step / STEPS, begun[1]))
            begun = None
        if sign >= FIRST:
            begun = (step, sign - FIRST + low)
    return notes
