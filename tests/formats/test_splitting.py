"""Texts are split as tokenizers do: by hand, and beside the library `tokenizers` where it is."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.inspect_split import Untold, split_json
from freehold.core.errors import BrokenInput, UsageError
from freehold.formats import splitting
from freehold.formats.splitting import GPT2, LLAMA3, QWEN2, SPACE
from freehold.formats.tokenizer_json import read_tokenizer_json

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        (GPT2, "Hello  world, it's 1234!",
         ["Hello", " ", " world", ",", " it", "'s", " 1234", "!"]),
        (LLAMA3, "Hello  world, IT'S 1234!",
         ["Hello", " ", " world", ",", " IT", "'S", " ", "123", "4", "!"]),
        (QWEN2, "a 12\n\nb", ["a", " ", "1", "2", "\n\n", "b"]),
        (GPT2, "naïve 你好½", ["naïve", " 你好", "½"]),
        (LLAMA3, "!?", ["!?"]),
    ],
)  # fmt: skip
def test_words_are_cut_by_known_patterns(pattern: str, text: str, wanted: list[str]) -> None:
    assert splitting.words(text, pattern) == wanted


@given(st.sampled_from([GPT2, LLAMA3, QWEN2]), TEXT)
def test_words_are_the_whole_text(pattern: str, text: str) -> None:
    assert "".join(splitting.words(text, pattern)) == text


@given(TEXT)
def test_letters_of_bytes_come_back(text: str) -> None:
    assert splitting.from_bytes(splitting.of_bytes(text)) == text


def test_pairs_are_joined_by_rank_then_from_the_left() -> None:
    ranks = {("a", "b"): 1, ("b", "c"): 0, ("a", "bc"): 2}
    assert splitting.joined("abcab", lambda a, b: ranks.get((a, b))) == ["abc", "ab"]
    assert splitting.joined("", lambda a, b: 0) == []


def test_unigrams_have_the_highest_sum_and_what_is_unknown_is_one() -> None:
    scores = {"a": -1.0, "b": -1.0, "ab": -3.0, "abc": -2.5}
    assert splitting.likeliest("abab", scores) == ["a", "b", "a", "b"]
    assert splitting.likeliest("abcxyb", scores) == ["abc", "xy", "b"]


def test_bert_words_stand_apart_from_marks_and_chinese_signs() -> None:
    assert splitting.bert_words("Café-Bar 你好", lower=True) == ["cafe", "-", "bar", "你", "好"]


def tokenizer(model: dict[str, Any], **more: Any) -> str:
    return json.dumps({"model": model, **more})


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
PAIRS = {"type": "BPE", "vocab": {"h": 0, "i": 1, "hi": 2}, "merges": ["h i"]}
ADDED = [{"id": 9, "content": "<s>", "special": True}]


def split(text: str, model: dict[str, Any], **more: Any) -> list[str]:
    return split_json(read_tokenizer_json(tokenizer(model, **more)), text)


def test_pairs_of_bytes_and_special_tokens() -> None:
    assert split("<s>hi hö", PAIRS, pre_tokenizer=BYTES, added_tokens=ADDED) == [
        "<s>", "hi", " ", "h", "\\xc3", "\\xb6"]  # fmt: skip


def test_a_sequence_with_a_known_pattern() -> None:
    cut = {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated"}
    steps = {"type": "Sequence", "pretokenizers": [cut, BYTES | {"use_regex": False}]}
    assert split("hi1234", PAIRS, pre_tokenizer=steps) == ["hi", "1", "2", "3", "4"]
    cut["pattern"] = {"Regex": "(a+)+$"}
    with pytest.raises(Untold, match="not known"):
        split("hi", PAIRS, pre_tokenizer=steps)


def test_bytes_stand_for_what_is_no_token() -> None:
    model = PAIRS | {"byte_fallback": True, "vocab": {"h": 0, "i": 1, "hi": 2, SPACE: 3}}
    steps = [{"type": "Prepend", "prepend": SPACE},
             {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}]  # fmt: skip
    clean = {"type": "Sequence", "normalizers": steps}
    assert split("hi ö", model, normalizer=clean) == [SPACE, "hi", SPACE, "<0xC3>", "<0xB6>"]


def test_word_pieces() -> None:
    model = {"type": "WordPiece", "vocab": {"un": 0, "##do": 1, "!": 2}, "unk_token": "[UNK]",
             "continuing_subword_prefix": "##"}  # fmt: skip
    before = {"normalizer": {"type": "BertNormalizer", "lowercase": True},
              "pre_tokenizer": {"type": "BertPreTokenizer"}}  # fmt: skip
    assert split("UNdo! xx", model, **before) == ["un", "##do", "!", "[UNK]"]


def test_unigrams_with_a_table_of_signs_are_told_for_plain_texts_only() -> None:
    model = {"type": "Unigram", "vocab": [[SPACE + "hi", -1.0], [SPACE, -2.0]]}
    more = {"normalizer": {"type": "Precompiled"}, "pre_tokenizer": {"type": "Metaspace"}}
    assert split("hi hi", model, **more) == [SPACE + "hi", SPACE + "hi"]
    with pytest.raises(Untold):
        split("hi ﬁ", model, **more)


def test_long_texts_and_strange_kinds_are_refused() -> None:
    with pytest.raises(UsageError, match="2,000"):
        split("a" * 2_001, PAIRS)
    with pytest.raises(Untold, match="WordLevel"):
        split("a", {"type": "WordLevel", "vocab": {"a": 0}})
    with pytest.raises(BrokenInput, match="no tokenizer"):
        read_tokenizer_json('{"version": "1.0"}')


@pytest.mark.parametrize("pattern", [GPT2, LLAMA3, QWEN2])
def test_a_trained_tokenizer_splits_as_its_library_does(pattern: str) -> None:
    library: Any = pytest.importorskip("tokenizers")
    before = library.pre_tokenizers
    trained = library.Tokenizer(library.models.BPE())
    cut = before.Split(library.Regex(pattern), "isolated", False)
    trained.pre_tokenizer = before.Sequence(
        [cut, before.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    texts = ["The fox's 12345 tails, it'll cost $3.50!\n\n  two  spaces ", "naïve 你好 “x” ½ मराठी"]
    trainer = library.trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=before.ByteLevel.alphabet(), show_progress=False
    )
    trained.train_from_iterator(texts * 3, trainer)
    found = read_tokenizer_json(trained.to_str())
    for text in texts:
        wanted = [splitting.from_bytes(piece) for piece in trained.encode(text).tokens]
        assert split_json(found, text) == wanted


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(
        ["ByteLevel", "Metaspace", "Sequence", "Replace", "Prepend", "NFC", "Split", LLAMA3, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "pretokenizers", "normalizers", "pattern", "String", "Regex",
                         "content", "prepend"]), inner, max_size=4), max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(["BPE", "Unigram", "WordPiece"]), SHAPES, SHAPES)
def test_whatever_a_tokenizer_says_a_text_is_split_or_it_is_said_why_not(
    kind: str, before: object, words: object
) -> None:
    vocab: object = [["a", -1.0]] if kind == "Unigram" else {"a": 0}
    model = {"type": kind, "vocab": vocab, "merges": ["a a", "b"]}
    with contextlib.suppress(Untold, BrokenInput):
        split("a text", model, normalizer=before, pre_tokenizer=words)
