"""What is being made of one turn: text or pieces of speech go in, its audio and faces come out."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from facewire.clauses import ClauseSplitter
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.speech import Span
from facewire.turn_faces import AudioFaces, TokenFaces
from facewire.turns import Turn

NO_SAMPLES: Samples = np.zeros(0, np.float32)
SPLIT = 1_000
"""Characters that are split into clauses at once."""
DECODED_S = 1.0
"""How much pushed audio is decoded, besides that of the faces that are made."""
FLOAT_BYTES = 4
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


@dataclass(frozen=True, slots=True, eq=False)
class Undecoded:
    """A piece of pushed audio as it came: a fraction of the size of what it becomes."""

    decode: Callable[[], Piece]
    """In a thread, in order."""
    seconds: float
    size: int
    """Bytes, until it is decoded."""


class TurnText:
    """The text of a turn, on its way to the voice.

    No more of it is split into clauses than the voice is about to need: a long text would take
    everybody's time.
    """

    def __init__(self) -> None:
        self.speaking = False
        """Whether the voice is at it."""
        self._whole = deque[str]()
        """What is not split, in bites."""
        self._unsplit = 0
        """Characters of that."""
        self._complete = False
        self._splitter = ClauseSplitter()
        self._clauses: deque[str] = deque()
        self._ready = 0
        """Characters of the clauses."""

    @property
    def waiting(self) -> int:
        """Characters that have come, and that the voice has not taken."""
        return self._unsplit + self._splitter.waiting + self._ready

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
        self._whole.extend(text[at : at + SPLIT] for at in range(0, len(text), SPLIT))
        self._unsplit += len(text)
        self._split()

    def flush(self) -> None:
        """Take no more: what has come is all."""
        self._complete = True
        self._split()

    def clear(self) -> None:
        """Forget what the voice has not taken."""
        self._clauses.clear()
        self._whole.clear()
        self._unsplit = self._ready = 0
        self._splitter = ClauseSplitter()

    def take(self) -> str:
        """Remove the next clause."""
        clause = self._clauses.popleft()
        self._ready -= len(clause)
        self._split()
        return clause

    def _split(self) -> None:
        """Split the text as far as the next clause."""
        while not self._clauses and self._whole:
            bite = self._whole.popleft()
            self._unsplit -= len(bite)
            self._add(self._splitter.push(bite))
        if self._complete and not self._whole:
            self._add(self._splitter.flush())

    def _add(self, clauses: list[str]) -> None:
        self._clauses.extend(clauses)
        self._ready += sum(map(len, clauses))


class TurnMaking:
    """Gives a turn its audio and its faces, a bit at a time. Used by one event loop."""

    def __init__(
        self,
        turn: Turn,
        spec: StreamSpec,
        open_faces: Callable[[], TokenFaces | AudioFaces],
        text: TurnText | None = None,
        *,
        hears: bool = False,
    ) -> None:
        """Get ready.

        Args:
            turn: is filled.
            spec: of the stream.
            open_faces: begins a new run of faces, that knows nothing of what was before.
            text: what the turn says; without one its speech is pushed.
            hears: whether its faces come from its audio, for which it needs the engine.
        """
        self.turn = turn
        self.text = text
        self.ended = False
        """Whether no more text or speech will come."""
        self.received = 0
        """How often something came for it."""
        self._spec = spec
        self._hears = hears
        self._undecoded: deque[Undecoded] = deque()
        self._undecoded_s = 0.0
        self._undecoded_bytes = 0
        self._tokens_s = 0.0
        """Of the tokens that were pushed."""
        self._decoded: tuple[Piece, Undecoded] | None = None
        """What a thread has decoded, and from what, until it is taken."""
        self._open_faces = open_faces
        self._faces: TokenFaces | AudioFaces | None = None
        self._began = 0
        """Sample of the turn at which this run of faces began."""
        self._made = 0
        """Frames of this run."""
        self._pieces: deque[Piece] = deque()

    @property
    def ahead(self) -> float:
        """Seconds of speech that wait to be played, if only their faces or words."""
        waiting = sum(len(piece.samples) for piece in self._pieces) + self.turn.samples_left
        return self._undecoded_s + waiting / self._spec.sample_rate

    @property
    def held(self) -> float:
        """Seconds of speech that wait, where those of its tokens count as well as its audio's."""
        played_s = self.turn.frames / float(self._spec.frame_rate)
        return max(self.ahead, self._tokens_s - played_s)

    @property
    def size(self) -> int:
        """Bytes of audio that wait."""
        return self._undecoded_bytes + FLOAT_BYTES * self.turn.samples_left

    @property
    def needs_engine(self) -> bool:
        """Whether it has to be heard by the engine, and that is not over."""
        return self._hears and not self.turn.complete

    @property
    def state(self) -> tuple[int, ...]:
        """What changes whenever anything of it comes, is made, or leaves."""
        turn = self.turn
        return (turn.number, self.received, turn.samples_made, turn.faces_waiting, turn.frames)

    def end(self) -> None:
        """Take no more: what has come is all."""
        if not self.ended and self.text is not None:
            self.text.flush()
        self.ended = True

    def say(self, text: str) -> None:
        """Take the next piece of text."""
        assert self.text is not None
        self.received += 1
        self.text.push(text)

    def push(self, piece: Piece, tokens_s: float = 0.0) -> None:
        """Take the next piece of speech, of which the client sent so many seconds of tokens."""
        self.received += 1
        self._tokens_s += tokens_s
        self._pieces.append(piece)

    def push_undecoded(self, pieces: Iterable[Undecoded]) -> None:
        """Take the next audio of the client."""
        self.received += 1
        for piece in pieces:
            self._undecoded.append(piece)
            self._undecoded_s += piece.seconds
            self._undecoded_bytes += piece.size

    def close(self) -> None:
        """Make no more, and give back what is held for it."""
        self._undecoded.clear()
        self._undecoded_s = 0.0
        self._pieces.clear()
        if self._faces is not None:
            self._faces.close()

    def work(self, frames_ahead: int) -> Callable[[], list[BlendshapeFrame]] | None:
        """Return what is to be done in a thread now; hand what it returns to `take`.

        Args:
            frames_ahead: how many faces may wait.
        """
        turn = self.turn
        if turn.dropped or turn.complete:
            return None
        while self._pieces:
            self._open(self._pieces.popleft())
        if self._undecoded and self._decoded_ahead < DECODED_S:
            return partial(self._decode, self._undecoded.popleft())
        if turn.faces_waiting >= frames_ahead:
            return None
        if self._faces and self._faces.pending:
            return self._faces.step
        if self.ended and self._undecoded:  # more than there will be faces for
            return partial(self._decode, self._undecoded.popleft())
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
        if self._decoded is not None:
            piece, bite = self._decoded
            self._pieces.append(piece)
            self._undecoded_s = max(0.0, self._undecoded_s - bite.seconds)
            self._undecoded_bytes -= bite.size
            self._decoded = None
            return
        self.turn.show(frames)
        self._made += len(frames)
        if self._faces is None or work == self._faces.finish:
            self._close()

    @property
    def _decoded_ahead(self) -> float:
        """Seconds of the turn's audio that are decoded, past its last face."""
        turn, spec = self.turn, self._spec
        faces = turn.frames + turn.faces_waiting
        return turn.samples_made / spec.sample_rate - faces / float(spec.frame_rate)

    def _decode(self, bite: Undecoded) -> list[BlendshapeFrame]:
        """Decode a bite of audio, in a thread."""
        self._decoded = (bite.decode(), bite)
        return []

    def _open(self, piece: Piece) -> None:
        """Let a piece into the turn, and into its run of faces."""
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
        waits = self._pieces or self._undecoded
        if self.ended and (self.text is None or self.text.quiet) and not waits:
            self.turn.complete = True
        elif self._faces is not None:
            known = self.turn.samples_made - self._began
            missing = self._spec.timestamp(self._made) - known
            self.turn.hear(np.zeros(max(missing, 0), np.float32))
            self.turn.settle()
        self._faces = None
