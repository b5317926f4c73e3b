"""Where turns are made: one task hands the voice its clauses, and one makes faces."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeVar

from facewire.clock import SECOND, Clock
from facewire.errors import FacewireError
from facewire.speaking.answers import Problem
from facewire.speaking.pushed_speech import SpeechPart
from facewire.speaking.text.clauses import ClauseQueue
from facewire.speaking.text.emotion_marks import unmarked
from facewire.speaking.text.feelings import MarkedClause
from facewire.speaking.turn_synthesis import TurnSynthesis, Work
from facewire.speaking.voice import CancellableVoice, Voice
from facewire.stream.threads import ServerThreads
from facewire.stream.timed_event import TimedEvent

T = TypeVar("T")

MADE_S = 20
"""How much speech may wait, besides what has to leave, before the voice is asked for more."""
FACED_S = 1
"""How many faces may wait, besides those that have to leave."""
END_S = 0.02
"""How long a sentence is not begun of which all is there, and only nobody has said so: clients send
a text, and then that it ends."""
URGENT_S = 0.25
"""With fewer faces than these a turn is in a hurry."""


class Synthesizer:
    """What is being made for one client. Used by one event loop."""

    def __init__(
        self,
        voice: Voice | None,
        *,
        lead_s: float,
        pausing_s: float,
        frame_rate: Fraction,
        clock: Clock,
        threads: ServerThreads,
        on_progress: Callable[[], None],
        on_problem: Callable[[Problem], None],
    ) -> None:
        """Begin with nothing to do.

        Args:
            voice: speaks text, if any comes.
            lead_s: how long before it is heard speech leaves.
            pausing_s: with less of a turn waiting to leave, a text that has paused is taken to end
                with silence.
            frame_rate: of the faces.
            clock: for waiting.
            threads: do the work.
            on_progress: is called when there is more to take.
            on_problem: is called when something cannot be made.
        """
        self.turns: dict[int, TurnSynthesis] = {}
        """By their numbers, in their order."""
        self.busy_ns = 0
        """Time spent in making faces."""
        self.clause_taken = TimedEvent(clock)
        """Set when the voice begins with a clause."""
        self._voice = voice
        self._ahead_s = lead_s + MADE_S
        self._frames_ahead = int((lead_s + FACED_S) * frame_rate)
        self._pausing_at = int(pausing_s * frame_rate)
        self._urgent = int(URGENT_S * frame_rate)
        self._clock = clock
        self._threads = threads
        self._on_progress = on_progress
        self._on_problem = on_problem
        self._nearly_whole: tuple[ClauseQueue, int] | None = None
        """A text that may be whole, and until when it is waited for its end, in ns."""
        self._voice_event = TimedEvent(clock)
        self._faces_event = TimedEvent(clock)

    def wake(self) -> None:
        """Look whether there is something to do."""
        self._voice_event.set()
        self._faces_event.set()

    def drop(self, numbers: Iterable[int]) -> None:
        """Make no more of some turns."""
        for number in numbers:
            synthesis = self.turns.pop(number, None)
            if synthesis is None:
                continue
            synthesis.close()
            if synthesis.text and synthesis.text.spoken:
                self.silence()

    def close(self) -> None:
        """Make nothing more, and give back all that is held."""
        self.silence()
        for synthesis in self.turns.values():
            synthesis.close()

    def give_up(self, synthesis: TurnSynthesis, why: str, error: Exception | None = None) -> None:
        """End a turn with what there is of it, and say why."""
        synthesis.fail()
        self._on_problem(Problem(synthesis.turn.number, why, error))

    def silence(self) -> None:
        """Have the voice stop what it makes, if it can be told."""
        if isinstance(self._voice, CancellableVoice):
            self._voice.cancel()

    async def speak(self) -> None:
        """Hand the voice one clause after the other, for ever."""
        while True:
            synthesis = next(filter(self._wants_voice, self.turns.values()), None)
            if synthesis is None or synthesis.text is None:
                await self._voice_event.wait()
                continue
            if (until := self._end_comes(synthesis.text)) is not None:
                await self._voice_event.wait(until)
                continue
            clause = synthesis.text.take()
            self.clause_taken.set()
            try:
                await self._say(synthesis, clause)
            except FacewireError as error:
                self.give_up(synthesis, str(error), error)
            except Exception as error:
                self.give_up(synthesis, "the voice failed", error)
            finally:
                synthesis.text.done()
            self._faces_event.set()

    async def face(self) -> None:
        """Make what faces are wanted, the next turn's first, for ever."""
        while True:
            if await self._prepare():
                continue
            found = self._next_work()
            if found is None:
                await self._faces_event.wait()
                continue
            synthesis, work = found
            hurries = synthesis.turn.faces_waiting < self._urgent
            due = self._clock.now() if hurries else None
            try:
                synthesis.take(work, await self.compute(due, work))
            except FacewireError as error:
                why = f"{error}; turn {synthesis.turn.number} ends here"
                self._end_faces(synthesis, why, error)
            except Exception as error:
                self._end_faces(synthesis, "its faces failed", error)
            self._on_progress()

    async def compute(self, due: int | None, work: Callable[[], T]) -> T:
        """Work on faces in a thread, and count the time; `due` is when they are to leave, in ns."""

        def timed() -> tuple[T, int]:
            began = self._clock.now()
            return work(), self._clock.now() - began

        result, spent = await self._threads.compute(due, timed)
        self.busy_ns += spent
        return result

    async def _prepare(self) -> bool:
        """Load what the first turn that is being made needs, and tell whether that was anything.

        It is done beside the faces of all clients, which it would delay.
        """
        unfinished = (one for one in self.turns.values() if one.turn.unfinished)
        synthesis = next(unfinished, None)
        if synthesis is None or synthesis.prepare is None:
            return False
        prepare, synthesis.prepare = synthesis.prepare, None
        try:
            await self._threads.wait(prepare)
        except Exception as error:
            self._end_faces(synthesis, "its faces failed", error)
        return True

    def _next_work(self) -> tuple[TurnSynthesis, Work] | None:
        """Return what is to be done next, and for which turn.

        Of the turns that the engine has to hear only the first is worked on: a client holds one
        session of the engine at most, however many turns it has begun.
        """
        for synthesis in self.turns.values():
            work = synthesis.work(self._frames_ahead, self._pausing_at)
            if work is not None:
                return synthesis, work
            if synthesis.needs_engine:
                return None
        return None

    def _end_faces(self, synthesis: TurnSynthesis, why: str, error: Exception) -> None:
        """End a turn of which no more faces can be made."""
        synthesis.close()
        if not synthesis.turn.interrupted:
            synthesis.turn.complete()
            self.give_up(synthesis, why, error)

    def _end_comes(self, text: ClauseQueue) -> int | None:
        """Return until when to wait for the end of a text, in ns; None if it is to be spoken."""
        now = self._clock.now()
        if not text.nearly_whole:
            self._nearly_whole = None
            return None
        if self._nearly_whole is None or self._nearly_whole[0] is not text:
            self._nearly_whole = text, now + int(END_S * SECOND)
        until = self._nearly_whole[1]
        if now < until:
            return until
        self._nearly_whole = None
        return None

    def _wants_voice(self, synthesis: TurnSynthesis) -> bool:
        return bool(synthesis.text and synthesis.text.ready) and synthesis.ahead < self._ahead_s

    async def _say(self, synthesis: TurnSynthesis, clause: str) -> None:
        """Have a clause spoken, as far ahead as there is room, as long as it is wanted."""
        assert self._voice is not None
        plain, marks = unmarked(clause)
        marked = MarkedClause(plain, marks, self._voice.sample_rate)
        pieces = self._voice.speak(plain)
        while (speech := await self._threads.wait(next, pieces, None)) is not None:
            feelings = (*synthesis.take_feelings(), *marked.take(speech.words))
            synthesis.push(
                SpeechPart(
                    speech.samples, tokens=speech.tokens, words=speech.words, feelings=feelings
                )
            )
            self._faces_event.set()
            while synthesis.ahead >= self._ahead_s and not synthesis.turn.interrupted:
                await self._voice_event.wait()
            if synthesis.turn.interrupted:
                await self._threads.wait(_close, pieces)
                return
        synthesis.feel_next(marked.rest())


def _close(pieces: object) -> None:
    """Close an iterator that can be closed, as generators can."""
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
