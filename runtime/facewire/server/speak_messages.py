"""What passes between `/speak` and a conversation: a client's requests in, answers as messages."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from facewire.audio.format import Encoding
from facewire.errors import FacewireError
from facewire.server.client_time import ClientTime
from facewire.speaking.alignment.formats.registry import read_marks
from facewire.speaking.alignment.marks import AlignmentError, Mark
from facewire.speaking.answers import (
    Answer,
    Cut,
    NotInterrupted,
    Paused,
    Problem,
    Resumed,
    TurnEnd,
)
from facewire.speaking.conversation import Conversation
from facewire.speaking.frame_intervals import FrameInterval
from facewire.speaking.pushed_speech import PushedAudio, PushedTokens
from facewire.speaking.turn import Turn
from facewire.wire import speak
from facewire.wire.binary import (
    AudioMessage,
    TokensMessage,
    encode_audio,
    encode_frame,
    encode_samples,
    wire_frame,
)
from facewire.wire.messages import End, Message, SetEmotion, encode_message, json_frame

MARKS_TOGETHER = 100
"""So many times are read at once: about a millisecond."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedInterval:
    """What is sent of one frame interval."""

    shown: FrameInterval
    frame: bytes | str
    audio: bytes
    """Empty where there is none."""


def encode_interval(shown: FrameInterval, now: int, *, binary: bool) -> EncodedInterval:
    """Return a frame interval as it leaves `now`, in ns; binary, or as JSON."""
    travelling = wire_frame(shown.frame, now)
    frame = encode_frame(travelling) if binary else encode_message(json_frame(travelling))
    audio = b""
    if shown.turn is not None and len(shown.audio):
        pcm = encode_samples(shown.audio, Encoding.S16LE)
        audio = encode_audio(AudioMessage(pcm, shown.frame.timestamp, shown.turn.number))
    return EncodedInterval(shown, frame, audio)


def ask(
    conversation: Conversation,
    request: speak.SpeakRequest | AudioMessage | TokensMessage,
    time: ClientTime,
    now: int,
) -> None:
    """Have a conversation do what a client asks for.

    Args:
        conversation: does it.
        request: what is asked for; what is no matter of a conversation is left out.
        time: knows the client's time.
        now: the time, in ns.
    """
    match request:
        case speak.Text():
            conversation.say(request.turn, request.text, cut=request.mode == "cut")
        case speak.BeginSpeech():
            conversation.begin_speech(
                request.turn,
                tokens=request.tokens,
                audio=request.audio,
                alignment=request.alignment,
                cut=request.mode == "cut",
            )
        case AudioMessage():
            conversation.push(request.turn, PushedAudio(request.pcm, request.start))
        case TokensMessage():
            conversation.push(request.turn, PushedTokens(request.tokens, request.first))
        case speak.EndTurn():
            conversation.end_turn(request.turn)
        case speak.Interrupt():
            conversation.interrupt(request.turn, request.at_ms)
        case speak.SetPlayout():
            conversation.set_playout(request.sample, _when(request, time, now))
        case speak.Pause():
            conversation.pause(request.sample)
        case speak.Resume():
            conversation.resume()
        case SetEmotion():
            conversation.feel(request.felt)
        case End():
            conversation.end()


async def align(conversation: Conversation, request: speak.Alignment) -> None:
    """Have a conversation take the times that a client sends, a few at a time: others get theirs.

    What is not wanted is not even read.
    """
    marks: list[Mark] = []
    try:
        if conversation.takes_times(request.turn):
            data, offset_s = bytes(request.data), request.offset_ms / 1000
            reading = read_marks(request.format, data, offset_s)
            while part := list(islice(reading, MARKS_TOGETHER)):
                marks += part
                await asyncio.sleep(0)
    except AlignmentError as error:
        conversation.align(request.turn, error)
    except Exception:
        # A shape that no reader foresaw is the client's matter, and no reason to hang up.
        logger.exception("times in the format %r cannot be read", request.format[:40])
        problem = f"times of turn {request.turn} cannot be read; the server's log says why"
        conversation.align(request.turn, AlignmentError(problem))
    else:
        conversation.align(request.turn, marks)


def messages_of(answer: Answer) -> Iterator[Message]:
    """Yield what a client is told."""
    match answer:
        case Cut():
            yield speak.Interrupted(
                turn=answer.turn,
                sample=answer.sample,
                frame=answer.frame,
                at_ms=answer.at_ms,
                speech_ms=answer.speech_ms,
                dropped=list(answer.dropped),
            )
        case NotInterrupted():
            yield speak.NotInterrupted(
                turn=answer.turn, reason="over" if answer.known else "unknown"
            )
        case Paused():
            yield speak.Paused(sample=answer.sample)
        case Resumed():
            yield speak.Resumed(sample=answer.sample, clock_ns=answer.when)
        case Problem():
            yield speak.Problem(turn=answer.turn, message=_sentence(answer))
        case TurnEnd():
            yield from _turn_ended(answer.turn)


def _when(request: speak.SetPlayout, time: ClientTime, now: int) -> int:
    if request.clock_ns is not None:
        return request.clock_ns
    return now if request.client_ns is None else time.ours(request.client_ns, now)


def _sentence(problem: Problem) -> str:
    """Return what a client is told; what is not meant for it goes to the log."""
    error = problem.error
    if error is None or isinstance(error, FacewireError):
        return problem.message
    logger.error("%s", problem.message, exc_info=error)
    return f"{problem.message}; the server's log says why"


def _turn_ended(turn: Turn) -> Iterator[Message]:
    if not turn.frames and not turn.failed:
        problem = "this voice can speak nothing of it; give some words of its language"
        if turn.captions is not None:
            problem = f"no audio came for turn {turn.number}, so its times have no faces"
        yield speak.Problem(turn=turn.number, message=problem)
    lead = turn.leads.found()
    yield speak.TurnEnds(
        turn=turn.number,
        sample=turn.end - 1 if turn.frames else None,
        frames=turn.frames,
        face_lead_ms=speak.LeadMs(lead.first, lead.least, lead.median) if lead else None,
    )
