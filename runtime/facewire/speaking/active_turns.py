"""The turns of one client that are alive: which may begin, what they take, why one ends early."""

from collections import deque
from collections.abc import Callable, Mapping

from facewire.clock import SECOND
from facewire.errors import WireError
from facewire.settings.limits import Limits
from facewire.speaking.alignment.marks import AlignmentError, Mark
from facewire.speaking.answers import Answer, Problem
from facewire.speaking.playout import Playout
from facewire.speaking.pushed_speech import PushedAudio, PushedTokens
from facewire.speaking.synthesis import Synthesizer
from facewire.speaking.turn_synthesis import TurnSynthesis

REMEMBERED = 1_000
"""Runs of numbers."""


class TurnRoom:
    """The room of one client, for all of its turns together."""

    def __init__(self, limits: Limits, turns: Mapping[int, TurnSynthesis]) -> None:
        """Look after some turns; those that have left whole are not among them any more."""
        self._limits = limits
        self._turns = turns

    def no_turn(self) -> str | None:
        """Return why one more turn cannot begin, or None if it can."""
        if len(self._turns) < self._limits.turns:
            return None
        return (
            f"{self._limits.turns} turns wait to be heard, so this one is left out; begin another "
            "when one of them has ended"
        )

    def no_text(self, characters: int) -> str | None:
        """Return why so many characters cannot be taken, or None if they can."""
        texts = (synthesis.text for synthesis in self._turns.values())
        waiting = sum(text.waiting for text in texts if text is not None)
        most = self._limits.text_characters
        return (
            f"more than {most} characters wait to be spoken"
            if waiting + characters > most
            else None
        )

    def no_speech(self, seconds: float) -> str | None:
        """Return why so much audio, or so many tokens, cannot be taken, or None if they can."""
        held = sum(synthesis.held for synthesis in self._turns.values())
        if held + seconds > self._limits.speech_s:
            return (
                f"more than {self._limits.speech_s:g} s of speech wait to be heard; send it later"
            )
        if sum(synthesis.size for synthesis in self._turns.values()) > self._limits.speech_bytes:
            return (
                f"more than {self._limits.speech_bytes} bytes of audio wait to be heard; send it "
                "later, or at a lower rate and in one channel"
            )
        return None


class TurnPatience:
    """How long a stream waits for what a client has begun and does not go on with.

    It is patient with slow clients: the time counts only for the turn that is next to be heard,
    while nothing of it waits, comes, is made or leaves, and while the stream is not paused.
    """

    def __init__(self, seconds: float) -> None:
        """Wait for a turn so long."""
        self.seconds = seconds
        self._progress: tuple[int, ...] = ()
        self._since = 0

    def ends(self, synthesis: TurnSynthesis | None, now: int) -> int | None:
        """Look at the turn whose time it is.

        Args:
            synthesis: of that turn; None if there is none, or the stream stands still.
            now: the time, in ns.

        Returns:
            When patience with it ends, in ns; None if nobody waits for the client.
        """
        text = None if synthesis is None else synthesis.text
        if synthesis is None or synthesis.ended or (text is not None and not text.quiet):
            self._progress = ()
            return None
        if synthesis.progress != self._progress:
            self._progress, self._since = synthesis.progress, now
        return self._since + int(self.seconds * SECOND)


class LeftOut:
    """Turns that somebody was told about once; what comes for them is left out in silence."""

    def __init__(self) -> None:
        self._runs: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)

    def add(self, first: int, last: int) -> None:
        """Remember turns `first` to `last`."""
        if self._runs and self._runs[-1][1] + 1 == first:
            first = self._runs.pop()[0]
        self._runs.append((first, last))

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self._runs)


class ActiveTurns:
    """What is asked of turns, within the limits. Used by one event loop."""

    def __init__(
        self,
        playout: Playout,
        synthesizer: Synthesizer,
        limits: Limits,
        on_answer: Callable[[], None],
    ) -> None:
        """Begin with none.

        Args:
            playout: plays them.
            synthesizer: makes them.
            limits: how much may wait, and how long.
            on_answer: is called when there is something to tell.
        """
        self.answers = deque[Answer]()
        """What has to be told, in order, before anything else."""
        self._playout = playout
        self._synthesizer = synthesizer
        self._turns = synthesizer.turns
        self._room = TurnRoom(limits, self._turns)
        self._patience = TurnPatience(limits.turn_silence_s)
        self._left_out = LeftOut()
        """Turns that were dropped, refused or ended early."""
        self._on_answer = on_answer

    def may_begin(self, number: int, *, cut: bool) -> bool:
        """Tell whether a turn can begin; complain if not, unless it was left out before."""
        newest = self._playout.newest
        if number <= newest:
            if number not in self._left_out:
                self.complain(number, f"turn {number} is over; begin one after {newest}")
            return False
        full = None if cut else self._room.no_turn()
        if full is None:
            return True
        self._playout.pass_over(number)
        self.end_early(Problem(number, full))
        return False

    def begin(self, synthesis: TurnSynthesis, now: int, *, cut: bool) -> None:
        """Put a new turn behind the others, or in their place."""
        alive = self._playout.turns(now)
        if cut and alive:
            self.interrupt(alive[0].number, None, now)
        self._playout.add(synthesis.turn)
        self._turns[synthesis.turn.number] = synthesis

    def takes_text(self, synthesis: TurnSynthesis) -> bool:
        """Tell whether a turn takes more text; complain if not, unless it was left out before."""
        number = synthesis.turn.number
        takes = synthesis.text is not None and not synthesis.ended
        if not takes and number not in self._left_out:
            self.complain(number, f"turn {number} takes no more text; begin another")
        return takes

    def say(self, synthesis: TurnSynthesis, text: str) -> None:
        """Take text, or end the turn if there is no room for it."""
        if full := self._room.no_text(len(text)):
            why = f"{full}; turn {synthesis.turn.number} ends before these"
            self._synthesizer.give_up(synthesis, why)
        else:
            synthesis.say(text)
            self._check_marks(synthesis)

    def push(self, number: int, speech: PushedAudio | PushedTokens) -> bool:
        """Take tokens or audio, or end the turn if it cannot; tell whether there was a turn."""
        synthesis = self._turns.get(number)
        pushed = None if synthesis is None or synthesis.ended else synthesis.pushed
        if synthesis is None or pushed is None:
            if number not in self._left_out:
                problem = f"begin turn {number} with speech before its audio or tokens"
                self.complain(number, problem)
            return False
        try:
            seconds = pushed.seconds(speech)
            if full := self._room.no_speech(seconds):
                raise WireError(full)
            if isinstance(speech, PushedAudio):
                synthesis.push_undecoded(pushed.take_audio(speech))
            else:
                synthesis.push_tokens(pushed.take_tokens(speech), seconds)
        except WireError as error:
            self._synthesizer.give_up(synthesis, f"{error}; turn {number} ends before that")
        return True

    def takes_times(self, number: int) -> bool:
        """Tell whether there is room for times of a turn."""
        synthesis = self._turns.get(number)
        pushed = None if synthesis is None else synthesis.pushed
        return pushed is not None and pushed.alignment is not None and not pushed.alignment.full

    def align(self, number: int, marks: list[Mark] | AlignmentError) -> bool:
        """Take times of a turn, which goes on without them if it cannot; tell if it could."""
        synthesis = self._turns.get(number)
        pushed = None if synthesis is None else synthesis.pushed
        alignment = None if pushed is None else pushed.alignment
        try:
            if isinstance(marks, AlignmentError):
                raise marks
            if synthesis is None and number <= self._playout.newest:
                raise AlignmentError(f"turn {number} is over, so its times are too late")
            if alignment is None:
                raise AlignmentError(
                    f'begin turn {number} with speech and "alignment": true before its times'
                )
            alignment.add(marks)
        except AlignmentError as error:
            if number not in self._left_out:
                self.complain(number, str(error))
            return False
        if synthesis is not None:
            self._check_times(synthesis)
        return True

    def end(self, number: int) -> None:
        """Take no more of a turn."""
        synthesis = self._turns.get(number)
        if synthesis is not None:
            synthesis.end()
            self._check_times(synthesis)
            self._check_marks(synthesis)
        elif number > self._playout.newest and number not in self._left_out:
            self.complain(number, f"there is no turn {number} to end")

    def end_stalled(self, now: int) -> int | None:
        """End the turn whose time it is if nothing came for it for too long.

        Returns:
            When to look again, in ns; None if nobody waits for the client.
        """
        waiting = (synthesis for synthesis in self._turns.values() if not synthesis.turn.drained)
        synthesis = None if self._playout.clock.paused else next(waiting, None)
        ends = self._patience.ends(synthesis, now)
        if synthesis is None or ends is None or ends > now:
            return ends
        number = synthesis.turn.number
        synthesis.turn.fail()
        synthesis.end()
        why = (
            f"nothing came for turn {number} for {self._patience.seconds:g} s, so it ends; send "
            "end_turn when all is said"
        )
        self.end_early(Problem(number, why))
        self._synthesizer.wake()
        return None

    def interrupt(self, number: int, at_ms: float | None, now: int) -> bool:
        """Stop a turn and those behind it, and tell what was heard; return whether it was alive."""
        cut = self._playout.interrupt(number, at_ms, now)
        if cut is None:
            return False
        self._left_out.add(cut.turn, self._playout.newest)
        self._synthesizer.drop((cut.turn, *cut.dropped))
        self.answers.append(cut)
        return True

    def end_early(self, problem: Problem) -> None:
        """Say why a turn ends, once; what comes for it from now on is left out in silence."""
        self._left_out.add(problem.turn, problem.turn)
        self._tell(problem)

    def complain(self, number: int, message: str) -> None:
        """Say what about a turn cannot be done, once: what follows from that is left out."""
        self.end_early(Problem(number, message))

    def _check_marks(self, synthesis: TurnSynthesis) -> None:
        """Say, once, what is wrong with marks in a turn's text, which is spoken all the same."""
        if synthesis.text is not None and (wrong := synthesis.text.take_problem()):
            self.answers.append(Problem(synthesis.turn.number, wrong))

    def _check_times(self, synthesis: TurnSynthesis) -> None:
        """Say, once, that the times of a turn cannot be meant so."""
        number, pushed = synthesis.turn.number, synthesis.pushed
        if pushed is None or pushed.alignment is None or number in self._left_out:
            return
        try:
            pushed.alignment.check(pushed.audio_s, complete=synthesis.ended)
        except AlignmentError as error:
            self.complain(number, str(error))

    def _tell(self, problem: Problem) -> None:
        self.answers.append(problem)
        self._on_answer()
