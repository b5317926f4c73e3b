"""What is being made of one turn: text or pieces of speech go in, its audio and faces come out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facewire.clauses import ClauseSplitter
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.speech import Span
from facewire.turn_faces import AudioFaces, TokenFaces
from facewire.turns import Turn

NO_SAMPLES: Samples = np.zeros(0, np.float32)
NO_TOKENS: NDArray[np.int32] = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A piece of speech on its way to a turn; what it lacks is empty."""

    samples: Samples = field(default_factory=NO_SAMPLES.copy)
    """To be played, at the rate of the stream."""
    heard: Samples = field(default_factory=NO_SAMPLES.copy)
    """The same for the encoder, at the rate of the engine."""
    tokens: NDArray[np.int32] = field(default_factory=NO_TOKENS.copy)
    words: tuple[Span, ...] = ()


class TurnText:
    """The text of a turn, on its way to the voice."""

    def __init__(self) -> None:
        self.speaking = False
        """Whether the voice is at it."""
        self.waiting = 0
        """Characters that have come, and that the voice has not taken."""
        self._splitter = ClauseSplitter()
        self._clauses: deque[str] = deque()

    @property
    def ready(self) -> bool:
        """Whether a clause is complete."""
        return bool(self._clauses)

    @property
    def quiet(self) -> bool:
        """Whether no speech will come of what has come so far."""
        return not self._clauses and not self.speaking

    def push(self, text: str) -> None:
        """Take the next piece of text, cut anywhere."""
        self.waiting += len(text)
        self._clauses.extend(self._splitter.push(text))

    def flush(self) -> None:
        """Take no more: what has come is all."""
        self._clauses.extend(self._splitter.flush())

    def clear(self) -> None:
        """Forget what the voice has not taken."""
        self._clauses.clear()
        self._splitter = ClauseSplitter()
        self.waiting = 0

    def take(self) -> str:
        """Remove the next clause."""
        clause = self._clauses.popleft()
        self.waiting = max(0, self.waiting - len(clause))
        return clause


class TurnMaking:
    """Gives a turn its audio and its faces, a bit at a time. Used by one event loop."""

    def __init__(
        self,
        turn: Turn,
        spec: StreamSpec,
        open_faces: Callable[[], TokenFaces | AudioFaces],
        text: TurnText | None = None,
    ) -> None:
        """Get ready.

        Args:
            turn: is filled.
            spec: of the stream.
            open_faces: begins a new run of faces, that knows nothing of what was before.
            text: what the turn says; without one its speech is pushed.
        """
        self.turn = turn
        self.text = text
        self.ended = False
        """Whether no more text or speech will come."""
        self.waiting = 0
        """Samples of the pieces that are not in the turn yet, at the rate of the stream."""
        self._spec = spec
        self._open_faces = open_faces
        self._faces: TokenFaces | AudioFaces | None = None
        self._began = 0
        """Sample of the turn at which this run of faces began."""
        self._made = 0
        """Frames of this run."""
        self._pieces: deque[Piece] = deque()

    @property
    def ahead(self) -> float:
        """Seconds of speech that wait to be played."""
        return (self.waiting + self.turn.samples_waiting) / self._spec.sample_rate

    def end(self) -> None:
        """Take no more: what has come is all."""
        if not self.ended and self.text is not None:
            self.text.flush()
        self.ended = True

    def push(self, piece: Piece) -> None:
        """Take the next piece of speech."""
        self._pieces.append(piece)
        self.waiting += len(piece.samples)

    def work(self, frames_ahead: int) -> Callable[[], list[BlendshapeFrame]] | None:
        """Return what is to be done in a thread now; hand what it returns to `take`.

        Args:
            frames_ahead: how many faces may wait.
        """
        turn = self.turn
        if turn.dropped or turn.complete or turn.faces_waiting >= frames_ahead:
            return None
        while self._pieces and not (self._faces and self._faces.pending):
            self._open(self._pieces.popleft())
        if self._faces and self._faces.pending:
            return self._faces.step
        if self.ended and (self.text is None or self.text.quiet):
            return self._faces.finish if self._faces else list
        if self.text is not None and self.text.quiet and self._faces is not None:
            # Who waits for the next clause shall not have to wait for the end of this one.
            return self._faces.finish
        return None

    def take(
        self, work: Callable[[], list[BlendshapeFrame]], frames: list[BlendshapeFrame]
    ) -> None:
        """Take what `work` made."""
        self.turn.show(frames)
        self._made += len(frames)
        if self._faces is None or work == self._faces.finish:
            self._close()

    def _open(self, piece: Piece) -> None:
        """Let a piece into the turn, and into its run of faces."""
        self.waiting -= len(piece.samples)
        self.turn.note(piece.words)
        self.turn.hear(piece.samples)
        if not len(piece.tokens) and not len(piece.heard):
            return
        if self._faces is None:
            self._faces = self._open_faces()
            self._began, self._made = self.turn.samples_made - len(piece.samples), 0
        if isinstance(self._faces, TokenFaces):
            self._faces.push(piece.tokens)
        else:
            self._faces.push(piece.heard)

    def _close(self) -> None:
        """End a run of faces with a whole frame interval, and the turn if that was all."""
        if self.ended and (self.text is None or self.text.quiet) and not self._pieces:
            self.turn.complete = True
        elif self._faces is not None:
            known = self.turn.samples_made - self._began
            missing = self._spec.timestamp(self._made) - known
            self.turn.hear(np.zeros(max(missing, 0), np.float32))
            self.turn.settle()
        self._faces = None
