"""What Jukebox is told of a song, and what its config.json may say; no library is needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.sound.jukebox_settings import Prior, read_settings
from freehold.engines.workers.sound.jukebox_words import SIGNS, Words

ARTISTS = {"unknown": 0, "the band": 7, "the_band.v2": 2, "o_neil_co..v2": 3, "only old": 4}
GENRES = {"unknown": 0, "country": 5, "country.v2": 1, "rock.v2": 6}


def words(folder: Path, *versions: str) -> Words:
    """The words of a model whose levels know these versions of names."""
    for name, content in {
        "artists": ARTISTS,
        "genres": GENRES,
        "lyrics": {"<unk>": 0, "a": 30, " ": 31},
        "tokenizer_config": {"version": versions},
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return Words(folder, len(versions), 2)


def test_each_level_knows_an_artist_by_its_own_name(tmp_path: Path) -> None:
    song = words(tmp_path, "v3", "v2", "v2").song("The Band", "Country", "a")
    assert (song.artists, song.genres) == ((7, 2, 2), ((5,), (1,), (1,)))
    assert song.notes == ()
    assert words(tmp_path, "v2").song("O'Neil & Co.", None, "a").artists == (3,)
    assert words(tmp_path, "v2").song(None, "Country_Rock", "a").genres == ((1, 6),)


def test_what_only_some_levels_know_is_told_and_what_none_knows_is_refused(tmp_path: Path) -> None:
    known = words(tmp_path, "v3", "v2")
    assert known.song("Only Old", None, "a").notes == (
        "the artist is not known at level 1: unknown there",
    )
    with pytest.raises(UsageError, match="knows no artist 'The Bandit'") as told:
        known.song("The Bandit", None, "a")
    assert "the band" in str(told.value.hint)
    with pytest.raises(UsageError, match="knows no genre"):
        known.song(None, "Polka", "a")
    with pytest.raises(UsageError, match="at most 2 genres"):
        words(tmp_path, "v2").song(None, "Rock_Rock_Rock", "a")


def test_lyrics_are_letters_without_accents_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    song = words(tmp_path, "v2").song(None, None, "\u00c9+\\\u2665")
    assert song.lyrics == (SIGNS.index("E") + 1, SIGNS.index("\n") + 1)
    assert song.notes == ("2 signs of the lyrics are not known to the model: left out",)
    assert words(tmp_path, "v3").song(None, None, "a b").lyrics == (30, 31, 0)


@pytest.mark.parametrize("broken", ["{", "[]", '{"version": ["v1"]}', '{"version": ["v2", "v2"]}'])
def test_words_that_cannot_be_read_are_refused(tmp_path: Path, broken: str) -> None:
    words(tmp_path, "v2")
    (tmp_path / "tokenizer_config.json").write_text(broken)
    with pytest.raises(BrokenInput, match=r"tokenizer_config\.json"):
        Words(tmp_path, 1, 2)


def settings(folder: Path, **more: Any) -> Any:
    """What is read of a config.json that says this."""
    (folder / "config.json").write_text(json.dumps({"model_type": "jukebox", **more}))
    return read_settings(folder)


def test_a_level_stands_for_more_samples_the_coarser_it_is(tmp_path: Path) -> None:
    found = settings(tmp_path, prior_1={"num_layers": 5})
    assert [found.samples(level) for level in range(3)] == [128, 32, 8]
    assert found.prior_config_list[1].num_layers == 5


def test_patterns_say_how_each_layer_looks_back() -> None:
    merged = Prior(num_layers=64).kinds
    assert [merged[n] for n in (0, 1, 2, 15, 31, 47, 63)] == [
        "block_attn", "transpose_block_attn", "prev_block_attn", "prime_attn", "prime_attn",
        "dense_attn", "prime_attn",
    ]  # fmt: skip
    large = Prior(num_layers=79, attention_pattern="large_separated_enc_dec_w_lyrics").kinds
    hears = [n for n, kind in enumerate(large) if kind == "cross_attention"]
    assert hears == [18, 28, 38, 48, 58, 68, 78]
    assert large[19] == "block_attn"


WRONG: list[dict[str, Any]] = [
    {"nb_priors": 2},
    {"prior_0": {"attention_pattern": "sideways"}},
    {"prior_0": {"hidden_size": "wide"}},
    {"prior_0": {"blocks": 0}},
    {"prior_0": {"num_layers": 10**9}},
    {"prior_2": {"res_downs_t": [1, 1, 1]}},
    {"metadata_conditioning": False},
    {"vqvae_config": {"conv_input_shape": 2}},
    {"vqvae_config": {"hop_fraction": [0.5]}},
    {"vqvae_config": {"levels": 0}},
    {"vqvae_config": {"res_strides_t": [0, 2, 2]}},
    {"prior_0": {"n_heads": 3}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_not_computed_here_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(BrokenInput, match=r"config\.json"):
        settings(tmp_path, **wrong)
