"""One stream of turns between the sockets: what a client asks for, made and laid out. No sockets.

Requests are obeyed at once, by whoever heard them; the workshop makes what they ask for, and
whoever owns the speaker takes what is due.
"""

from collections import deque
from collections.abc import Callable, Iterator

from facewire.bell import Bell
from facewire.client_time import ClientTime
from facewire.errors import ConfigError, WireError
from facewire.frames import StreamSpec
from facewire.playout import Playout
from facewire.pushed_speech import PushedSpeech
from facewire.session_audio import FaceStage
from facewire.speak_answers import (
    Interrupted,
    LeadMs,
    NotInterrupted,
    Paused,
    Problem,
    Resumed,
    TurnEnds,
)
from facewire.speak_requests import (
    BeginSpeech,
    EndTurn,
    Interrupt,
    Mode,
    Pause,
    SetPlayout,
    Text,
)
from facewire.speech_roads import SpeechRoads
from facewire.turn_faces import TokenFaces
from facewire.turn_making import TurnMaking, TurnText
from facewire.turns import Cut, Turn
from facewire.wire import AudioMessage
from facewire.wire_messages import Message
from facewire.wire_tokens import TokensMessage
from facewire.workshop import Workshop

BURST_S = 600
"""How far speech may be ahead of what is heard, where nobody paces it."""
LONGEST_TEXT = 200_000
"""Characters that may wait to be spoken."""
REMEMBERED_CUTS = 1_000
"""Interrupts whose turns may still get text, which was on its way and is left out in silence."""


class Speaker:
    """Turns of one client. Used by one event loop."""

    def __init__(self, roads: SpeechRoads, make_face: Callable[[StreamSpec], FaceStage]) -> None:
        """Begin the stream now.

        Args:
            roads: make the speech and the faces.
            make_face: makes the face stage of the stream.
        """
        request, self._clock = roads.request, roads.clock
        spec = StreamSpec(roads.sample_rate, request.exact_frame_rate, 0)
        burst = request.pacing == "burst"
        lead_s = BURST_S if burst else request.lead_ms / 1000
        self.playout = Playout(
            spec,
            make_face(spec),
            lead=int(lead_s * spec.sample_rate),
            idles=not burst,
            now=self._clock.now(),
        )
        self.bell = Bell(self._clock)
        """Rings when there may be something to take."""
        self.answers: deque[Message] = deque()
        """What the client has to be told, in order, before anything else."""
        self.answered = Bell(self._clock)
        """Rings when one of them was told."""
        self.time = ClientTime()
        self.workshop = Workshop(
            roads.voice,
            lead_s=lead_s,
            frame_rate=spec.frame_rate,
            clock=self._clock,
            on_progress=self.bell.ring,
            on_problem=self._complain,
        )
        self._roads = roads
        self._waits_for_ears = not burst
        self._pushed: dict[int, PushedSpeech] = {}
        self._cuts: deque[tuple[int, int]] = deque(maxlen=REMEMBERED_CUTS)
        """First and last numbers of turns that were dropped together."""
        self._ending = False

    @property
    def over(self) -> bool:
        """Whether the client wanted no more turns, and all are heard, or sent where it paces."""
        if not self._ending:
            return False
        turns = self.playout.turns(self._clock.now())
        return not turns if self._waits_for_ears else all(turn.told for turn in turns)

    def say(self, message: Text) -> None:
        """Take the next piece of text of a turn."""
        making = self.workshop.making.get(message.turn)
        if making is None:
            if self._roads.voice is None:
                self._complain(message.turn, "this stream was opened without text")
                return
            if not self._is_new(message.turn):
                return
            turn = Turn(message.turn, audio=self._roads.request.audio)
            making = TurnMaking(turn, self.playout.spec, self._roads.spoken, TurnText())
            self._begin(making, message.mode)
        if making.text is None or making.ended:
            self._complain(message.turn, f"turn {message.turn} takes no more text; begin another")
        elif making.text.waiting + len(message.text) > LONGEST_TEXT:
            self.workshop.give_up(
                making,
                f"more than {LONGEST_TEXT} characters wait to be spoken; turn {message.turn} ends "
                "before these",
            )
        else:
            making.text.push(message.text)
        self._ring()

    def begin_speech(self, message: BeginSpeech) -> None:
        """Begin a turn whose tokens or audio will come."""
        if not self._is_new(message.turn):
            return
        if not message.tokens and not message.audio:
            self._complain(message.turn, "speech has tokens, audio, or both")
            return
        roads = self._roads
        open_faces = roads.pushed_tokens if message.tokens else roads.pushed_audio
        try:
            first = open_faces()
        except ConfigError as error:
            self._complain(message.turn, str(error))
            return
        space = first.space if isinstance(first, TokenFaces) else None
        self._pushed[message.turn] = PushedSpeech(
            roads.request.audio_format, roads.sample_rate, roads.engine.sample_rate, space
        )
        turn = Turn(message.turn, audio=message.audio)
        self._begin(TurnMaking(turn, self.playout.spec, lambda: first), message.mode)

    def take(self, message: AudioMessage | TokensMessage) -> None:
        """Take the next tokens or audio of a turn."""
        making, pushed = self.workshop.making.get(message.turn), self._pushed.get(message.turn)
        if making is None or pushed is None or making.ended:
            if not self._was_cut(message.turn):
                self._complain(
                    message.turn,
                    f"begin turn {message.turn} with speech before its audio or tokens",
                )
            return
        try:
            if isinstance(message, AudioMessage):
                piece = pushed.take_audio(message)
            else:
                piece = pushed.take_tokens(message)
            if making.ahead > BURST_S:
                raise WireError(f"more than {BURST_S} s of speech wait to be heard; send it later")
        except WireError as error:
            self.workshop.give_up(making, f"{error}; turn {message.turn} ends before that")
        else:
            making.push(piece)
        self._ring()

    def end_turn(self, message: EndTurn) -> None:
        """Take no more of a turn: what has come is all."""
        making = self.workshop.making.get(message.turn)
        if making is not None:
            self._end(making)
        elif message.turn > self.playout.newest:
            self._complain(message.turn, f"there is no turn {message.turn} to end")
        self._ring()

    def end(self) -> None:
        """Take no more turns: what there is will be spoken to its end."""
        for making in self.workshop.making.values():
            self._end(making)
        self.playout.clock.resume(self._clock.now())
        self._ending = True
        self._ring()

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
        self._ring()

    def set_playout(self, message: SetPlayout) -> None:
        """Learn which sample is heard when."""
        now = self._clock.now()
        when = message.clock_ns
        if when is None:
            when = now if message.client_ns is None else self.time.ours(message.client_ns, now)
        self._listen(message.sample, when, now)
        self._ring()

    def pause(self, message: Pause) -> None:
        """Stand still."""
        now = self._clock.now()
        if message.sample is not None:
            self._listen(message.sample, now, now)
        self.playout.clock.pause(now)
        self.answers.append(Paused(sample=self.playout.clock.position(now)))
        self._ring()

    def resume(self) -> None:
        """Go on."""
        now = self._clock.now()
        self.playout.clock.resume(now)
        self.answers.append(Resumed(sample=self.playout.clock.position(now), clock_ns=now))
        self._ring()

    def report_end(self, turn: Turn) -> Iterator[Message]:
        """Yield what a client is told about a turn that has been sent whole."""
        self.workshop.making.pop(turn.number, None)
        self._pushed.pop(turn.number, None)
        if not turn.frames and not turn.failed:
            yield Problem(turn=turn.number, message="nothing in it can be spoken; give some words")
        lead = turn.face_lead()
        yield TurnEnds(
            turn=turn.number,
            sample=turn.end - 1 if turn.frames else None,
            frames=turn.frames,
            face_lead_ms=LeadMs(lead.first, lead.least, lead.median) if lead else None,
        )

    def _begin(self, making: TurnMaking, mode: Mode) -> None:
        """Put a new turn behind the others, or in their place."""
        now = self._clock.now()
        alive = self.playout.turns(now)
        if mode == "cut" and alive:
            cut = self.playout.interrupt(alive[0].number, None, now)
            assert cut is not None
            self._drop(cut)
        self.playout.add(making.turn)
        self.workshop.making[making.turn.number] = making

    def _end(self, making: TurnMaking) -> None:
        pushed = self._pushed.get(making.turn.number)
        if pushed is not None and not making.ended:
            making.push(pushed.flush())
        making.end()

    def _drop(self, cut: Cut) -> None:
        numbers = (cut.turn, *cut.dropped)
        self._cuts.append((cut.turn, self.playout.newest))
        self.workshop.drop(numbers)
        for number in numbers:
            self._pushed.pop(number, None)
        self.answers.append(
            Interrupted(
                turn=cut.turn,
                sample=cut.sample,
                frame=cut.frame,
                at_ms=cut.at_ms,
                speech_ms=cut.speech_ms,
                dropped=list(cut.dropped),
            )
        )

    def _is_new(self, number: int) -> bool:
        """Tell whether a turn can begin; complain if not, unless it was dropped on the way."""
        if number > self.playout.newest:
            return True
        if not self._was_cut(number):
            self._complain(number, f"turn {number} is over; begin one after {self.playout.newest}")
        return False

    def _was_cut(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self._cuts)

    def _listen(self, sample: int, when: int, now: int) -> None:
        try:
            self.playout.set_playout(sample, when, now)
        except ValueError as error:
            self._complain(0, str(error))

    def _complain(self, turn: int, message: str) -> None:
        self.answers.append(Problem(turn=turn, message=message))
        self.bell.ring()

    def _ring(self) -> None:
        self.bell.ring()
        self.workshop.ring()
