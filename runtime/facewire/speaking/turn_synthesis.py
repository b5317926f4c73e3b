"""What is being made of one turn: text or pieces of speech go in, its audio and faces come out."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.speaking.clauses import ClauseSplitter
from facewire.speaking.speech_part import SpeechPart, UndecodedAudio
from facewire.speaking.turn import Turn
from facewire.speaking.turn_faces import AudioFaces, TokenFaces

SPLIT = 1_000
"""Characters that are split into clauses at once."""
DECODED_S = 1.0
"""How much pushed audio is decoded, besides that of the faces that are made."""
FLOAT_BYTES = 4
TOKENS_TOGETHER = 64
"""So many tokens of a client are kept as one piece, in however many messages they came."""


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


class TurnSynthesis:
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
        self._frames_per_second = float(spec.frame_rate)
        self._hears = hears
        self._undecoded: deque[UndecodedAudio] = deque()
        self._undecoded_s = 0.0
        self._undecoded_bytes = 0
        self._tokens_s = 0.0
        """Of the tokens that were pushed."""
        self._decoded: tuple[SpeechPart, UndecodedAudio] | None = None
        """What a thread has decoded, and from what, until it is taken."""
        self._open_faces = open_faces
        self._faces: TokenFaces | AudioFaces | None = None
        self._began = 0
        """Sample of the turn at which this run of faces began."""
        self._made = 0
        """Frames of this run."""
        self._pieces: deque[SpeechPart] = deque()
        self._pieces_samples = 0
        """Of those pieces: a client asks with every message, so they are not counted each time."""

    @property
    def ahead(self) -> float:
        """Seconds of speech that wait to be played, if only their faces or words."""
        waiting = self._pieces_samples + self.turn.samples_left
        return self._undecoded_s + waiting / self._spec.sample_rate

    @property
    def held(self) -> float:
        """Seconds of speech that wait, where those of its tokens count as well as its audio's."""
        played_s = self.turn.frames / self._frames_per_second
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
        if text:
            self.received += 1
            self.text.push(text)

    def push(self, piece: SpeechPart) -> None:
        """Take the next piece of speech."""
        self.received += 1
        self._add(piece)

    def push_tokens(self, tokens: NDArray[np.int32], seconds: float) -> None:
        """Take the next tokens of the client, and how long they last.

        They may wait for long, in messages of one token, so they are joined as they come.
        """
        if not len(tokens):
            return
        self.received += 1
        self._tokens_s += seconds
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.only_tokens(TOKENS_TOGETHER - len(tokens)):
            self._pieces[-1] = SpeechPart(tokens=np.concatenate([last.tokens, tokens]))
        else:
            self._add(SpeechPart(tokens=tokens))

    def push_undecoded(self, pieces: Iterable[UndecodedAudio]) -> None:
        """Take the next audio of the client; that of small messages is joined."""
        for piece in pieces:
            self.received += 1
            self._undecoded_s += piece.seconds
            self._undecoded_bytes += len(piece.pcm)
            if not (self._undecoded and self._undecoded[-1].join(piece)):
                self._undecoded.append(piece)

    def close(self) -> None:
        """Make no more, and give back what is held for it."""
        self._undecoded.clear()
        self._undecoded_s = 0.0
        self._pieces.clear()
        self._pieces_samples = 0
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
            piece = self._pieces.popleft()
            self._pieces_samples -= len(piece.samples)
            self._open(piece)
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
            self._add(piece)
            self._undecoded_s = max(0.0, self._undecoded_s - bite.seconds)
            self._undecoded_bytes -= len(bite.pcm)
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
        return turn.samples_made / spec.sample_rate - faces / self._frames_per_second

    def _add(self, piece: SpeechPart) -> None:
        self._pieces.append(piece)
        self._pieces_samples += len(piece.samples)

    def _decode(self, bite: UndecodedAudio) -> list[BlendshapeFrame]:
        """Decode a bite of audio, in a thread."""
        self._decoded = (bite.decode(bite.pcm), bite)
        return []

    def _open(self, piece: SpeechPart) -> None:
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
