"""What many streams of the embedded model remember, a row for each, so that one run steps them all.

The arithmetic is that of `PhonesHearing`, element for element; onnxruntime may still round the
last bit of a sum differently in a batch of another size.
"""

import numpy as np
from numpy.typing import NDArray

from facewire.frames import StreamSpec
from facewire_engines.phones.engine import DECODER_INPUTS, ENCODER_INPUTS, PhonesEngine
from facewire_engines.phones.geometry import HINDSIGHT, HOP, MEMORY, NOW_PLACE, PLACES, SILENCE
from facewire_engines.phones.phone_set import PHONES

Array = NDArray[np.float32]
Indices = NDArray[np.int64]


class PhonesRows:
    """The state of up to `capacity` streams. Used by one thread at a time."""

    def __init__(self, engine: PhonesEngine, capacity: int) -> None:
        self._decoder = engine.decoder
        self._encoder = engine.encoder.streams(capacity)
        self._tokens: Array = np.zeros((capacity, MEMORY, len(PHONES) + 1), np.float32)
        """What hop `h` sounded like is at `h % MEMORY`, effort last."""
        self._hops: Indices = np.zeros(capacity, np.int64)

    def reset(self, row: int, spec: StreamSpec | None = None) -> None:
        """Let a row begin anew; a stream of any geometry is the same to it."""
        self._encoder.reset(row)
        self._tokens[row] = 0
        self._tokens[row, :, SILENCE] = 1
        self._hops[row] = 0

    def encode(self, rows: Indices, samples: Array) -> NDArray[np.bool_]:
        """Hear one hop in each of some rows.

        Args:
            rows: `[B]`, each at most once.
            samples: `[B, 160]`.

        Returns:
            Whether the state of each row is still finite, `[B]`; where not, it stays so.
        """
        classes, effort = self._encoder.step(rows, {ENCODER_INPUTS[0]: samples})
        slots = (self._hops[rows, None] - np.arange(HINDSIGHT)) % MEMORY
        self._tokens[rows[:, None], slots, :-1] = classes[:, 0]
        self._tokens[rows[:, None], slots, -1] = effort[:, 0]
        self._hops[rows] += 1
        return self._encoder.finite(rows)

    def decode(self, rows: Indices, timestamps: Indices) -> tuple[Array, Array]:
        """Return the faces of some moments.

        Args:
            rows: `[F]`, in any number and order.
            timestamps: `[F]` samples, each of its row.

        Returns:
            Weights `[F, 52]`, and how sure the encoder is of speech, `[F]`.
        """
        hops = self._hops[rows]
        ages = ((hops * HOP - timestamps)[:, None] - PLACES) / HOP - 0.5
        known = (ages > -0.5).astype(np.float32)
        ages = np.maximum(ages, 0.0)
        low = ages.astype(np.int64)
        share = (ages - low).astype(np.float32)[:, :, None]
        newest = hops[:, None] - 1 - low
        window = self._tokens[rows[:, None], newest % MEMORY]
        window *= 1 - share
        window += self._tokens[rows[:, None], (newest - 1) % MEMORY] * share
        tokens, effort = window[:, :, :-1], window[:, :, -1]
        feeds = dict(
            zip(DECODER_INPUTS, (np.ascontiguousarray(tokens), known, effort, known), strict=True)
        )
        (weights,) = self._decoder.run(feeds)
        before, after = window[:, NOW_PLACE - 1, SILENCE], window[:, NOW_PLACE, SILENCE]
        quiet = np.where(known[:, NOW_PLACE] > 0, (before + after) / 2, before)
        return weights, 1 - quiet
