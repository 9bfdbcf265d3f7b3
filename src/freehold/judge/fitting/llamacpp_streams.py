"""What llama.cpp computes for Gemma 3n, whose layers work on several streams at once (AltUp)."""

from freehold.judge.anatomy.shapes import Attention, Layer
from freehold.judge.fitting.llamacpp_graph import Block, Builder, rows

STREAMS = 4
EACH = 256
"""The length of the embedding that every layer has of its own."""
SPARSE = 10
"""The first layers set most of their gate to zero."""


class Streams(Builder):
    """As Builder, but what goes from layer to layer is four vectors per token."""

    def start(self) -> int:
        """The streams, and an embedding for every layer."""
        made = super().start()
        self.each = EACH * len(self.anatomy.layers)
        self.looked_up = self.vectors(self.each)
        self.words, self.own, self.done = made, -1, 0
        copies = self.vectors((STREAMS - 1) * self.width, made)
        turned = self._scaled(self.vectors((STREAMS - 1) * self.width, copies), made)
        return self.vectors(STREAMS * self.width, made, turned)

    def _scaled(self, turned: int, first: int) -> int:
        """The other streams, each made as long as the first one."""
        others = (STREAMS - 1) * self.width
        self.passing(self.width, first)
        scaled = self.vectors(others, turned)
        self.passing(others, turned)
        return self.vectors(others, scaled, within=True)

    def layer(self, layer: Layer, block: Block, start: int, *, last: bool) -> int:
        """Predict all streams, compute the active one, correct all."""
        guessed = self._guessed(start)
        made = self._active(layer, block, guessed)
        right = self._corrected(guessed, made)
        small = self.vectors(EACH, self.vectors(self.width, right))
        small = self.vectors(EACH, small, self._own(), within=True)
        added = self.vectors((STREAMS - 1) * self.width, right, self.vectors(self.width, small))
        self.done += 1
        return self.vectors(STREAMS * self.width, right, added)

    def _guessed(self, start: int) -> int:
        many = STREAMS * self.width
        turned = self.vectors(many, start)
        self.passing(self.width, start)
        mixed = self.vectors(many, self.vectors(many, turned))
        return self.vectors(many, mixed, start, within=True)

    def _active(self, layer: Layer, block: Block, guessed: int) -> int:
        """Attention with a narrow path beside it, then the feed-forward part."""
        normed = self.vectors(self.width, guessed)
        part = next(p for p in layer.mixers if isinstance(p, Attention))
        found = self._sum(guessed, self._projected(self._attention(part, block, normed)))
        side = self._sum(normed, self.vectors(self.width, normed))
        found = self.vectors(self.width, found, side, within=True)
        normed = self.vectors(self.width, found)
        sparse = self.done < SPARSE
        return self._sum(
            found, self._sparse(block, normed) if sparse else self._full(block, normed)
        )

    def _sparse(self, block: Block, normed: int) -> int:
        """The gate is cut off at a bound that follows from its own mean and spread."""
        length = rows(block, "ffn_up")
        up, gate = self.vectors(length, normed), self.vectors(length, normed)
        self.passing(length, gate)
        gate = self.vectors(length, gate)
        return self.vectors(self.width, self.vectors(length, up, gate, within=True))

    def _full(self, block: Block, normed: int) -> int:
        length = rows(block, "ffn_up")
        up, gate = self.vectors(length, normed), self.vectors(length, normed)
        return self.vectors(self.width, self.vectors(length, up, gate, within=True))

    def _corrected(self, guessed: int, made: int) -> int:
        many = STREAMS * self.width
        new = self.vectors(many, self.vectors(self.width, made, guessed))
        self.passing(self.width, made)
        return self.vectors(many, new, guessed, within=True)

    def _own(self) -> int:
        """The embeddings of all layers, made when the first layer asks."""
        if self.own < 0:
            whole = self.vectors(self.each, self.words)
            whole = self.vectors(self.each, whole, self.looked_up, within=True)
            self.own = self.vectors(self.each, whole)
        return self.own

    def end(self, result: int) -> None:
        """The streams become one again, and only then the rows that are wanted are taken."""
        turned = self.vectors((STREAMS - 1) * self.width, result)
        one = self.vectors(self.width, result, self._scaled(turned, result))
        one = self._rows(one) if self.batch.outputs else one
        self.tokens = self.batch.outputs or self.tokens
        super().end(one)
