"""Shows on a face that speaks what its speaker feels, and leaves the lips to speech."""

import numpy as np
from numpy.typing import NDArray

from facewire.emotion import NAMES, Emotion
from facewire.face.activity import approach
from facewire.face.calibration import limit
from facewire.face.emotion.poses import POSES, pose_weights
from facewire.face.gap_keeper import GapKeeper
from facewire.face.idle.gaze import turn_eyes
from facewire.face.idle.head import Angles
from facewire.face.lips import linear_gap
from facewire.face.regions import JAW_OPEN, LOWER, MOUTH_CLOSE, indices
from facewire.frames import Weights

_ROUND = indices("mouthFunnel", "mouthPucker")
_ROUNDED = 1.5
"""How much less a mouth smiles or frowns for funnel and pucker of 1 together: round lips are
speech's, and corners that are pulled would flatten them."""
_CLOSERS = indices("mouthRollLower", "mouthPressLeft", "mouthPressRight")
_MOST_PRESSED = 0.5
_UNSEEN = 1e-4
_STAGES = 2
"""Lags one after the other, so that a change begins and ends without a corner."""
_TIME_CONSTANTS = 4.74
"""In which two such lags come within 5 % of where they go."""


class EmotionLayer:
    """Adds what is felt to one face. Used by one thread at a time, with frames in order.

    A residual on top of the mouth, where UniTAF (arXiv 2602.15651) has its expression model: brows,
    lids, cheeks, nose and the corners of the mouth move, and the lip gap stays what speech made it.
    """

    def __init__(self, transition_s: float, strength: float = 1.0) -> None:
        """Get ready; a change takes so many seconds, and of all emotions `strength` is shown."""
        self._lag = transition_s / _TIME_CONSTANTS
        self._strength = strength
        self._poses = pose_weights()
        self._nods: NDArray[np.float32] = np.array([POSES[n].nod for n in NAMES], np.float32)
        self._looks: NDArray[np.float32] = np.array([POSES[n].look_down for n in NAMES], np.float32)
        self._lips = GapKeeper()
        self._closing = -float(linear_gap()[_CLOSERS].sum())
        self._stages: list[NDArray[np.float64]] | None = None
        self._shown = False

    def apply(self, weights: Weights, head: Angles, felt: Emotion, dt: float) -> Angles:
        """Add to weights `[52]` in [0, 1] in place, and return the angles of the head.

        `dt` are the seconds since the last frame. The first frame has its emotion at once.
        """
        if self._stages is not None and not self._shown and not any(felt.shares):
            return head
        shares = self._strength * self._approach(felt, dt)
        self._shown = bool(max(stage.max() for stage in self._stages or ()) > _UNSEEN)
        if not self._shown:
            return head
        # Together they cannot be more than one, wholly felt.
        shares = shares / max(float(shares.sum()), 1.0)
        spoken = weights.copy()
        gap = self._lips.of(spoken)
        pose = np.asarray(shares.astype(np.float32) @ self._poses, np.float32)
        roundness = min(_ROUNDED * float(weights[_ROUND].sum()), 1.0)
        pose[LOWER] *= np.float32(1 - roundness)
        # What speech moves already moves less: no shape can be more than whole.
        weights += pose * (1 - weights)
        turn_eyes(weights, 0.0, -float(shares @ self._looks))
        limit(weights, 0, 1)
        self._close(weights, gap)
        self._lips.keep(weights, spoken, gap)
        yaw, pitch, roll = head
        return yaw, pitch + float(shares @ self._nods), roll

    def _close(self, weights: Weights, gap: float) -> None:
        """Let the lips press and roll in where what is felt parts them, and no jaw can close them.

        So shut lips smile. In place; what that cannot close is left.
        """
        excess = self._lips.of(weights) - gap - float(weights[JAW_OPEN] - weights[MOUTH_CLOSE])
        if excess > 0:
            pressed = min(excess / self._closing, _MOST_PRESSED)
            weights[_CLOSERS] = np.minimum(weights[_CLOSERS] + np.float32(pressed), 1)

    def _approach(self, felt: Emotion, dt: float) -> NDArray[np.float64]:
        """Return how much of each emotion is seen by now, `[8]`."""
        goal = np.array(felt.shares, np.float64)
        if self._stages is None or self._lag == 0:
            self._stages = [goal] * _STAGES
            return goal
        for stage, now in enumerate(self._stages):
            left = approach(1.0, 0.0, dt, self._lag)
            goal = goal + (now - goal) * left
            self._stages[stage] = goal
        return goal
