"""How soon a voice's first face and first sound are there, and how early its faces leave.

Each text is a turn of a `Conversation` in real time, as `facewire say` and `/speak` have it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.face import make_face
from facewire.settings.limits import Limits
from facewire.speaking.answers import TurnEnd
from facewire.speaking.conversation import Conversation
from facewire.speaking.frame_intervals import FrameInterval
from facewire.speaking.models import SpeechModels
from facewire.speaking.playout import Pacing
from facewire.speaking.voice import Voice
from facewire.stream.engine import Engine
from facewire.stream.threads import ServerThreads

LEAD_S = 0.1
"""How long before their sound faces leave, as `facewire say` has them."""


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """One turn, in ms from the text on."""

    first_face: float
    first_sound: float
    """When its first sample is heard."""
    least_lead: float
    """How long before its sound a face left, the worst one; negative is too late."""


@dataclass(frozen=True, slots=True)
class SpokenTimes:
    """Of several turns."""

    turns: int
    first_face_ms: float
    """The median."""
    first_sound_ms: float
    face_lead_ms: float
    """Of the worst face of a turn, in the median of the turns."""
    worst_lead_ms: float
    """Of the worst face of all."""


async def turn_times(
    text: str, models: SpeechModels, clock: Clock, threads: ServerThreads
) -> TurnTimes:
    """Speak one text in real time, heard by nobody."""
    pacing = Pacing(LEAD_S, begins=False)
    conversation = Conversation(
        models, make_face, pacing, clock, threads=threads, limits=Limits()
    )  # fmt: skip
    asked, first, due, least = clock.now(), 0, 0, 0.0
    async with asyncio.TaskGroup() as tasks:
        helpers = [tasks.create_task(work, name=n) for n, work in conversation.tasks().items()]
        await conversation.say_clause(1, text)
        conversation.end()
        async with aclosing(conversation.play(lambda shown: shown)) as played:
            async for item in played:
                if isinstance(item, FrameInterval) and item.turn is not None and not first:
                    first, due = clock.now(), conversation.due(item.frame.timestamp)
                if isinstance(item, TurnEnd):
                    lead = item.turn.leads.found()
                    least = lead.least if lead else 0.0
                    break
        for helper in helpers:
            helper.cancel()
    conversation.close()
    return TurnTimes((first - asked) / MILLISECOND, (due - asked) / MILLISECOND, least)


async def _all_times(
    texts: Sequence[str], voice: Voice, engine: Engine, frame_rate: Fraction, clock: Clock
) -> list[TurnTimes]:
    models = SpeechModels(engine, voice, clock, frame_rate=frame_rate)
    threads = ServerThreads(engine, 1)
    try:
        return [await turn_times(text, models, clock, threads) for text in texts]
    finally:
        threads.close()


def spoken_times(
    texts: Sequence[str], voice: Voice, engine: Engine, frame_rate: Fraction, clock: Clock
) -> SpokenTimes:
    """Speak texts one after the other, in real time."""
    found = asyncio.run(_all_times(texts, voice, engine, frame_rate, clock))
    return SpokenTimes(
        len(found),
        round(float(np.median([turn.first_face for turn in found])), 1),
        round(float(np.median([turn.first_sound for turn in found])), 1),
        round(float(np.median([turn.least_lead for turn in found])), 1),
        round(min(turn.least_lead for turn in found), 1),
    )


def real_time_factor(texts: Sequence[str], voice: Voice, clock: Clock) -> float:
    """Return how long the voice takes to speak texts, as a share of the time they last."""
    began, samples = clock.now(), 0
    for text in texts:
        samples += sum(len(speech.samples) for speech in voice.speak(text))
    return (clock.now() - began) / SECOND / (samples / voice.sample_rate)
