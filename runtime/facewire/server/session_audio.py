"""What a session's stream does between the sockets: audio messages in, frames out. No sockets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from facewire.audio.format import AudioFormat
from facewire.audio.resample import StreamResampler
from facewire.clock import SECOND, Clock
from facewire.emotion import Emotion
from facewire.errors import ConfigError
from facewire.face import FaceStage
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.stream.engine import EngineSession, PatientSession, TunableSession
from facewire.stream.holding_values import HoldingValues
from facewire.wire.binary import AudioMessage
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.session import NOTHING_TO_CORRECT, LookaheadSet, Silence

LONGEST_GAP_S = 2
"""A longer gap in the audio is an error; a shorter one becomes silence."""

PIECES_PER_SECOND = 20
"""Long messages are worked on in pieces, so that other sessions get their turn."""


@dataclass(frozen=True, slots=True)
class PcmPiece:
    """At most a twentieth of a second of PCM."""

    pcm: bytes
    turn: int
    captured: int
    """Wall time in ns when its message arrived."""
    due: int | None = None
    """When its frames should be made, in ns; None if the client is in no hurry."""


class AudioIntake:
    """Checks that a client's messages follow on, and fills what is missing with silence."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._expected = 0
        """Index of the next sample, at the client's rate."""
        self._filled = 0
        """Samples of silence that stand behind the last audio already."""
        self._rest = 0
        """What fills left over, less than a sample, in parts of which SECOND make one."""
        self._uncounted = 0
        """Samples of silence in the stream that the client never counted."""
        self._turn = 0

    def duration(self, message: AudioMessage) -> int:
        """Return how long the audio of a message lasts, in ns."""
        samples = len(message.pcm) // self._format.frame_bytes
        return samples * SECOND // self._format.sample_rate

    def take(
        self, message: AudioMessage, captured: int, due: int | None = None
    ) -> list[PcmPiece | Silence]:
        """Check a message and return its pieces, with silence for what is missing before it.

        Silence that `fill` has put there counts. If that was more than the client says is missing,
        the audio lies that much later than the client counts, and `Silence` tells it so.

        Raises:
            ProtocolError: half a sample, an overlap, a long gap, or an earlier turn.
        """
        step = self._format.frame_bytes
        gap = self._check(message)
        missing = max(gap - self._filled, 0)
        later, self._filled = max(self._filled - gap, 0), 0
        self._uncounted += later
        self._expected = message.start + len(message.pcm) // step
        silence = PcmPiece(bytes(missing * step), self._turn, captured, due)
        self._turn = message.turn
        told = Silence(start=message.start, samples=later, total=self._uncounted)
        audio = PcmPiece(message.pcm, message.turn, captured, due)
        return [*self._cut(silence), *([told] if later else []), *self._cut(audio)]

    def fill(self, duration: int, now: int) -> Iterator[PcmPiece]:
        """Return pieces of silence that last so many ns: the client has stopped sending."""
        samples, self._rest = divmod(duration * self._format.sample_rate + self._rest, SECOND)
        self._filled += samples
        silence = bytes(samples * self._format.frame_bytes)
        yield from self._cut(PcmPiece(silence, self._turn, now, now))

    def _check(self, message: AudioMessage) -> int:
        """Return how many samples the client says are missing before a message."""
        step = self._format.frame_bytes
        if len(message.pcm) % step:
            raise ProtocolError(
                f"{len(message.pcm)} bytes of audio are not whole samples of {step} bytes "
                f"({self._format.channels} channel(s) of {self._format.encoding.value})"
            )
        gap = message.start - self._expected
        if gap < 0:
            raise ProtocolError(
                f"audio starts at sample {message.start}, but {self._expected} is next; "
                "samples are sent once, in order",
                ErrorCode.OUT_OF_ORDER,
            )
        if gap - self._filled > LONGEST_GAP_S * self._format.sample_rate:
            raise ProtocolError(
                f"audio starts at sample {message.start}, but {self._expected} is next; more "
                f"than {LONGEST_GAP_S} seconds are missing, so open a new stream",
                ErrorCode.OUT_OF_ORDER,
            )
        if message.turn < self._turn:
            raise ProtocolError(
                f"audio of turn {message.turn} came after turn {self._turn}", ErrorCode.OUT_OF_ORDER
            )
        return gap

    def _cut(self, run: PcmPiece) -> Iterator[PcmPiece]:
        longest = self._format.sample_rate // PIECES_PER_SECOND * self._format.frame_bytes
        for start in range(0, len(run.pcm), longest):
            yield replace(run, pcm=run.pcm[start : start + longest])


@dataclass(frozen=True, slots=True, eq=False)
class ProvisionalFaces:
    """What makes the frames that come at once: the same engine without look-ahead."""

    session: EngineSession
    face: FaceStage
    """One that moves as the other does."""
    hop: int
    """Samples between two steps of the engine."""


class SessionStream:
    """One stream's resampler, engine session and face. Used by one thread at a time."""

    def __init__(
        self,
        audio_format: AudioFormat,
        session: EngineSession,
        face: FaceStage,
        clock: Clock,
        provisional: ProvisionalFaces | None = None,
        emotion: Emotion | None = None,
    ) -> None:
        self._format = audio_format
        self._session = session
        self._provisional = provisional
        sessions = [session, provisional.session] if provisional else [session]
        self._sharing = [one for one in sessions if isinstance(one, PatientSession)]
        self._face = face
        self._clock = clock
        self._resampler = StreamResampler(
            audio_format.sample_rate, session.spec.sample_rate, audio_format.channels, live=True
        )
        self._taken = 0
        """Samples at the client's rate."""
        self._made = 0
        """Samples at the engine's rate."""
        self._turns = HoldingValues(0)
        """At the engine's rate, as all that follows."""
        self._emotions = HoldingValues(emotion)

    def hear(self, piece: PcmPiece) -> list[BlendshapeFrame]:
        """Take the next piece and return the frames that it completes."""
        if piece.turn != self._turns.last:
            self._turns.add(self._next_sample, piece.turn)
        for session in self._sharing:
            session.patient = piece.due is None
        samples = self._format.decode(piece.pcm)
        self._taken += len(samples)
        return self._push(self._resampler.push(samples), piece.captured)

    @property
    def _next_sample(self) -> int:
        """Where the audio that comes next belongs, at the engine's rate."""
        return self._taken * self._session.spec.sample_rate // self._format.sample_rate

    def feel(self, emotion: Emotion | None) -> None:
        """Let an emotion hold from the audio that comes next; None is that of the profile."""
        self._emotions.add(self._next_sample, emotion)

    def feel_at(self, seconds: float, emotion: Emotion) -> None:
        """Let an emotion hold from a time of the stream on."""
        self._emotions.add(round(seconds * self._session.spec.sample_rate), emotion)

    def tune(self, lookahead_ms: float) -> LookaheadSet:
        """Change the look-ahead, behind what was heard so far.

        Raises:
            ProtocolError: the engine cannot, or not so far, or nothing would be corrected.
        """
        if self._provisional is not None and not lookahead_ms:
            raise ProtocolError(NOTHING_TO_CORRECT, ErrorCode.UNSUPPORTED)
        session = self._session
        if not isinstance(session, TunableSession):
            raise ProtocolError(
                "the look-ahead of this engine cannot be changed; open a new stream with another",
                ErrorCode.UNSUPPORTED,
            )
        try:
            frame = session.set_lookahead(lookahead_ms)
        except ConfigError as error:
            raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error
        spec = session.spec
        return LookaheadSet(ms=spec.lookahead_ms, lookahead=spec.lookahead, frame=frame)

    def finish(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames."""
        rest = self._push(self._resampler.flush(), self._clock.now())
        at_once = self._provisional.session.flush() if self._provisional else []
        return rest + self._faced(at_once, self._session.flush())

    def _push(self, samples: Samples, captured: int) -> list[BlendshapeFrame]:
        if not len(samples):
            return []
        chunk = AudioChunk(samples, self._made, self._session.spec.sample_rate, captured)
        self._made = chunk.end
        self._face.hear(samples)
        at_once: list[BlendshapeFrame] = []
        if self._provisional is not None:
            self._provisional.face.hear(samples)
            at_once = self._provisional.session.push(chunk)
        return self._faced(at_once, self._session.push(chunk))

    def _faced(
        self, at_once: list[BlendshapeFrame], frames: list[BlendshapeFrame]
    ) -> list[BlendshapeFrame]:
        """Return frames as the character shows them, in the order in which they could be made."""
        provisional = self._provisional
        foreseen = self._foreseen(provisional, at_once) if provisional else []
        faced = [self._face_of(frame) for frame in frames]
        if provisional is None:
            return faced
        lookahead = self._session.spec.lookahead
        # Whatever pieces the audio comes in: what clients make of both must not depend on them.
        return sorted(foreseen + faced, key=partial(_heard_by, provisional.hop, lookahead))

    def _face_of(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        turn = self._turns.advance(frame.timestamp)
        felt = replace(frame, emotion=self._emotions.advance(frame.timestamp))
        return self._stamped(self._face.apply(felt), turn)

    def _foreseen(
        self, provisional: ProvisionalFaces, frames: list[BlendshapeFrame]
    ) -> list[BlendshapeFrame]:
        """Return frames as provisional ones; they may belong to a turn that is still to come."""
        made = []
        for frame in frames:
            felt = replace(frame, emotion=self._emotions.at(frame.timestamp))
            turn = self._turns.at(frame.timestamp)
            faced = self._stamped(provisional.face.apply(felt), turn)
            made.append(replace(faced, provisional=True))
        return made

    def _stamped(self, faced: BlendshapeFrame, turn: int) -> BlendshapeFrame:
        stamps = replace(faced.stamps, faced=self._clock.now())
        return replace(faced, turn=turn, stamps=stamps)


def _heard_by(hop: int, lookahead: int, frame: BlendshapeFrame) -> int:
    """Return how many samples must have come for a frame: its own, and whole hops beyond it."""
    ahead = 0 if frame.provisional else lookahead
    return max((frame.timestamp + ahead) // hop * hop, frame.timestamp + 1)


class Punctuality:
    """Counts the frames that a slow server, not a slow sender, made late."""

    def __init__(self, spec: StreamSpec) -> None:
        self._spec = spec
        self._lookahead = spec.lookahead
        self._began = 0
        self.late = 0

    def hear(self, captured: int) -> None:
        """Note when audio arrived, in ns; the first arrival is when playing could begin."""
        self._began = self._began or captured

    def retune(self, lookahead: int) -> None:
        """Note that frames from now on need so many samples past their own."""
        self._lookahead = lookahead

    def count(self, frame: BlendshapeFrame, sent: int) -> None:
        """Count a frame that left at `sent` ns, if that was over a frame interval too late.

        It could leave when its audio had arrived; it had to leave when somebody who plays the
        audio in real time from its first arrival hears the last sample that it needed.
        """
        needed = frame.timestamp + self._lookahead
        due = max(frame.stamps.captured, self._began + needed * SECOND // self._spec.sample_rate)
        self.late += (sent - due) * self._spec.frame_rate > SECOND
