"""Who is evaluated: ways to turn an utterance into a face."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec, Weights
from facewire.stream.engine import Engine
from facewire.tokens import TokenChunk
from facewire.wire.provisional_blend import ProvisionalBlend
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import TOKEN_RATE
from facewire_engines.phones.token_session import PHONETIC
from facewire_training.animation.effort import effort_from_audio
from facewire_training.animation.procedural import animate
from facewire_training.data.corpora.corpus import TOKEN_SIZE, Utterance
from facewire_training.data.recognisers import Recognise
from facewire_training.take import Take

Performer = Callable[[Utterance, Fraction], Take]
"""Gives an utterance a face at a frame rate."""

SAMPLE_RATE = 16_000
CHUNK = 1_600
"""Samples that are pushed at once: it changes nothing but the time it takes."""
_METER_JAW = 0.5


def oracle(utterance: Utterance, frame_rate: Fraction) -> Take:
    """Animate the true phones with the true effort: the ground truth of the embedded model."""
    times_s, effort = _times_and_effort(utterance, frame_rate)
    weights = animate(utterance.phones, times_s, effort)
    return Take(weights, frame_rate, tuple(utterance.phones))


def volume_meter(utterance: Utterance, frame_rate: Fraction) -> Take:
    """Open the jaw as loudness goes: what any programmer would try first."""
    _, effort = _times_and_effort(utterance, frame_rate)
    weights: Weights = np.zeros((len(effort), arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = _METER_JAW * (1 + effort) / 2
    return Take(weights, frame_rate, tuple(utterance.phones))


@dataclass(frozen=True, slots=True, eq=False)
class Streamed:
    """An engine that hears the utterance chunk by chunk, in a session of its own."""

    engine: Engine
    lookahead_ms: float
    shown: bool = False
    """Whether the face stage's idle motion is added, as viewers see it; each utterance has a seed
    of its own, the same every time."""

    def __call__(self, utterance: Utterance, frame_rate: Fraction) -> Take:
        """Push the audio, and put the frames where their own timestamps say."""
        session = self.engine.session(frame_rate=frame_rate, lookahead_ms=self.lookahead_ms)
        frames = []
        for start in range(0, len(utterance.samples), CHUNK):
            samples = utterance.samples[start : start + CHUNK]
            frames += session.push(AudioChunk(samples, start, SAMPLE_RATE))
        frames += session.flush()
        if self.shown:
            face = make_face(session.spec, seed=zlib.crc32(utterance.name.encode()))
            frames = [face.apply(frame) for frame in frames]
        return _take(utterance, frame_rate, frames)


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """The embedded model's decoder on what somebody hears who knows the whole recording.

    What it lacks to the oracle is the decoder's fault; what `Streamed` lacks to it, the encoder's.
    """

    recognise: Recognise
    lookahead_ms: float
    """Of the decoder."""

    def __call__(self, utterance: Utterance, frame_rate: Fraction) -> Take:
        """Animate what is heard, with the effort of the audio."""
        decoder = load_embedded().token_decoder()
        session = decoder.session(frame_rate=frame_rate, lookahead_ms=self.lookahead_ms)
        # Of less than a token there is one face, too.
        samples = np.pad(utterance.samples, (0, max(TOKEN_SIZE - len(utterance.samples), 0)))
        rows = self.recognise(samples)
        effort = effort_from_audio(samples, SAMPLE_RATE)[: len(rows)]
        chunk = TokenChunk(rows[: len(effort)], PHONETIC, 0, 0, SAMPLE_RATE)
        frames = session.push(chunk, effort) + session.flush()
        return _take(utterance, frame_rate, frames)


@dataclass(frozen=True, slots=True, eq=False)
class Provisional:
    """An engine without look-ahead, its frames blended with corrections as a client blends them."""

    engine: Engine
    lookahead_ms: float
    """Of the corrections."""

    def __call__(self, utterance: Utterance, frame_rate: Fraction) -> Take:
        """Push the audio hop by hop to both, and return what is shown at once."""
        at_once, later = (
            self.engine.session(frame_rate=frame_rate, lookahead_ms=ahead)
            for ahead in (0.0, self.lookahead_ms)
        )
        blend = ProvisionalBlend()
        shown = []
        for start in range(0, len(utterance.samples), self.engine.hop):
            chunk = AudioChunk(
                utterance.samples[start : start + self.engine.hop], start, SAMPLE_RATE
            )
            shown += [
                replace(frame, weights=blend.show(frame.index, frame.weights))
                for frame in at_once.push(chunk)
            ]
            for frame in later.push(chunk):
                blend.correct(frame.index, frame.weights)
        shown += at_once.flush()
        later.close()
        return _take(utterance, frame_rate, shown)


def _take(utterance: Utterance, frame_rate: Fraction, frames: list[BlendshapeFrame]) -> Take:
    """Show each frame from its timestamp until the next one's, as a player would do it."""
    spec = StreamSpec(SAMPLE_RATE, frame_rate)
    moments = [spec.timestamp(index) for index in range(spec.frame_count(len(utterance.samples)))]
    shown = [frame.timestamp for frame in frames]
    at = np.clip(np.searchsorted(shown, moments, side="right") - 1, 0, None)
    weights: Weights = np.stack([frame.weights for frame in frames])[at]
    return Take(weights, frame_rate, tuple(utterance.phones))


def _times_and_effort(
    utterance: Utterance, frame_rate: Fraction
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the time of each frame in seconds, and the effort at it, [T] each."""
    count = StreamSpec(SAMPLE_RATE, frame_rate).frame_count(len(utterance.samples))
    times_s = np.arange(count) / float(frame_rate)
    measured = effort_from_audio(utterance.samples, SAMPLE_RATE)
    centres_s = (np.arange(len(measured)) + 0.5) / TOKEN_RATE
    return times_s, np.interp(times_s, centres_s, measured).astype(np.float32)
