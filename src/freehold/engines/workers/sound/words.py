"""Makes words with times of the tokens that speech was written in; needs no library."""

from collections.abc import Callable, Iterator, Sequence

from freehold.tasks.automatic_speech_recognition import Segment

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km", "bo"})
"""Languages that are written without spaces between words: each sign counts as a word."""
Timed = tuple[int, float, float]
"""A token, and from when to when it was spoken, in seconds."""


def spoken_words(
    tokens: Sequence[Timed], decode: Callable[[list[int]], str], language: str | None
) -> tuple[Segment, ...]:
    """The words of these tokens; one begins where the text of a token begins with a space."""
    words: list[Segment] = []
    for start, end, text in _letters(tokens, decode):
        begins = text[:1].isspace() or language in UNSPACED
        if words and not begins:
            words[-1] = Segment(words[-1].start, end, words[-1].text + text)
        else:
            words.append(Segment(start, end, text))
    return tuple(
        Segment(round(w.start, 3), round(w.end, 3), w.text.strip()) for w in words if w.text.strip()
    )


def _letters(
    tokens: Sequence[Timed], decode: Callable[[list[int]], str]
) -> Iterator[tuple[float, float, str]]:
    """Groups of tokens that hold whole letters: one letter can need several tokens."""
    group: list[Timed] = []
    for token in tokens:
        group.append(token)
        text = decode([number for number, _, _ in group])
        if "\ufffd" not in text or len(group) > 4:
            yield group[0][1], group[-1][2], text
            group = []
    if group:
        yield group[0][1], group[-1][2], decode([number for number, _, _ in group])


def framed_words(
    frames: Sequence[int],
    blank: int,
    sign: Callable[[int], str],
    delimiter: str | None,
    step: float,
) -> tuple[Segment, ...]:
    """The words of a CTC model: one token (or none: `blank`) for each `step` seconds.

    Words are parted by `delimiter`, or where a token begins with the sign of a space (U+2581).
    """
    words: list[Segment] = []
    parted, before = True, blank
    for at, token in enumerate(frames):
        start, end, text = at * step, (at + 1) * step, sign(token)
        if token == before and words and token != blank and not parted:
            words[-1] = Segment(words[-1].start, end, words[-1].text)
        elif text == delimiter:
            parted = True
        elif token not in (before, blank):
            spaced = text.startswith("\u2581")
            text = text.removeprefix("\u2581")
            if parted or spaced:
                words.append(Segment(start, end, text))
            else:
                words[-1] = Segment(words[-1].start, end, words[-1].text + text)
            parted = False
        before = token
    return tuple(
        Segment(round(w.start, 3), round(w.end, 3), w.text) for w in words if w.text.strip()
    )
