"""What streams of a recipe remember, a row of tables for each, so that one run steps many."""

import numpy as np
from numpy.typing import NDArray

from facewire.errors import EngineError
from facewire.frames import StreamSpec
from facewire_engines.recipe.model import RecipeModel

Array = NDArray[np.float32]
Indices = NDArray[np.int64]


class RememberedRows:
    """What the decoder has made of rows, in up to `capacity` streams. Used by one thread."""

    def __init__(self, model: RecipeModel, capacity: int) -> None:
        self._model = model
        self._decoder = model.decoder.streams(capacity)
        self._face = model.face
        self._feeds = [tensor.name for tensor in model.decoder.spec.feeds]
        self._inputs = [tensor.name for tensor in model.face.spec.inputs]
        width = model.face.spec.inputs[0].zeros(1).shape[2]
        self._memory: Array = np.zeros((capacity, model.reach, width), np.float32)
        self._usual = model.shares(None)
        self._styles: Array = np.tile(self._usual, (capacity, 1))

    def reset(self, row: int) -> None:
        """Let a stream begin anew."""
        self._decoder.reset(row)
        self._memory[row] = 0
        self._styles[row] = self._usual

    def set_style(self, row: int, shares: Array) -> None:
        """Let a stream move in a style from its next row on: `[styles]`, the share of each."""
        self._styles[row] = shares

    def take(self, rows: Indices, said: NDArray[np.generic], firsts: Indices, end: int) -> None:
        """Remember the next rows of some streams.

        Args:
            rows: `[B]` which streams.
            said: `[B, step, ...]` what the encoder said.
            firsts: `[B]`, which row of the stream the first is; those below 0 are unknown.
            end: rows from here on are unknown, too.

        Raises:
            EngineError: the decoder does not know an id, or the back-end failed.
        """
        self._check_ids(said)
        numbers = firsts[:, None] + np.arange(said.shape[1])
        known = ((numbers >= 0) & (numbers < end)).astype(np.float32)
        given = (np.ascontiguousarray(said), known, self._styles[rows])
        feeds = dict(zip(self._feeds, given, strict=False))
        (memory,) = self._decoder.step(rows, feeds)
        joined = np.concatenate((self._memory[rows], memory), axis=1)
        self._memory[rows] = joined[:, -self._model.reach :]

    def _check_ids(self, said: NDArray[np.generic]) -> None:
        """Refuse ids that are unknown, which not every back-end does, before they are run."""
        most = self._model.about.vocabulary
        if not most or not said.size:
            return
        low, high = int(said.min()), int(said.max())
        if low < 0 or high >= most:
            raise EngineError(
                f"the encoder of the model {self._model.manifest.name!r} says the id "
                f"{low if low < 0 else high}, but its decoder knows {most}; export both anew"
            )

    def faces(self, rows: Indices, timestamps: Indices, takens: Indices, ends: Indices) -> Array:
        """Return the faces `[F, 52]` of some moments.

        Args:
            rows: `[F]` streams, in any number and order.
            timestamps: `[F]` samples, each of its stream.
            takens: `[F]`, how many rows of the stream were taken.
            ends: `[F]`, from which row on they are unknown.
        """
        reach, pairs = self._model.reach, zip(timestamps.tolist(), takens.tolist(), strict=True)
        newest = np.array([self._model.newest_age(*pair) for pair in pairs])
        ages = (newest[:, None] + np.arange(reach - 1, -1, -1)).astype(np.float32)
        numbers = takens[:, None] + np.arange(-reach, 0)
        known = ((numbers >= 0) & (numbers < ends[:, None])).astype(np.float32)
        feeds = dict(zip(self._inputs, (self._memory[rows], ages, known), strict=True))
        (weights,) = self._face.run(feeds)
        return weights

    def finite(self, rows: Indices) -> NDArray[np.bool_]:
        """Tell which of the streams of the last step remember finite numbers only, `[B]`."""
        return self._decoder.finite(rows)


NEVER = 1 << 62
"""The end of a stream that goes on."""


class RecipeRows:
    """The state of up to `capacity` streams of audio. Used by one thread at a time."""

    def __init__(self, model: RecipeModel, capacity: int) -> None:
        self._model = model
        self._encoders = [graph.streams(capacity) for graph in model.encoders]
        self._feeds = [graph.spec.feeds[0].name for graph in model.encoders]
        self._remembered = RememberedRows(model, capacity)
        self._hops: Indices = np.zeros(capacity, np.int64)
        self._right: Indices = np.zeros(capacity, np.int64)

    def reset(self, row: int, spec: StreamSpec) -> None:
        """Let a stream begin anew; its right context stays what its look-ahead leaves room for."""
        for encoder in self._encoders:
            encoder.reset(row)
        self._remembered.reset(row)
        self._hops[row] = 0
        self._right[row] = self._model.right_context(spec.lookahead)

    def set_style(self, row: int, shares: Array) -> None:
        """Let a stream move in a style from its next row on: `[styles]`, the share of each."""
        self._remembered.set_style(row, shares)

    def encode(self, rows: Indices, samples: Array) -> NDArray[np.bool_]:
        """Hear one hop `[B, hop]` in each of some streams.

        Returns:
            Whether each is still finite, `[B]`.
        """
        model, said = self._model, samples
        for encoder, feed in zip(self._encoders, self._feeds, strict=True):
            (said,) = encoder.step(rows, {feed: said})
        right = self._right[rows]
        places = model.right - right[:, None] + np.arange(model.step)
        taken = said[np.arange(len(rows))[:, None], places]
        firsts = self._taken(rows)
        self._remembered.take(rows, taken, firsts, NEVER)
        self._hops[rows] += 1
        sound = self._remembered.finite(rows)
        for encoder in self._encoders:
            sound &= encoder.finite(rows)
        return sound

    def decode(self, rows: Indices, timestamps: Indices) -> tuple[Array, Array]:
        """Return the faces `[F, 52]` of some moments; who speaks is not known: `[F]` ones.

        Args:
            rows: `[F]` streams, in any number and order.
            timestamps: `[F]` samples, each of its stream.
        """
        never = np.full(len(rows), NEVER)
        weights = self._remembered.faces(rows, timestamps, self._taken(rows), never)
        return weights, np.ones(len(rows), np.float32)

    def _taken(self, rows: Indices) -> Indices:
        """Return how many rows the decoder has seen, less those before the stream, `[B]`."""
        behind = self._model.about.delay + self._right[rows]
        taken: Indices = self._hops[rows] * self._model.step - behind
        return taken
