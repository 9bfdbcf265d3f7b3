"""Names the codes of one level of Jukebox, each after those before it."""

from collections.abc import Sequence
from typing import Any

import torch
from msgspec import Struct
from torch.nn import functional

from freehold.core.errors import BrokenInput
from freehold.engines.workers.aside import Tell
from freehold.engines.workers.sound.jukebox_layers import Stack, through
from freehold.engines.workers.sound.jukebox_settings import Prior, Settings
from freehold.engines.workers.sound.jukebox_sound import Longer, Part
from freehold.engines.workers.sound.jukebox_words import Song


class Window(Struct, frozen=True):
    """Where to name codes: from the code `start` on, `count` in all, `known` of them so far.

    `upper` are the codes of the coarser level over the same time; `total` is how many samples the
    whole song has.
    """

    start: int
    count: int
    known: Sequence[int]
    upper: Sequence[int]
    total: int


class Naming:
    """The transformer of one level, with what it is told beside the codes so far."""

    def __init__(self, part: Part, settings: Settings, level: int) -> None:
        told = settings.prior_config_list[level]
        self.told, self.settings, self.level = told, settings, level
        self.hop, self.length = settings.samples(level), told.n_ctx
        self.spoken = told.nb_relevant_lyric_tokens if told.is_encoder_decoder else 0
        self.shift = told.lyric_vocab_size if told.is_encoder_decoder else 0
        names, places = self.shift + told.music_vocab_size, self.spoken + told.n_ctx
        own = part.below("prior")
        self.vectors = own.one("embed_tokens.weight", names, told.hidden_size)
        self.places = own.one("pos_emb.pos_emb", places, told.hidden_size)
        head = "fc_proj_out.weight" if told.merged_decoder else "embed_tokens.weight"
        self.head = own.one(head, names, told.hidden_size)
        self.stack = Stack(own.below("transformer"), told, places)
        self.labels = Labels(part.below("metadata_embedding"), settings, level)
        self.above = Above(part.below("conditioner_blocks"), told, level) if level else None
        reads = told.nb_relevant_lyric_tokens and not told.is_encoder_decoder
        self.reader = Reader(part.below("encoder"), told) if reads else None

    def name(self, song: Song, window: Window, temperature: float, tell: Tell) -> list[int]:
        """The codes of a window after those that are known; tells each."""
        lyrics = self._lyrics(song, window)
        self.stack.begin(self.reader(lyrics) if self.reader else None)
        around, begin = self._around(song, window, tell)
        names = [*(lyrics if self.spoken else ()), *(code + self.shift for code in window.known)]
        self._recall(names, around, begin, tell)
        for place in range(len(names), self.spoken + window.count):
            flow = self._inputs(names, place, place + 1, around, begin)
            flow = self.stack(flow, place)
            if not self.told.merged_decoder:
                flow = flow + around[place : place + 1]
            names.append(drawn((flow @ self.head.T)[0], temperature))
            tell(1)
        return [max(n - self.shift, 0) for n in names[self.spoken + len(window.known) :]]

    def _recall(self, names: list[int], around: Any, begin: Any, tell: Tell) -> None:
        """Go over what is known, row by row, so that the layers keep it."""
        place = 0
        while place < len(names):
            end = min(len(names), place - place % self.stack.row + self.stack.row)
            self.stack(self._inputs(names, place, end, around, begin), place)
            place = end
            tell(None)

    def _inputs(self, names: list[int], place: int, end: int, around: Any, begin: Any) -> Any:
        """The vectors of places: each is that of the name before it."""
        before = torch.tensor(names[max(place - 1, 0) : end - 1], device=begin.device).long()
        flow = self.vectors[before]
        if not place:
            flow = torch.cat([begin, flow])
        return flow + self.places[place:end] + around[place:end]

    def _around(self, song: Song, window: Window, tell: Tell) -> tuple[Any, Any]:
        """What is added at each place, and the vector at the first."""
        offset = window.start * self.hop
        span = (offset, offset + self.length * self.hop, window.total)
        begin, times = self.labels(song, self.level, span)
        if self.above is not None:
            times = self.above(window.upper, tell)
        return torch.cat([times.new_zeros(self.spoken, times.shape[1]), times]), begin

    def _lyrics(self, song: Song, window: Window) -> list[int]:
        """The letters that are sung about in the middle of the window; zeros before short ones."""
        most = self.told.nb_relevant_lyric_tokens
        letters = list(song.lyrics) if self.level == 0 else []
        if len(letters) < most:
            return [0] * (most - len(letters)) + letters
        offset, duration = window.start * self.hop, self.length * self.hop
        middle = int(len(letters) * (offset + duration / 2.0) / window.total)
        middle = min(max(middle, most // 2), len(letters) - most // 2)
        return letters[middle - most // 2 : middle + most // 2]


class Above:
    """Makes the codes of the coarser level as long as those of this one."""

    def __init__(self, part: Part, told: Prior, level: int) -> None:
        self.vectors = part.one("embed_tokens.weight", told.music_vocab_size, told.hidden_size)
        longer = part.below("upsampler")
        self.longer = Longer(longer, told, level, told.hidden_size, back=False)
        self.norm = part.both("layer_norm", told.hidden_size)
        self.count = told.n_ctx // told.shortening[level]

    def __call__(self, codes: Sequence[int], tell: Tell) -> Any:
        """A vector for each place (place x width); where codes are missing, as for code 0."""
        full = [*codes, *[0] * (self.count - len(codes))]
        chosen = self.vectors[torch.tensor(full, device=self.vectors.device)]
        flow = self.longer(chosen.T[None], tell)[0].T
        return functional.layer_norm(flow, (flow.shape[1],), *self.norm)


class Labels:
    """What is told of the song: who, in which style; at the coarsest level also when."""

    def __init__(self, part: Part, settings: Settings, level: int) -> None:
        told = settings.prior_config_list[level]
        width, rate = told.hidden_size, settings.sampling_rate
        genres, artists = told.metadata_dims
        self.genres = part.one("bow_genre_emb.weight", genres, width)
        self.artists = part.one("artist_emb.weight", artists, width)
        self.count, self.bins, self.width = told.n_ctx, settings.timing_dims, width
        self.least, self.most = settings.min_duration * rate, settings.max_duration * rate
        self.times = [
            part.one(f"{name}.emb.weight", self.bins, width)
            for name in ("total_length_emb", "absolute_pos_emb", "relative_pos_emb")
            if level == 0
        ]

    def __call__(self, song: Song, level: int, span: tuple[int, int, int]) -> tuple[Any, Any]:
        """The vector at the first place, and those of the times (place x width; zeros if none)."""
        artist, genres = song.artists[level], song.genres[level]
        if artist >= len(self.artists) or max(genres) >= len(self.genres):
            raise BrokenInput("a number in artists.json or genres.json is larger than the model's")
        begin = self.artists[artist] + self.genres[list(genres)].sum(0)
        if not self.times:
            return begin[None], self.artists.new_zeros(self.count, self.width)
        start, end, total = (torch.tensor(float(n)) for n in span)
        whole, absolute, relative = self.times
        last = (end / total).clamp(0.0, 1.0)
        times = (
            whole[self._bin(total, self.least, self.most)]
            + absolute[self._bin(self._steps(start, end), 0.0, self.most)]
            + relative[self._bin(self._steps(start / total, last), 0.0, 1.0)]
        )
        return begin[None], times

    def _steps(self, start: Any, end: Any) -> Any:
        """Even steps from start to end, one for each place."""
        return start + (end - start) * (torch.arange(0, self.count).float() / self.count)

    def _bin(self, at: Any, least: float, most: float) -> Any:
        """In which of equal parts of a range a number lies."""
        part = (self.bins * ((at - least) / (most - least))).floor().long()
        return part.clamp(0, self.bins - 1).to(self.artists.device)


class Reader:
    """Reads lyrics with a transformer of its own."""

    def __init__(self, part: Part, told: Prior) -> None:
        own = told.encoder_config
        if own is None:
            raise BrokenInput("config.json tells of lyrics, but not of what reads them")
        width, count = own.hidden_size, told.nb_relevant_lyric_tokens
        self.vectors = part.one("embed_tokens.weight", told.lyric_vocab_size, width)
        self.begin = part.one("start_token", 1, width)
        self.places = part.one("pos_emb.pos_emb", count, width)
        self.stack = Stack(part.below("transformer"), own, count)
        for layer in self.stack.layers:
            layer.look.whole, layer.look.causal = True, own.mask
        self.out = part.both("proj_in", width, told.hidden_size, out=told.hidden_size)
        self.norm = part.both("final_layer_norm", told.hidden_size)

    def __call__(self, letters: Sequence[int]) -> Any:
        """A vector for each letter (letter x width)."""
        before = self.vectors[torch.tensor(letters[:-1], device=self.begin.device).long()]
        flow = torch.cat([self.begin, before]) + self.places
        self.stack.begin()
        flow = through(self.stack(flow, 0), self.out)
        return functional.layer_norm(flow, (flow.shape[1],), *self.norm)


def drawn(logits: Any, temperature: float) -> int:
    """One name, drawn by its likelihood; the likeliest where the temperature is 0."""
    if temperature == 0:
        return int(logits.argmax())
    return int(torch.multinomial((logits.float() / temperature).softmax(0)[None], 1))
