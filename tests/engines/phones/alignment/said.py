"""Sentences of the embedded voice with its own phone times, and what is heard of them."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.speaking.alignment.marks import Mark
from facewire.speaking.alignment.timeline import Timeline
from facewire.speaking.voice import Span
from facewire_engines.phones.alignment.session import PhonesAlignedSession
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.phone_set import INDEX
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

RATE = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A sentence."""

    samples: Samples
    phones: tuple[Span, ...]
    words: tuple[Span, ...]


@cache
def say(text: str) -> Said:
    from facewire_engines.voices.espeak.voice import EspeakVoice

    (speech,) = EspeakVoice().speak(text)
    return Said(speech.samples, speech.phones, speech.words)


@cache
def _engine() -> PhonesEngine:
    return load_embedded()


def session(marks: list[Mark] | None = None, language: str = "en-us") -> PhonesAlignedSession:
    opened = _engine().aligned_session(language=language)
    if marks is not None:
        timeline = Timeline()
        timeline.add(marks)
        opened.align(timeline.spans())
    return opened


def play(
    opened: PhonesAlignedSession, samples: Samples, size: int = 3_200
) -> list[BlendshapeFrame]:
    frames: list[BlendshapeFrame] = []
    for start in range(0, len(samples), size):
        frames += opened.push(AudioChunk(samples[start : start + size], start, RATE))
    return frames + opened.flush()


def take(frames: list[BlendshapeFrame], said: Said) -> Take:
    face = make_face(_engine().session().spec, idle=False)
    weights = np.stack([face.apply(frame).weights for frame in frames])
    return Take(weights, Fraction(60), intervals(said))


def intervals(said: Said) -> tuple[PhoneInterval, ...]:
    return tuple(
        PhoneInterval(phone.start / RATE, phone.end / RATE, INDEX[phone.label])
        for phone in said.phones
    )
