"""What is synthesised of one turn: text or parts of speech go in, its audio and faces come out."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.speaking.alignment.turn_alignment import AlignedFaces
from facewire.speaking.pushed_speech import PushedSpeech, SpeechPart, UndecodedAudio
from facewire.speaking.text.clauses import ClauseQueue
from facewire.speaking.text.feelings import Feeling
from facewire.speaking.turn import Turn
from facewire.speaking.turn_faces import AudioFaces, TokenFaces

DECODED_S = 1.0
"""How much pushed audio is decoded, besides that of the faces that are made."""
HELD_BACK_S = 0.7
"""So much later than others the faces of a turn are made whose times may still come."""
FLOAT_BYTES = 4
TOKENS_TOGETHER = 64
"""So many tokens of a client are kept as one part, in however many messages they came."""

Work = Callable[[], list[BlendshapeFrame]]


class TurnSynthesis:
    """Gives a turn its audio and its faces, a bit at a time. Used by one event loop."""

    def __init__(
        self,
        turn: Turn,
        spec: StreamSpec,
        open_faces: Callable[[], TokenFaces | AudioFaces | AlignedFaces],
        text: ClauseQueue | None = None,
        *,
        pushed: PushedSpeech | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """Get ready.

        Args:
            turn: is filled.
            spec: of the stream.
            open_faces: begins a new run of faces, that knows nothing of what was before.
            text: what the turn says, or
            pushed: what takes the speech that a client sends for it.
            prepare: loads what its faces need; it may take a while, in a thread.
        """
        self.turn = turn
        self.text = text
        self.pushed = pushed
        self.prepare = prepare
        """To be done before any work; None if it is, or nothing needs it."""
        self.ended = False
        """Whether no more text or speech will come."""
        self.received = 0
        """How often something came for it."""
        self._spec = spec
        self._frames_per_second = float(spec.frame_rate)
        aligned = pushed is not None and pushed.alignment is not None
        self._held_back = int(HELD_BACK_S * spec.frame_rate) if aligned else 0
        self._undecoded: deque[UndecodedAudio] = deque()
        self._undecoded_s = 0.0
        self._undecoded_bytes = 0
        self._tokens_s = 0.0
        """Of the tokens that were pushed."""
        self._decoded: tuple[SpeechPart, UndecodedAudio] | None = None
        """What a thread has decoded, and from what, until it is taken."""
        self._feelings: tuple[Feeling, ...] = ()
        self._open_faces = open_faces
        self._faces: TokenFaces | AudioFaces | AlignedFaces | None = None
        self._began = 0
        """Sample of the turn at which this run of faces began."""
        self._made = 0
        """Frames of this run."""
        self._parts: deque[SpeechPart] = deque()
        self._parts_samples = 0
        """Of those parts: a client asks with every message, so they are not counted each time."""

    @property
    def ahead(self) -> float:
        """Seconds of speech that wait to be played, if only their faces or words."""
        waiting = self._parts_samples + self.turn.samples_left
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
        hears = self.pushed is not None and not self.pushed.has_tokens
        return hears and self.turn.unfinished

    @property
    def progress(self) -> tuple[int, ...]:
        """What changes whenever anything of it comes, is made, or leaves."""
        turn = self.turn
        return (turn.number, self.received, turn.samples_made, turn.faces_waiting, turn.frames)

    def end(self) -> None:
        """Take no more: what has come is all."""
        if self.ended:
            return
        if self.text is not None:
            self.text.flush()
        if self.pushed is not None:
            self.push_undecoded([self.pushed.flush()])
        self.ended = True

    def fail(self) -> None:
        """End with what there is of it, as somebody is told that it cannot be made whole."""
        self.ended = True
        if self.text is not None:
            self.text.clear()
        self.turn.fail(with_sound=self.text is not None)

    def say(self, text: str) -> None:
        """Take the next piece of text."""
        assert self.text is not None
        if text:
            self.received += 1
            self.text.push(text)

    def feel_next(self, feelings: tuple[Feeling, ...]) -> None:
        """Let what is felt at the end of a clause hold from the speech on that comes next."""
        self._feelings += feelings

    def take_feelings(self) -> tuple[Feeling, ...]:
        """Return what is felt from the beginning of the next speech on, once."""
        feelings, self._feelings = self._feelings, ()
        return feelings

    def push(self, part: SpeechPart) -> None:
        """Take the next part of speech."""
        self.received += 1
        self._add(part)

    def push_tokens(self, tokens: NDArray[np.int32], seconds: float) -> None:
        """Take the next tokens of the client, and how long they last.

        They may wait for long, in messages of one token, so they are joined as they come.
        """
        if not len(tokens):
            return
        self.received += 1
        self._tokens_s += seconds
        last = self._parts[-1] if self._parts else None
        if last is not None and last.only_tokens(TOKENS_TOGETHER - len(tokens)):
            joined = np.concatenate([last.tokens, tokens]).astype(tokens.dtype, copy=False)
            self._parts[-1] = SpeechPart(tokens=joined)
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
        self._parts.clear()
        self._parts_samples = 0
        if self._faces is not None:
            self._faces.close()

    def work(self, frames_ahead: int, pausing_at: int) -> Work | None:
        """Return what is to be done in a thread now; hand what it returns to `take`.

        Args:
            frames_ahead: how many faces may wait.
            pausing_at: with so many faces waiting at most, a text that has paused is taken to end
                with silence; whoever waits for the next clause shall not wait for this one's end.
        """
        turn = self.turn
        if not turn.unfinished or self.prepare is not None:
            return None
        while self._parts:
            part = self._parts.popleft()
            self._parts_samples -= len(part.samples)
            self._open(part)
        if self._undecoded and self._decoded_ahead < DECODED_S:
            return partial(self._decode, self._undecoded.popleft())
        if turn.faces_waiting >= max(frames_ahead - self._held_back, 1):
            return None
        if self._faces and self._faces.pending:
            return self._faces.step
        if self.ended and self._undecoded:  # more than there will be faces for
            return partial(self._decode, self._undecoded.popleft())
        if self.ended and (self.text is None or self.text.quiet):
            return self._faces.finish if self._faces else list
        pauses = self.text is not None and self.text.quiet and turn.faces_waiting <= pausing_at
        return self._faces.finish if pauses and self._faces else None

    def take(self, work: Work, frames: list[BlendshapeFrame]) -> None:
        """Take what `work` made."""
        if self._decoded is not None:
            part, bite = self._decoded
            self._add(part)
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

    def _add(self, part: SpeechPart) -> None:
        self._parts.append(part)
        self._parts_samples += len(part.samples)

    def _decode(self, bite: UndecodedAudio) -> list[BlendshapeFrame]:
        """Decode a bite of audio, in a thread."""
        self._decoded = (bite.decode(bite.pcm), bite)
        return []

    def _open(self, part: SpeechPart) -> None:
        """Let a part into the turn, and into its run of faces."""
        self.turn.note(part.words)
        self.turn.feel(part.feelings)
        self.turn.hear(part.samples)
        if not len(part.tokens) and not len(part.heard):
            return
        if self._faces is None:
            self._faces = self._open_faces()
            self._began, self._made = self.turn.samples_made - len(part.samples), 0
        if isinstance(self._faces, TokenFaces):
            self._faces.push(part.tokens)
        else:
            self._faces.push(part.heard)

    def _close(self) -> None:
        """End a run of faces with a whole frame interval, and the turn if that was all."""
        waits = self._parts or self._undecoded
        if self.ended and (self.text is None or self.text.quiet) and not waits:
            self.turn.complete()
        elif self._faces is not None:
            known = self.turn.samples_made - self._began
            missing = self._spec.timestamp(self._made) - known
            self.turn.hear(np.zeros(max(missing, 0), np.float32))
            self.turn.settle()
        self._faces = None
