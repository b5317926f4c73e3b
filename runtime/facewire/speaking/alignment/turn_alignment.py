"""The times of a turn on their way from a client to what makes its faces."""

from collections import deque
from collections.abc import Callable

from facewire.frames import BlendshapeFrame, Samples
from facewire.speaking.alignment.captions import Captions
from facewire.speaking.alignment.marks import AlignmentError, Mark, TimedWord
from facewire.speaking.alignment.session import AlignedSession
from facewire.speaking.alignment.time_units import wrong_unit
from facewire.speaking.alignment.timeline import Timeline
from facewire.speaking.turn_faces import AudioFaces


class TurnAlignment:
    """What a client has said of a turn's times. One thread adds, and another one takes."""

    def __init__(self, most: int, sample_rate: int) -> None:
        """Begin with none.

        Args:
            most: how many are taken; each phone of a word counts as one more.
            sample_rate: of the stream, in Hz.
        """
        self.captions = Captions(sample_rate)
        """The words among them, for who reads them."""
        self.full = False
        """Whether more came than are taken: then no others are, either."""
        self._most = most
        self._starts: list[float] = []
        self._taken = 0
        self._came: deque[Mark] = deque()
        self._timeline = Timeline()

    def add(self, marks: list[Mark]) -> None:
        """Take more.

        Raises:
            AlignmentError: these are too many; none of them is taken.
        """
        count = len(marks) + sum(len(m.phones) for m in marks if isinstance(m, TimedWord))
        self.full |= self._taken + count > self._most
        if self.full:
            raise AlignmentError(
                f"more than {self._most} times came for one turn; it goes on without these"
            )
        self._taken += count
        self._starts.extend(mark.start_s for mark in marks)
        self._came.extend(marks)
        self.captions.add(marks)

    def check(self, audio_s: float, *, complete: bool) -> None:
        """Find out whether what came can be meant so; the turn goes on with it in any case.

        Args:
            audio_s: how much audio came.
            complete: whether that is all.

        Raises:
            AlignmentError: all of it is in another unit, or counts from elsewhere.
        """
        if problem := wrong_unit(self._starts, audio_s, complete=complete):
            raise AlignmentError(problem)

    def tell(self, session: AlignedSession) -> None:
        """Tell a session what came since it was told last."""
        if self._came:
            self._timeline.add([self._came.popleft() for _ in range(len(self._came))])
            session.align(self._timeline.spans())


class AlignedFaces:
    """Faces from pushed audio and what is known of its times when a face is made."""

    def __init__(
        self,
        open_session: Callable[[], AlignedSession],
        alignment: TurnAlignment,
        sample_rate: int,
    ) -> None:
        """Get ready; nothing is opened.

        Args:
            open_session: opens a session; it may raise what `aligned_session` raises.
            alignment: of the turn.
            sample_rate: of the engine, in Hz.
        """
        self._open_session = open_session
        self._alignment = alignment
        self._session: AlignedSession | None = None
        self._faces = AudioFaces(self._open, sample_rate)

    @property
    def pending(self) -> bool:
        """Whether there is audio that has not been heard."""
        return self._faces.pending

    def push(self, samples: Samples) -> None:
        """Take the next samples, at the rate of the engine."""
        self._faces.push(samples)

    def step(self) -> list[BlendshapeFrame]:
        """Hear a bite.

        Raises:
            FacewireError: no session can be opened, or the engine failed.
        """
        self._tell()
        return self._faces.step()

    def finish(self) -> list[BlendshapeFrame]:
        """Hear all that is left."""
        self._tell()
        return self._faces.finish()

    def close(self) -> None:
        """Make no more, and let others have the session."""
        self._faces.close()

    def _open(self) -> AlignedSession:
        self._session = self._open_session()
        self._tell()
        return self._session

    def _tell(self) -> None:
        if self._session is not None:
            self._alignment.tell(self._session)
