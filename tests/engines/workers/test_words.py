"""Words and their times, from the tokens and frames of models that hear."""

from itertools import product
from math import exp, log

from hypothesis import given
from hypothesis import strategies as st

from freehold.engines.workers.sound.beam import likeliest
from freehold.engines.workers.sound.cutting import overlapping
from freehold.engines.workers.sound.words import framed_words, spoken_words
from freehold.tasks.automatic_speech_recognition import Segment

LETTERS = "_ |ab"
BLANK = 0


def test_a_word_begins_where_a_token_begins_with_a_space() -> None:
    texts = [" Good", " d", "ay", "!"]
    tokens = [(n, n * 0.5, n * 0.5 + 0.5) for n in range(4)]
    words = spoken_words(tokens, lambda ids: "".join(texts[n] for n in ids), "en")
    assert words == (Segment(0.0, 0.5, "Good"), Segment(0.5, 2.0, "day!"))


def test_a_language_without_spaces_has_a_word_for_each_sign() -> None:
    tokens = [(0, 0.0, 0.2), (1, 0.2, 0.4)]
    words = spoken_words(tokens, lambda ids: "".join("你好"[n] for n in ids), "zh")
    assert [word.text for word in words] == ["你", "好"]


def test_a_letter_of_several_tokens_stays_whole() -> None:
    halves = "é".encode()

    def decode(ids: list[int]) -> str:
        return bytes(halves[n] for n in ids).decode("utf-8", "replace")

    words = spoken_words([(0, 0.0, 0.1), (1, 0.1, 0.3)], decode, "fr")
    assert words == (Segment(0.0, 0.3, "é"),)


def frames(text: str) -> list[int]:
    return [LETTERS.index(letter) for letter in text]


def test_frames_become_words_with_the_times_of_their_letters() -> None:
    words = framed_words(frames("_aa_a|_bb__"), BLANK, lambda n: LETTERS[n], "|", 0.02)
    assert words == (Segment(0.02, 0.1, "aa"), Segment(0.14, 0.18, "b"))


def test_pieces_that_begin_with_the_sign_of_a_space_begin_words() -> None:
    signs = ["", "\u2581a", "b", "\u2581"]
    words = framed_words([1, 1, 2, 0, 3, 2], 0, lambda n: signs[n], None, 1.0)
    assert [(w.text, w.start, w.end) for w in words] == [("ab", 0.0, 3.0), ("b", 4.0, 6.0)]


@given(st.integers(1, 500), st.integers(1, 90), st.integers(0, 40))
def test_overlapping_parts_own_every_sample_once(count: int, part: int, around: int) -> None:
    parts = list(overlapping(count, part, around))
    owned = [n for _, _, first, last in parts for n in range(first, last)]
    assert owned == list(range(count))
    assert all(begin <= first and last <= end for begin, end, first, last in parts)


def test_the_likeliest_text_counts_all_its_ways() -> None:
    """Frame by frame silence is likeliest; together the ways to say `a` are."""
    chances = [[0.6, 0.4], [0.6, 0.4]]
    logs = [[log(chance) for chance in frame] for frame in chances]
    assert likeliest(logs, 0, 8) == [1]


@given(st.lists(st.lists(st.floats(-5, 0), min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_wide_search_finds_what_trying_everything_finds(scores: list[list[float]]) -> None:
    logs = [[x - log(sum(exp(y) for y in frame)) for x in frame] for frame in scores]
    sums: dict[tuple[int, ...], float] = {}
    for way in product(range(3), repeat=len(logs)):
        pairs = zip((0, *way), way, strict=False)
        text = tuple(now for before, now in pairs if now not in (before, 0))
        chance = exp(sum(frame[sign] for frame, sign in zip(logs, way, strict=True)))
        sums[text] = sums.get(text, 0.0) + chance
    found = tuple(likeliest(logs, 0, 100))
    assert sums[found] >= max(sums.values()) - 1e-9
