"""One stream of turns: text, tokens or audio in, and what is shown and heard out, when it is due.

It knows no sockets and no messages: `/speak` is a client of it, and so is `facewire say`. What is
asked for is noted at once; `speak` and `face` make it, and `play` gives it away.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from typing import TypeVar

from facewire.clock import Clock
from facewire.emotion import Emotion
from facewire.errors import ConfigError
from facewire.face import FaceStage
from facewire.frames import StreamSpec
from facewire.settings.limits import Limits
from facewire.speaking.active_turns import ActiveTurns
from facewire.speaking.alignment.marks import AlignmentError, Mark
from facewire.speaking.answers import (
    Answer,
    NotInterrupted,
    Paused,
    Resumed,
    TurnEnd,
)
from facewire.speaking.frame_intervals import FaceRenderer, FrameInterval, PlannedInterval
from facewire.speaking.models import SpeechModels
from facewire.speaking.playout import Pacing, Playout
from facewire.speaking.pushed_speech import PushedAudio, PushedKinds, PushedTokens
from facewire.speaking.synthesis import Synthesizer
from facewire.speaking.turn import Turn, TurnState
from facewire.speaking.turn_synthesis import TurnSynthesis
from facewire.stream.threads import ServerThreads
from facewire.stream.timed_event import TimedEvent

T = TypeVar("T")

TOGETHER = 16
"""Frames that are rendered at once: short work, where everything leaves as soon as it is made."""
MAX_ANSWERS = 64
"""Answers that wait to be taken, before no more should be asked for."""


class Conversation:
    """Turns of one client. Used by one event loop."""

    def __init__(
        self,
        models: SpeechModels,
        make_face: Callable[[StreamSpec], FaceStage],
        pacing: Pacing,
        clock: Clock,
        *,
        threads: ServerThreads,
        limits: Limits,
        spoken_audio: bool = True,
    ) -> None:
        """Begin the stream.

        Args:
            models: make the speech and the faces.
            make_face: makes the face stage of the stream.
            pacing: when what is made leaves.
            clock: keeps time.
            threads: do the work.
            limits: how much may wait, and how long.
            spoken_audio: whether turns of text have sound; without it the mouth is silent.
        """
        self.spec = models.spec
        self._models = models
        self._clock = clock
        self._paced = pacing.idles
        self._spoken_audio = spoken_audio
        self._playout = Playout(self.spec, pacing, clock.now())
        self._renderer = FaceRenderer(self.spec, make_face(self.spec))
        self._progress = TimedEvent(clock)
        """Set when there may be something to take."""
        self._answered = TimedEvent(clock)
        self._synthesizer = Synthesizer(
            models.voice,
            lead_s=pacing.lead_s,
            pausing_s=pacing.pausing_s,
            frame_rate=self.spec.frame_rate,
            clock=clock,
            threads=threads,
            on_progress=self._progress.set,
            on_problem=lambda problem: self._turns.end_early(problem),
        )
        self._turns = ActiveTurns(self._playout, self._synthesizer, limits, self._progress.set)
        self._answers = self._turns.answers
        self._most_times = limits.alignment_entries
        self._ending = False

    @property
    def busy(self) -> bool:
        """Whether something is made or heard, so that the client may be silent meanwhile."""
        return bool(self._synthesizer.turns) and not self._playout.clock.paused

    @property
    def late(self) -> int:
        """Frames of turns that left over a frame interval after they were due."""
        return self._playout.late

    @property
    def busy_ns(self) -> int:
        """Time spent in engine and face stage."""
        return self._synthesizer.busy_ns

    def due(self, sample: int) -> int:
        """Return when a sample is heard, in ns."""
        return self._playout.clock.due(sample, self._clock.now())

    def tasks(self) -> dict[str, Coroutine[object, object, None]]:
        """Return what has to run, by name, until `play` ends: it goes on for ever."""
        return {"speak": self._synthesizer.speak(), "face": self._synthesizer.face()}

    def close(self) -> None:
        """Make nothing more, and give back all that is held."""
        self._synthesizer.close()

    def say(self, number: int, text: str, *, cut: bool = False) -> None:
        """Take the next piece of a turn's text, cut anywhere; a new number begins a turn.

        Args:
            number: of the turn.
            text: what it says.
            cut: whether a new turn takes the place of those that are alive, or waits for them.
        """
        synthesis = self._text_turn(number, cut=cut)
        if synthesis is not None:
            self._turns.say(synthesis, text)
        self._wake()

    async def say_clause(self, number: int, clause: str) -> None:
        """Have something spoken as a whole, and return once the voice is at it, or will not be."""
        synthesis = self._text_turn(number, cut=False)
        if synthesis is None or synthesis.text is None:
            return
        synthesis.text.push_clause(clause)
        self._wake()
        while synthesis.text.ready:
            await self._synthesizer.clause_taken.wait()

    def feel(self, emotion: Emotion | None) -> None:
        """Show an emotion from the next face on; None is what the face's profile says."""
        self._renderer.felt = emotion

    def begin_speech(
        self,
        number: int,
        *,
        tokens: bool,
        audio: bool,
        alignment: bool = False,
        cut: bool = False,
    ) -> None:
        """Begin a turn whose tokens or audio, or both, will be pushed, or audio and its times."""
        if not self._turns.may_begin(number, cut=cut):
            return
        try:
            kinds = PushedKinds(tokens=tokens, audio=audio, alignment=alignment)
            turn = Turn(number, audio=audio)
            synthesis = self._models.pushed_turn(turn, kinds, self._most_times)
        except ConfigError as error:
            self._turns.complain(number, str(error))
            return
        self._turns.begin(synthesis, self._clock.now(), cut=cut)
        self._wake()

    def align(self, number: int, marks: list[Mark] | AlignmentError) -> None:
        """Take times of what is said in the audio of a turn, or what is wrong with them."""
        if self._turns.align(number, marks):
            self._wake()

    def push(self, number: int, speech: PushedAudio | PushedTokens) -> None:
        """Take the next tokens or audio of a turn."""
        if self._turns.push(number, speech):
            self._wake()

    def takes_times(self, number: int) -> bool:
        """Tell whether times of a turn would be taken."""
        return self._turns.takes_times(number)

    def end_turn(self, number: int) -> None:
        """Take no more of a turn: what has come is all."""
        self._turns.end(number)
        self._wake()

    def end(self) -> None:
        """Take no more turns: what there is will be spoken to its end."""
        for synthesis in self._synthesizer.turns.values():
            synthesis.end()
        self._playout.clock.resume(self._clock.now())
        self._ending = True
        self._wake()

    def interrupt(self, number: int | None = None, at_ms: float | None = None) -> None:
        """Stop a turn and those behind it, and say what was heard.

        Args:
            number: of the turn; by default whatever is spoken.
            at_ms: when it was heard last, after its beginning; by default, now.
        """
        now = self._clock.now()
        if number is None:
            alive = self._playout.turns(now)
            number = alive[0].number if alive else self._playout.newest
        if not self._turns.interrupt(number, at_ms, now):
            self._answers.append(NotInterrupted(number, known=number <= self._playout.newest))
        self._wake()

    def set_playout(self, sample: int, when: int) -> None:
        """Learn that a sample is heard at a time, in ns."""
        self._listen(sample, when, self._clock.now())
        self._wake()

    def pause(self, sample: int | None = None) -> None:
        """Stand still; `sample` is the next one to be heard, where the client knows."""
        now = self._clock.now()
        if sample is not None:
            self._listen(sample, now, now)
        self._playout.clock.pause(now)
        self._answers.append(Paused(self._playout.clock.position(now)))
        self._wake()

    def resume(self) -> None:
        """Go on."""
        now = self._clock.now()
        self._playout.clock.resume(now)
        self._answers.append(Resumed(self._playout.clock.position(now), now))
        self._wake()

    async def answers_taken(self) -> None:
        """Return once so few answers wait that more may be asked for."""
        while len(self._answers) > MAX_ANSWERS:
            await self._answered.wait()

    async def play(self, finish: Callable[[FrameInterval], T]) -> AsyncGenerator[T | Answer, None]:
        """Yield what is told, and what is shown and heard when it is due, until all is said.

        Args:
            finish: what is done with each frame interval, in the thread that rendered it.
        """
        while not (self._over and not self._answers):
            if self._answers:
                yield self._answers.popleft()
                self._answered.set()
            elif (turn := self._playout.ended()) is not None:
                self._synthesizer.turns.pop(turn.number, None)
                yield TurnEnd(turn)
            elif planned := self._plan():
                self._synthesizer.wake()
                for interval in await self._render(planned, finish):
                    yield interval
            else:
                now = self._clock.now()
                moments = (self._playout.wake(now), self._turns.end_stalled(now))
                due = min((moment for moment in moments if moment is not None), default=None)
                await self._progress.wait(due)

    @property
    def _over(self) -> bool:
        """Whether no more turns come, and all are heard, or have left where the client paces."""
        if not self._ending:
            return False
        turns = self._playout.turns(self._clock.now())
        return not turns if self._paced else all(turn.state is TurnState.PLAYED for turn in turns)

    def _plan(self) -> list[PlannedInterval]:
        """Return the frame intervals that are due, a few at a time."""
        planned: list[PlannedInterval] = []
        while len(planned) < TOGETHER:
            one = self._playout.plan(self._clock.now())
            if one is None:
                break
            planned.append(one)
            if (turn := one.interval.turn) is not None and turn.drained:
                break  # its end is told before anything of the next one leaves
        return planned

    async def _render(
        self, planned: Sequence[PlannedInterval], finish: Callable[[FrameInterval], T]
    ) -> list[T]:
        def work() -> list[T]:
            return [finish(self._renderer.render(one)) for one in planned]

        return await self._synthesizer.compute(self.due(planned[0].past.timestamp), work)

    def _text_turn(self, number: int, *, cut: bool) -> TurnSynthesis | None:
        """Return the turn that takes some text, begun if it is new; None if none does."""
        synthesis = self._synthesizer.turns.get(number)
        if synthesis is None:
            if self._models.voice is None:
                self._turns.complain(number, "this stream was opened without text")
                return None
            if not self._turns.may_begin(number, cut=cut):
                return None
            synthesis = self._models.spoken_turn(Turn(number, audio=self._spoken_audio))
            self._turns.begin(synthesis, self._clock.now(), cut=cut)
        return synthesis if self._turns.takes_text(synthesis) else None

    def _listen(self, sample: int, when: int, now: int) -> None:
        try:
            self._playout.set_playout(sample, when, now)
        except ValueError as error:
            self._turns.complain(0, str(error))

    def _wake(self) -> None:
        self._progress.set()
        self._synthesizer.wake()
