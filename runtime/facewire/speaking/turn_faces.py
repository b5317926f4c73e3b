"""Two ways to the faces of a turn: from speech tokens, or from its audio through the encoder."""

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.speaking.voice import TokenSession
from facewire.stream.engine import EngineSession
from facewire.tokens import TokenChunk, TokenSpace

BITE_S = Fraction(1, 5)
"""Speech that is worked on at once: short work between two looks at what else there is."""


class TurnFaces(Protocol):
    """What makes the faces of a turn. Used by one thread at a time."""

    @property
    def pending(self) -> bool:
        """Whether there is something to work on."""
        ...

    def step(self) -> list[BlendshapeFrame]:
        """Work on the next bit, and return the frames that it completes."""
        ...

    def finish(self) -> list[BlendshapeFrame]:
        """Return the frames that are left, as if silence followed."""
        ...

    def close(self) -> None:
        """Make no more, and give back what it holds; from any thread, at any time."""
        ...


class TokenFaces:
    """Faces from tokens, which are there before any sound."""

    def __init__(self, session: TokenSession, space: TokenSpace) -> None:
        self.space = space
        """What tokens it takes."""
        self._session = session
        self._bite = max(1, int(BITE_S * space.rate))
        self._waiting: deque[NDArray[Any]] = deque()
        self._first = 0

    @property
    def pending(self) -> bool:
        """Whether there are tokens that have not been decoded."""
        return bool(self._waiting)

    def push(self, tokens: NDArray[np.int32] | NDArray[np.float32]) -> None:
        """Take the next tokens, as many as there are: ids [T], or latents [T, C]."""
        _join(self._waiting, tokens, self._bite)

    def step(self) -> list[BlendshapeFrame]:
        """Decode a bite."""
        tokens = self._waiting.popleft()
        rate = self._session.spec.sample_rate
        chunk = TokenChunk(tokens, self.space, 0, self._first, rate)
        self._first += len(tokens)
        return self._session.push(chunk)

    def finish(self) -> list[BlendshapeFrame]:
        """Decode all that is left."""
        frames: list[BlendshapeFrame] = []
        while self._waiting:
            frames += self.step()
        return frames + self._session.flush()

    def close(self) -> None:
        """Make no more."""
        self._session.close()


class AudioFaces:
    """Faces from audio that waits to be played, so that looking ahead costs no time.

    Its session of the engine, of which there may be few, is opened for the first bite of audio and
    closed with the last face.
    """

    def __init__(self, open_session: Callable[[], EngineSession], sample_rate: int) -> None:
        """Get ready; nothing is opened.

        Args:
            open_session: opens a session; it may raise what `Engine.session` raises.
            sample_rate: of the engine, in Hz.
        """
        self._open_session = open_session
        self._rate = sample_rate
        self._session: EngineSession | None = None
        self._closed = False
        self._bite = int(BITE_S * sample_rate)
        self._waiting: deque[Samples] = deque()
        self._start = 0

    @property
    def pending(self) -> bool:
        """Whether there is audio that has not been heard."""
        return bool(self._waiting)

    def push(self, samples: Samples) -> None:
        """Take the next samples, at the rate of the engine."""
        _join(self._waiting, samples, self._bite)

    def step(self) -> list[BlendshapeFrame]:
        """Hear a bite.

        Raises:
            FacewireError: no session can be opened, or the engine failed.
        """
        if self._session is None:
            self._session = self._open_session()
        if self._closed:  # perhaps while it was opened
            self._session.close()
            return []
        chunk = AudioChunk(self._waiting.popleft(), self._start, self._rate)
        self._start = chunk.end
        return self._session.push(chunk)

    def finish(self) -> list[BlendshapeFrame]:
        """Hear all that is left."""
        frames: list[BlendshapeFrame] = []
        while self._waiting and not self._closed:
            frames += self.step()
        if self._session is not None:
            frames += self._session.flush()
            self._session.close()
        return frames

    def close(self) -> None:
        """Make no more, and let others have the session."""
        self._closed = True
        if self._session is not None:
            self._session.close()


def _join(waiting: deque[NDArray[Any]], came: NDArray[Any], bite: int) -> None:
    """Put what came, [T], behind what waits: into the last bite if it has room, or cut into bites.

    Who sends one token at a time would otherwise have a step, and an array, for each.
    """
    if waiting and len(waiting[-1]) + len(came) <= bite:
        waiting[-1] = np.concatenate([waiting[-1], came])
    else:
        waiting.extend(came[first : first + bite] for first in range(0, len(came), bite))
