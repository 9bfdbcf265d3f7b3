"""Turns an artist, genres and lyrics into the numbers that Jukebox knows them by."""

import json
import re
import unicodedata
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;!?-+'\"()[] \t\n"
"""The signs of lyrics in version 2, from number 1 on; 0 is every other one."""
UNKNOWN = 0
SHOWN = 8


class Song(Struct, frozen=True):
    """For each level the artist and its genres; the lyrics, letter by letter."""

    artists: tuple[int, ...]
    genres: tuple[tuple[int, ...], ...]
    lyrics: tuple[int, ...]
    notes: tuple[str, ...]


class Words:
    """The artists, genres and signs that a model knows."""

    def __init__(self, folder: Path, levels: int, most_genres: int) -> None:
        self.artists, self.genres = (_numbers(folder / f"{n}.json") for n in ("artists", "genres"))
        self.versions, self.most = _versions(folder, levels), most_genres
        self.signs = {sign: number for number, sign in enumerate(SIGNS, 1)}
        if self.versions[0] != "v2":
            self.signs = _numbers(folder / "lyrics.json")

    def song(self, artist: str | None, genre: str | None, lyrics: str) -> Song:
        """The numbers of a song; UsageError for an artist or genre that no level knows."""
        notes: list[str] = []
        artists = [self._artist(artist, version) for version in self.versions]
        genres = [self._genres(genre, version) for version in self.versions]
        _check("artist", artist, [number != UNKNOWN for number in artists], self.artists, notes)
        _check("genre", genre, [UNKNOWN not in found for found in genres], self.genres, notes)
        if any(len(found) > self.most for found in genres):
            raise UsageError(f"the model takes at most {self.most} genres")
        letters, dropped = self._lyrics(lyrics)
        if dropped:
            notes.append(f"{dropped} signs of the lyrics are not known to the model: left out")
        return Song(tuple(artists), tuple(genres), letters, tuple(notes))

    def _artist(self, artist: str | None, version: str) -> int:
        if artist is None:
            return UNKNOWN
        named = artist.lower() if version == "v3" else f"{_plain(artist)}.v2"
        return self.artists.get(named, UNKNOWN)

    def _genres(self, genre: str | None, version: str) -> tuple[int, ...]:
        """Version 3 knows one genre, version 2 several, parted by _."""
        if genre is None:
            return (UNKNOWN,)
        if version == "v3":
            return (self.genres.get(genre.lower(), UNKNOWN),)
        return tuple(self.genres.get(f"{_plain(g)}.v2", UNKNOWN) for g in genre.split("_"))

    def _lyrics(self, lyrics: str) -> tuple[tuple[int, ...], int]:
        """The letters without accents, and how many signs were left out."""
        apart = unicodedata.normalize("NFD", lyrics)
        bare = "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")
        bare = bare.replace("\\", "\n")
        known = SIGNS.replace("+", "") if self.versions[0] == "v2" else SIGNS
        kept = [sign for sign in bare if sign in known]
        return tuple(self.signs.get(sign, UNKNOWN) for sign in kept), len(bare) - len(kept)


def _check(
    what: str, said: str | None, known: list[bool], names: dict[str, int], notes: list[str]
) -> None:
    """Refuse what no level knows; tell where only some do."""
    if said is None or all(known):
        return
    if not any(known):
        near = [name for name in names if said.lower()[:3] in name][:SHOWN]
        raise UsageError(
            f"the model knows no {what} {said!r}",
            hint=f"near are {', '.join(near)}" if near else f"all are in {what}s.json",
        )
    levels = ", ".join(str(level) for level, there in enumerate(known) if not there)
    notes.append(f"the {what} is not known at level {levels}: unknown there")


def _plain(name: str) -> str:
    """A name as version 2 writes it: small letters, digits and dots, the rest as one _."""
    return re.sub(r"[^a-z0-9.]+", "_", name.lower()).strip("_")


def _numbers(path: Path) -> dict[str, int]:
    """Names with their numbers, as published beside the weights."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): int(number) for name, number in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BrokenInput(f"{path.name} cannot be read: {error}") from error


def _versions(folder: Path, levels: int) -> tuple[str, ...]:
    """Which names each level knows: those of version 2 or 3."""
    try:
        told = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        versions = tuple(map(str, told.get("version", ("v3", "v2", "v2"))))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BrokenInput(f"tokenizer_config.json cannot be read: {error}") from error
    if len(versions) != levels or set(versions) - {"v2", "v3"}:
        raise BrokenInput(f"tokenizer_config.json tells the versions {versions}")
    return versions
