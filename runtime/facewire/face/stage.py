"""One face: what the engine says, made to fit a character and to look alive.

Everything follows from the frames themselves, in order: no wall clock, no unseeded chance.
"""

import math
import secrets
from dataclasses import replace
from typing import Protocol

import numpy as np

from facewire import arkit
from facewire.emotion import Emotion, emotion_of
from facewire.face.activity import SpeechActivity
from facewire.face.articulation import Articulation
from facewire.face.calibration import Calibration, constrain, limit
from facewire.face.emotion.layer import EmotionLayer
from facewire.face.emotion.voice_emotion import VoiceEmotion
from facewire.face.idle.head import Angles
from facewire.face.idle.motion import IdleMotion
from facewire.face.profile import NEUTRAL, Profile
from facewire.face.rest import RestPose
from facewire.frames import BlendshapeFrame, Samples, StreamSpec, Weights

SEED_BITS = 53
"""Of a seed that is drawn: what every JSON library reads exactly."""

_ABSURD = 100.0
"""Weights beyond this are cut, so that no factor of a profile can overflow."""


def draw_seed() -> int:
    """Return a seed of idle motion like no other."""
    return secrets.randbits(SEED_BITS)


def make_face(
    spec: StreamSpec, profile: Profile = NEUTRAL, *, idle: bool = True, seed: int | None = 0
) -> "Face":
    """Return a face for one stream; `idle` adds all that a living face does besides.

    The same seed moves the same way. None draws one, for a face that moves like no other.
    """
    if seed is None:
        seed = draw_seed()
    return Face(spec, profile, IdleMotion(profile, seed) if idle else None)


class FaceStage(Protocol):
    """What makes an engine's frame fit a character; one for each stream."""

    def hear(self, samples: Samples) -> None:
        """Take the sound [N] that comes next, before the frames that follow from it.

        Consecutive from the first frame's timestamp on, at the rate of the stream. Where there is
        none, the voice tells nothing.
        """
        ...

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        """Return the frame as the character shows it."""
        ...


class Face:
    """The face stage of one stream. Used by one thread at a time, with frames in order."""

    def __init__(self, spec: StreamSpec, profile: Profile, idle: IdleMotion | None) -> None:
        self._sample_rate = spec.sample_rate
        self._interval = float(1 / spec.frame_rate)
        self._articulation = Articulation(profile.articulation)
        self._calibration = Calibration(profile)
        self._rest = RestPose(self._calibration.rest())
        self._activity = SpeechActivity()
        self._emotion = emotion_of(profile.emotion)
        self._feelings = EmotionLayer(profile.live_transition_time, profile.emotion_strength)
        self._voice = VoiceEmotion(spec.sample_rate)
        self._idle = idle
        self._index: int | None = None
        self._weights: Weights = np.zeros(arkit.COUNT, np.float32)
        self._speech = 0.0
        self._head: Angles = (0.0, 0.0, 0.0)

    def hear(self, samples: Samples) -> None:
        """Take the sound [N] that comes next; only what is wanted of it is listened to."""
        self._voice.push(samples)

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        """Return the frame as the character shows it; time, turn and stamps are untouched.

        Frames may be missing: the state moves on by as many frame intervals as the index does.
        A weight, probability or angle that is not finite is replaced by the last one that was.
        """
        dt = self._advance(frame.index)
        self._remember_finite(frame)
        self._activity.step(self._speech, dt)
        weights = self._calibration.apply(self._articulation.apply(self._weights), dt)
        self._rest.apply(weights, self._activity, dt)
        constrain(weights)
        felt = self._felt(frame)
        head = self._feelings.apply(weights, self._head, felt, dt)
        if self._idle is not None:
            time = frame.timestamp / self._sample_rate
            head = self._idle.apply(weights, head, time, self._activity, dt)
        return replace(frame, weights=weights, head=head, speech=self._speech)

    def _felt(self, frame: BlendshapeFrame) -> Emotion:
        felt = self._emotion if frame.emotion is None else frame.emotion
        if not felt.voice:
            self._voice.skip(frame.timestamp)
            return felt
        return felt.with_voice(self._voice.at(frame.timestamp))

    def _advance(self, index: int) -> float:
        """Return the seconds since the last frame; none have passed if the index went back."""
        intervals = 1 if self._index is None else max(index - self._index, 0)
        self._index = index
        return intervals * self._interval

    def _remember_finite(self, frame: BlendshapeFrame) -> None:
        weights = np.array(frame.weights, np.float32)
        finite = np.isfinite(weights)
        if not finite.all():
            weights = np.where(finite, weights, self._weights)
        limit(weights, -_ABSURD, _ABSURD)
        self._weights = weights
        if math.isfinite(frame.speech):
            self._speech = frame.speech
        if all(map(math.isfinite, frame.head)):
            self._head = frame.head
