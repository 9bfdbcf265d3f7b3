"""Music with singing by Jukebox: three levels of codes, each finer, then sound.

Dhariwal et al. 2020 (arXiv 2005.00341), in the layout and with the names of Transformers 4.40,
the last one that had it. The coarsest level follows the artist, the genre and the lyrics; each of
the others fills in the level above. All are named window by window, each one begun with the end
of the one before.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.jukebox_prior import Naming, Window
from freehold.engines.workers.sound.jukebox_settings import read_settings
from freehold.engines.workers.sound.jukebox_sound import Part, Sounding
from freehold.engines.workers.sound.jukebox_words import Song, Words
from freehold.engines.workers.sound.loading import precision
from freehold.engines.workers.sound.reading import read_sound
from freehold.engines.workers.sound.speaking import Answer, speaker
from freehold.engines.workers.sound.tensors import named_weights
from freehold.tasks.base import File
from freehold.tasks.text_to_audio import Request

TEMPERATURES = 0.98, 0.99
"""How freely codes are drawn where nobody says: at all levels but the finest, and there."""


def load(order: Order) -> Answer:
    """The model and how it answers."""
    model = Jukebox(order)
    honored = ("voice", "genre", "like", "length", "temperature")
    return speaker("Jukebox", model.settings.sampling_rate, honored, model.make)


class Jukebox:
    """The levels, the coarsest first, and what turns the finest into sound."""

    def __init__(self, order: Order) -> None:
        torch.set_num_threads(order.threads)
        folder = Path(order.model)
        self.settings = read_settings(folder)
        levels = len(self.settings.prior_config_list)
        self.words = Words(folder, levels, self.settings.max_nb_genres)
        part = Part(_tensors(folder, order))
        with torch.inference_mode():
            self.levels = [
                Naming(part.below(f"priors.{level}"), self.settings, level)
                for level in range(levels)
            ]
            self.sounding = Sounding(part.below("vqvae"), self.settings.vqvae_config)

    def make(self, request: Request, tell: Tell) -> tuple[Any, tuple[str, ...]]:
        """The samples of a song, and notes."""
        song = self.words.song(request.voice, request.genre, request.text)
        samples = self._samples(request.length)
        least = int(self.settings.min_duration * self.settings.sampling_rate)
        notes = song.notes
        if samples < least:
            notes += (f"the model was told of a song of {self.settings.min_duration:g} seconds, "
                      "the shortest that it knows",)  # fmt: skip
        begun: list[list[int]] = [[] for _ in self.levels]
        if request.like is not None:
            begun, said = self._begun(request.like, samples, tell)
            notes += said
        whole = max(samples, least)
        codes = self._codes(song, samples, whole, begun, request.temperature, tell)
        made = self.sounding(torch.tensor(codes, device=self.sounding.books[0].device), tell)
        return made, notes

    def _begun(
        self, like: File, samples: int, tell: Tell
    ) -> tuple[list[list[int]], tuple[str, ...]]:
        """The codes of a recording that the song begins with, and notes."""
        sound, hop = read_sound(like, self.settings.sampling_rate), self.levels[0].hop
        count = len(sound.samples) // hop * hop
        if not 0 < count < samples:
            raise UsageError(
                f"the song is to begin with {sound.seconds:.3f} seconds, and to have "
                f"{samples / sound.rate:.3f} in all: nothing is left to make, or to begin with",
                hint="--length is how long the whole becomes",
            )
        book = self.sounding.books[0]
        heard = torch.from_numpy(sound.samples[:count]).to(book.device, book.dtype)
        said = f"the first {count / sound.rate:.2f} seconds are the recording, as codes keep it"
        return self.sounding.codes(heard, tell), (*sound.notes, said)

    def _samples(self, length: float | None) -> int:
        """How many samples are made: whole codes of the coarsest level."""
        top, rate = self.levels[0], self.settings.sampling_rate
        if length is None:
            return top.length * top.hop
        samples = int(length * rate) // top.hop * top.hop
        if not samples or samples >= self.settings.max_duration * rate:
            raise UsageError(
                f"{length:g} seconds are not between {top.hop / rate:.3f} and "
                f"{self.settings.max_duration:g}, what the model can make"
            )
        return samples

    def _codes(
        self, song: Song, samples: int, total: int, begun: list[list[int]],
        temperature: float | None, tell: Tell,
    ) -> list[int]:  # fmt: skip
        """The finest codes, after those of all coarser levels; `begun` are known at each."""
        left = (
            samples // level.hop - len(known)
            for level, known in zip(self.levels, begun, strict=True)
        )
        pace = Pace(sum(left), "codes")
        done = 0

        def count(more: int | None) -> None:
            nonlocal done
            done += more or 0
            tell(pace.at(done) if more else None)

        upper: list[int] = []
        for number, level in enumerate(self.levels):
            usual = TEMPERATURES[number == len(self.levels) - 1]
            freely = usual if temperature is None else temperature
            codes = list(begun[number])
            for start, most in self._windows(samples // level.hop, number):
                known, above = codes[start : start + most], self._above(upper, number, start)
                if len(known) < most:
                    window = Window(start, most, known, above, total)
                    codes += level.name(song, window, freely, count)
            upper = codes
        return upper

    def _windows(self, count: int, number: int) -> Iterator[tuple[int, int]]:
        """Where windows begin, and how many codes they then have; the last one is full, too."""
        length = self.levels[number].length
        if count <= length:
            yield 0, count
            return
        hop = max(int(self.settings.vqvae_config.hop_fraction[number] * length), 1)
        for start in range(0, count - length + hop, hop):
            yield min(start, count - length), length

    def _above(self, upper: list[int], number: int, start: int) -> list[int]:
        """The codes of the coarser level over the time of a window."""
        if not number:
            return []
        times = self.settings.vqvae_config.shortening[number]
        return upper[start // times : (start + self.levels[number].length) // times]


def _tensors(folder: Path, order: Order) -> dict[str, Any]:
    """The weights that are needed, where and as precise as they are computed with."""
    found = named_weights(folder)
    kind = precision(order)
    kind = kind if isinstance(kind, torch.dtype) else torch.float32
    return {name: value.to(order.device, kind) for name, value in found.items()}
