"""One stream of latents: groups of them become rows of phones, which become faces.

A group is projected once the latents after it are there that the projector looks at, always from a
window of the same size: so how latents were chunked changes nothing, to the last bit.
"""

import numpy as np
from numpy.typing import NDArray

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.backends.graph import Graph
from facewire_engines.hearing.token_intake import TokenIntake
from facewire_engines.phones.token_session import PHONETIC, PhonesTokenSession

GROUP = 4
"""Latents that are projected together."""
ROWS = 5
"""Rows that a group becomes: both last 50 ms."""
BESIDE = 10
"""Latents before a group, and after it, that the projector looks at; zeros where none are."""
WINDOW = BESIDE + GROUP + BESIDE
REACH_MS = 175
"""How far past the beginning of a row it may look: the rest of its group, and 125 ms."""

Rows = NDArray[np.float32]


class LatentSession:
    """All that is remembered about one stream of latents. Used by one thread at a time.

    A frame leaves once there are the latents up to its look-ahead, and those beside their group.
    """

    def __init__(self, space: TokenSpace, projector: Graph, rows: PhonesTokenSession) -> None:
        """Begin.

        Args:
            space: of the latents.
            projector: maps windows `[1, 24, C]` to classes `[1, 5, 40]` and effort `[1, 5]`.
            rows: decodes these.
        """
        self._space = space
        self._projector = projector
        self._rows = rows
        self._intake = TokenIntake(space, rows.spec)
        self._latents: Rows = np.zeros((BESIDE, space.vocabulary), np.float32)
        """From `BESIDE` before the next group on."""
        self._groups = 0
        """That are projected."""

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream; its look-ahead is into the rows, `REACH_MS` short of the
        latents that it needs."""
        return self._rows.spec

    def push(self, chunk: TokenChunk) -> list[BlendshapeFrame]:
        """Take the next latents, `[T, C]`, and return the frames that they complete.

        Raises:
            ValueError: they are ids, of another space or clock, or do not follow the last ones.
        """
        if chunk.is_ids:
            raise ValueError("expected latents, got ids")
        self._intake.take(chunk)
        self._latents = np.concatenate((self._latents, chunk.tokens.astype(np.float32)))
        return self._project()

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed."""
        if self._intake.ended:
            return []
        self._intake.end()
        rest = len(self._latents) - BESIDE
        silent = np.zeros((-rest % GROUP + BESIDE, self._space.vocabulary), np.float32)
        self._latents = np.concatenate((self._latents, silent))
        frames = self._project() + self._rows.flush()
        # The rows of a part of a group last longer than the latents did.
        return [frame for frame in frames if frame.timestamp < self._intake.received]

    def close(self) -> None:
        """End the stream without its last frames."""
        self._intake.end()
        self._rows.close()

    def _project(self) -> list[BlendshapeFrame]:
        """Project every group whose window is there."""
        frames: list[BlendshapeFrame] = []
        while len(self._latents) >= WINDOW:
            classes, effort = self._projector.run({"latents": self._latents[None, :WINDOW]})
            self._latents = self._latents[GROUP:]
            first = self._groups * ROWS
            turn = self._intake.turn(PHONETIC.sample(first, self.spec.sample_rate))
            rows = TokenChunk(classes[0], PHONETIC, 0, first, self.spec.sample_rate, turn)
            frames += self._rows.push(rows, effort[0])
            self._groups += 1
        return frames
