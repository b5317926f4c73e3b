"""One stream of turns between the sockets: what a client asks for, made and laid out. No sockets.

Requests are obeyed at once, by whoever heard them; the synthesizer makes what they ask for, and
whoever owns the conversation takes what is due.
"""

from collections import deque
from collections.abc import Callable, Iterator

from facewire.errors import ConfigError, WireError
from facewire.frames import StreamSpec
from facewire.server.session_audio import FaceStage
from facewire.server.speak_reports import interrupted, turn_ended
from facewire.settings.limits import Limits
from facewire.speaking.client_time import ClientTime
from facewire.speaking.models import SpeechModels
from facewire.speaking.playout import Playout
from facewire.speaking.pushed_speech import PushedSpeech
from facewire.speaking.synthesis import Synthesizer
from facewire.speaking.timed_event import TimedEvent
from facewire.speaking.turn import Cut, Turn
from facewire.speaking.turn_numbers import LeftOut
from facewire.speaking.turn_patience import TurnPatience
from facewire.speaking.turn_room import TurnRoom
from facewire.speaking.turn_synthesis import TurnSynthesis, TurnText
from facewire.stream.threads import ServerThreads
from facewire.wire.binary import AudioMessage, TokensMessage
from facewire.wire.messages import Message
from facewire.wire.speak import (
    BeginSpeech,
    EndTurn,
    Interrupt,
    Mode,
    NotInterrupted,
    Pause,
    Paused,
    Problem,
    Resumed,
    SetPlayout,
    Text,
)

BURST_S = 600
"""How far speech may be ahead of what is heard, where nobody paces it."""


class Conversation:
    """Turns of one client. Used by one event loop."""

    def __init__(
        self,
        models: SpeechModels,
        make_face: Callable[[StreamSpec], FaceStage],
        *,
        threads: ServerThreads,
        limits: Limits,
    ) -> None:
        """Begin the stream now.

        Args:
            models: make the speech and the faces.
            make_face: makes the face stage of the stream.
            threads: do the work.
            limits: how much may wait, and how long.
        """
        request, self._clock = models.request, models.clock
        spec = StreamSpec(models.sample_rate, request.exact_frame_rate, 0)
        burst = request.pacing == "burst"
        lead_s = BURST_S if burst else request.lead_ms / 1000
        self.playout = Playout(
            spec,
            make_face(spec),
            lead=int(lead_s * spec.sample_rate),
            idles=not burst,
            now=self._clock.now(),
        )
        self.progress = TimedEvent(self._clock)
        """Set when there may be something to take."""
        self.answers: deque[Message] = deque()
        """What the client has to be told, in order, before anything else."""
        self.answered = TimedEvent(self._clock)
        """Set when one of them was told."""
        self.time = ClientTime()
        self.synthesizer = Synthesizer(
            models.voice,
            lead_s=lead_s,
            frame_rate=spec.frame_rate,
            clock=self._clock,
            threads=threads,
            on_progress=self.progress.set,
            on_problem=self._end_early,
        )
        self._room = TurnRoom(limits, self.synthesizer.turns)
        self._patience = TurnPatience(limits.turn_silence_s)
        self._models = models
        self._paced = not burst
        self._pushed: dict[int, PushedSpeech] = {}
        self._left_out = LeftOut()
        """Turns that were dropped, refused or ended early."""
        self._ending = False

    @property
    def over(self) -> bool:
        """Whether the client wanted no more turns, and all are heard, or sent where it paces."""
        if not self._ending:
            return False
        turns = self.playout.turns(self._clock.now())
        return not turns if self._paced else all(turn.told for turn in turns)

    @property
    def busy(self) -> bool:
        """Whether something is made or heard, so that the client may be silent meanwhile."""
        return bool(self.synthesizer.turns) and not self.playout.clock.paused

    def say(self, message: Text) -> None:
        """Take the next piece of text of a turn."""
        synthesis = self.synthesizer.turns.get(message.turn)
        if synthesis is None:
            if self._models.voice is None:
                self._complain(message.turn, "this stream was opened without text")
                return
            if not self._may_begin(message.turn, message.mode):
                return
            turn = Turn(message.turn, audio=self._models.request.audio)
            synthesis = TurnSynthesis(turn, self.playout.spec, self._models.spoken, TurnText())
            self._begin(synthesis, message.mode)
        if synthesis.text is None or synthesis.ended:
            if message.turn not in self._left_out:
                problem = f"turn {message.turn} takes no more text; begin another"
                self._complain(message.turn, problem)
        elif full := self._room.no_text(len(message.text)):
            self.synthesizer.give_up(synthesis, f"{full}; turn {message.turn} ends before these")
        else:
            synthesis.say(message.text)
        self._wake()

    def begin_speech(self, message: BeginSpeech) -> None:
        """Begin a turn whose tokens or audio will come."""
        if not self._may_begin(message.turn, message.mode):
            return
        if not message.tokens and not message.audio:
            self._complain(message.turn, "speech has tokens, audio, or both")
            return
        models = self._models
        try:
            space = models.pushed_space() if message.tokens else None
        except ConfigError as error:
            self._complain(message.turn, str(error))
            return
        self._pushed[message.turn] = PushedSpeech(
            models.request.audio_format, models.sample_rate, models.engine.sample_rate, space
        )
        turn = Turn(message.turn, audio=message.audio)
        open_faces = models.pushed_tokens if message.tokens else models.pushed_audio
        hears = not message.tokens
        self._begin(TurnSynthesis(turn, self.playout.spec, open_faces, hears=hears), message.mode)
        self._wake()

    def take(self, message: AudioMessage | TokensMessage) -> None:
        """Take the next tokens or audio of a turn."""
        synthesis, pushed = self.synthesizer.turns.get(message.turn), self._pushed.get(message.turn)
        if synthesis is None or pushed is None or synthesis.ended:
            if message.turn not in self._left_out:
                self._complain(
                    message.turn,
                    f"begin turn {message.turn} with speech before its audio or tokens",
                )
            return
        try:
            if full := self._room.no_speech(pushed.seconds(message)):
                raise WireError(full)
            if isinstance(message, AudioMessage):
                synthesis.push_undecoded(pushed.take_audio(message))
            else:
                synthesis.push_tokens(pushed.take_tokens(message), pushed.seconds(message))
        except WireError as error:
            self.synthesizer.give_up(synthesis, f"{error}; turn {message.turn} ends before that")
        self._wake()

    def end_turn(self, message: EndTurn) -> None:
        """Take no more of a turn: what has come is all."""
        synthesis = self.synthesizer.turns.get(message.turn)
        if synthesis is not None:
            self._end(synthesis)
        elif message.turn > self.playout.newest:
            self._complain(message.turn, f"there is no turn {message.turn} to end")
        self._wake()

    def end(self) -> None:
        """Take no more turns: what there is will be spoken to its end."""
        for synthesis in self.synthesizer.turns.values():
            self._end(synthesis)
        self.playout.clock.resume(self._clock.now())
        self._ending = True
        self._wake()

    def interrupt(self, message: Interrupt) -> None:
        """Stop a turn and those behind it, and say what was heard."""
        now = self._clock.now()
        speaking = next((turn.number for turn in self.playout.turns(now)), self.playout.newest)
        number = speaking if message.turn is None else message.turn
        cut = self.playout.interrupt(number, message.at_ms, now)
        if cut is not None:
            self._drop(cut)
        else:
            unknown = number > self.playout.newest
            self.answers.append(
                NotInterrupted(turn=number, reason="unknown" if unknown else "over")
            )
        self._wake()

    def set_playout(self, message: SetPlayout) -> None:
        """Learn which sample is heard when."""
        now = self._clock.now()
        when = message.clock_ns
        if when is None:
            when = now if message.client_ns is None else self.time.ours(message.client_ns, now)
        self._listen(message.sample, when, now)
        self._wake()

    def pause(self, message: Pause) -> None:
        """Stand still."""
        now = self._clock.now()
        if message.sample is not None:
            self._listen(message.sample, now, now)
        self.playout.clock.pause(now)
        self.answers.append(Paused(sample=self.playout.clock.position(now)))
        self._wake()

    def resume(self) -> None:
        """Go on."""
        now = self._clock.now()
        self.playout.clock.resume(now)
        self.answers.append(Resumed(sample=self.playout.clock.position(now), clock_ns=now))
        self._wake()

    def end_stalled(self, now: int) -> int | None:
        """End the turn whose time it is if nothing came for it for too long.

        Returns:
            When to look again, in ns; None if nobody waits for the client.
        """
        waiting = (
            synthesis for synthesis in self.synthesizer.turns.values() if not synthesis.turn.drained
        )
        synthesis = None if self.playout.clock.paused else next(waiting, None)
        ends = self._patience.ends(synthesis, now)
        if synthesis is None or ends is None or ends > now:
            return ends
        synthesis.turn.failed = True
        self._end(synthesis)
        self._end_early(
            synthesis.turn.number,
            f"nothing came for turn {synthesis.turn.number} for {self._patience.seconds:g} s, "
            "so it ends; send end_turn when all is said",
        )
        self._wake()
        return None

    def report_end(self, turn: Turn) -> Iterator[Message]:
        """Return what a client is told about a turn that has been sent whole."""
        self.synthesizer.turns.pop(turn.number, None)
        self._pushed.pop(turn.number, None)
        return turn_ended(turn)

    def _begin(self, synthesis: TurnSynthesis, mode: Mode) -> None:
        """Put a new turn behind the others, or in their place."""
        now = self._clock.now()
        alive = self.playout.turns(now)
        if mode == "cut" and alive:
            cut = self.playout.interrupt(alive[0].number, None, now)
            assert cut is not None
            self._drop(cut)
        self.playout.add(synthesis.turn)
        self.synthesizer.turns[synthesis.turn.number] = synthesis

    def _end(self, synthesis: TurnSynthesis) -> None:
        pushed = self._pushed.get(synthesis.turn.number)
        if pushed is not None and not synthesis.ended:
            synthesis.push_undecoded([pushed.flush()])
        synthesis.end()

    def _drop(self, cut: Cut) -> None:
        numbers = (cut.turn, *cut.dropped)
        self._left_out.add(cut.turn, self.playout.newest)
        self.synthesizer.drop(numbers)
        for number in numbers:
            self._pushed.pop(number, None)
        self.answers.append(interrupted(cut))

    def _may_begin(self, number: int, mode: Mode) -> bool:
        """Tell whether a turn can begin; complain if not, unless it was left out before."""
        if number <= self.playout.newest:
            if number not in self._left_out:
                newest = self.playout.newest
                self._complain(number, f"turn {number} is over; begin one after {newest}")
            return False
        full = None if mode == "cut" else self._room.no_turn()
        if full is None:
            return True
        self.playout.pass_over(number)
        self._end_early(number, full)
        return False

    def _end_early(self, turn: int, message: str) -> None:
        """Say why a turn ends, once; what comes for it from now on is left out in silence."""
        self._left_out.add(turn, turn)
        self._complain(turn, message)

    def _listen(self, sample: int, when: int, now: int) -> None:
        try:
            self.playout.set_playout(sample, when, now)
        except ValueError as error:
            self._complain(0, str(error))

    def _complain(self, turn: int, message: str) -> None:
        self.answers.append(Problem(turn=turn, message=message))
        self.progress.set()

    def _wake(self) -> None:
        self.progress.set()
        self.synthesizer.wake()
