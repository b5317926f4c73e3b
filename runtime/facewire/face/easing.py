"""Eases a face from where it is to where it is going: what keeps cuts and seams from jumping."""

from dataclasses import replace

import numpy as np

from facewire.face.activity import smoothstep
from facewire.frames import BlendshapeFrame


class Easing:
    """Leaves one face behind within a time, whatever comes instead."""

    def __init__(self, leaving: BlendshapeFrame, start: int, length: int) -> None:
        """Get ready.

        Args:
            leaving: the last face that was shown.
            start: the sample at which it begins to go.
            length: samples until nothing is left of it.
        """
        self._leaving = leaving
        self._start = start
        self._length = length

    @property
    def end(self) -> int:
        """The first sample at which nothing is left of the old face."""
        return self._start + self._length

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        """Return the frame with as much of the old face as is left at its timestamp."""
        share = smoothstep((frame.timestamp - self._start) / self._length)
        if share >= 1:
            return frame
        old = self._leaving
        weights = old.weights + np.float32(share) * (frame.weights - old.weights)
        yaw, pitch, roll = (
            was + share * (now - was) for was, now in zip(old.head, frame.head, strict=True)
        )
        return replace(frame, weights=weights, head=(yaw, pitch, roll))
