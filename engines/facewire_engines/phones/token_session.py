"""Tokens to faces by the embedded model: a TTS's phones go to its decoder, past its encoder.

Tokens are in the space `PHONETIC`, token `k` covering samples `[160 k, 160 (k + 1))` at 16 kHz. A
TTS knows them before their audio exists, so look-ahead costs nothing but tokens.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.frames import BlendshapeFrame, Stamps, StreamSpec
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.backends.graph import Graph
from facewire_engines.hearing.hop_intake import SAMPLE_RATE, stream_spec
from facewire_engines.hearing.token_intake import TokenIntake
from facewire_engines.phones.geometry import HOP, PLACES_MS
from facewire_engines.phones.phone_set import INDEX, PHONES, TOKEN_RATE

PHONETIC = TokenSpace("phones", Fraction(TOKEN_RATE), len(PHONES))
"""The classes of `PHONES`, 100 times a second."""

MAX_LOOKAHEAD_MS = int(PLACES_MS[-1])
"""How far the decoder's window reaches: more tokens than that tell it nothing."""

_PLACES = PLACES_MS * (SAMPLE_RATE // 1000)
_BEFORE = -(int(_PLACES[0]) // HOP) + 2
"""Rows that the oldest place of a window can reach back to."""
_NEAREST = np.flatnonzero(np.abs(PLACES_MS) <= 10)
_SILENCE = INDEX["sil"]
_EFFORT, _HEARD = len(PHONES), len(PHONES) + 1
"""Columns of a row after its classes: its effort, and whether that is known."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PhonesTokenDecoder:
    """The decoder of the embedded model as an engine of its own: tokens in, faces out."""

    name: str
    decoder: Graph

    @property
    def sample_rate(self) -> int:
        """The rate of the audio clock that tokens are on, in Hz."""
        return SAMPLE_RATE

    @property
    def space(self) -> TokenSpace:
        """What tokens it takes."""
        return PHONETIC

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = MAX_LOOKAHEAD_MS,
        clock: Clock | None = None,
    ) -> "PhonesTokenSession":
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS)
        return PhonesTokenSession(self.decoder, spec, clock)


class PhonesTokenSession:
    """All that is remembered about one stream of tokens. Used by one thread at a time.

    A frame leaves once the tokens up to its timestamp and the look-ahead exist, so how tokens were
    chunked changes nothing. Places of its window past the look-ahead are unknown to the decoder.
    """

    def __init__(self, decoder: Graph, spec: StreamSpec, clock: Clock | None) -> None:
        self.spec = spec
        self._decoder = decoder
        self._clock = clock
        self._known = (spec.lookahead >= _PLACES).astype(np.float32)
        self._rows = _silence(_BEFORE)
        self._first = -_BEFORE
        """Which token of the stream the oldest row is."""
        self._intake = TokenIntake(PHONETIC, spec)
        self._frames = 0

    def push(self, chunk: TokenChunk, effort: Array | None = None) -> list[BlendshapeFrame]:
        """Take the next tokens and return the frames that they complete.

        Args:
            chunk: phones from where the last chunk ended, ids or probabilities.
            effort: loudness and pitch against the speaker's usual, [T] in [-1, 1], if known.

        Raises:
            ValueError: the tokens are of another space or clock, or do not follow the last ones.
        """
        self._intake.take(chunk)
        rows = np.zeros((len(chunk), len(PHONES) + 2), np.float32)
        rows[:, :_EFFORT] = chunk.probabilities()
        if effort is not None:
            rows[:, _EFFORT], rows[:, _HEARD] = np.clip(effort, -1, 1), 1.0
        self._rows = np.concatenate((self._rows, rows))
        return self._ready(self._intake.received)

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, with known silence after the last token."""
        if self._intake.ended:
            return []
        self._intake.end()
        silent = self.spec.lookahead // HOP + 1
        self._rows = np.concatenate((self._rows, _silence(silent)))
        return self._ready(self._intake.received + silent * HOP)

    def close(self) -> None:
        """End the stream without its last frames."""
        self._intake.end()

    def _ready(self, known_until: int) -> list[BlendshapeFrame]:
        """Decode every frame whose look-ahead ends within the known tokens."""
        frames: list[BlendshapeFrame] = []
        started = self._now()
        while True:
            timestamp = self.spec.timestamp(self._frames)
            newest = (timestamp + self.spec.lookahead) // HOP
            if newest * HOP > known_until or timestamp >= self._intake.received:
                self._forget(timestamp)
                return frames
            frames.append(self._decode(timestamp, newest - 1, started))
            self._frames += 1

    def _forget(self, timestamp: int) -> None:
        """Drop the rows that no later window can see."""
        old = timestamp // HOP - _BEFORE - self._first
        if old > 0:
            self._rows = self._rows[old:]
            self._first += old

    def _decode(self, timestamp: int, newest: int, started: int) -> BlendshapeFrame:
        places = (timestamp + _PLACES) / HOP - 0.5
        places = np.minimum(places, max(newest, -1)) - self._first
        low = places.astype(np.int64)
        share = (places - low).astype(np.float32)[:, None]
        high = np.minimum(low + 1, len(self._rows) - 1)
        window = self._rows[low] * (1 - share) + self._rows[high] * share
        feeds = {
            "tokens": window[None, :, :_EFFORT],
            "known": self._known[None],
            "effort": window[None, :, _EFFORT],
            "effort_known": (window[:, _HEARD] * self._known)[None],
        }
        (weights,) = self._decoder.run(feeds)
        nearest = window[_NEAREST, _SILENCE]
        return BlendshapeFrame(
            weights=weights[0],
            index=self._frames,
            timestamp=timestamp,
            turn=self._intake.turn(timestamp),
            speech=float(1 - nearest[self._known[_NEAREST] > 0].mean()),
            stamps=Stamps(started=started, encoded=started, decoded=self._now()),
        )

    def _now(self) -> int:
        return self._clock.now() if self._clock else 0


def _silence(count: int) -> Array:
    rows = np.zeros((count, len(PHONES) + 2), np.float32)
    rows[:, _SILENCE] = 1.0
    return rows
