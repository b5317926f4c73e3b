"""Hops that wait for each other, so that one run of an encoder hears several of them.

A hop that completes no frame tells nobody anything yet. It is held until the one that does complete
a frame, and goes through the encoder together with it, whose weights are then read once. Which hops
those are follows from the frame rate and the look-ahead alone, so how audio was cut into chunks
cannot change a single bit of a frame.
"""

import numpy as np

from facewire.frames import Samples, StreamSpec
from facewire_engines.hearing.hop_intake import hops_within

TOGETHER = 4
"""Hops of a group at most: a longer run would be felt when a frame is due."""


class HopGroups:
    """The hops of one stream on their way to its encoder."""

    def __init__(self, spec: StreamSpec, hop: int, most: int) -> None:
        self.heard = 0
        """Hops so far, with those that are held."""
        self._spec = spec
        self._hop = hop
        self._most = most
        self._held: list[Samples] = []
        self._frame = 0
        """The first frame whose look-ahead ends in a hop that is still to come."""
        self._whole = False
        """Whether what is held is a group as it is."""
        self._pass_frames()

    def add(self, hops: Samples) -> list[Samples]:
        """Take hops `[N, hop]`, and return the groups that are whole, each `[n * hop]`."""
        groups: list[Samples] = []
        if self._whole and len(hops):
            groups.append(self._release())
        for hop in hops:
            self._held.append(hop)
            self.heard += 1
            if self._pass_frames() or len(self._held) >= self._most:
                groups.append(self._release())
        return groups

    def retune(self, spec: StreamSpec) -> None:
        """Let another look-ahead hold: frames may be due that what is held completes."""
        self._spec = spec
        self._whole = bool(self._held)
        while self._frame and self._needs(self._frame - 1) > self.heard:
            self._frame -= 1
        self._pass_frames()

    def _pass_frames(self) -> bool:
        """Pass the frames that have heard all they may, and tell whether there are such."""
        before = self._frame
        while self._needs(self._frame) <= self.heard:
            self._frame += 1
        return self._frame > before

    def _needs(self, frame: int) -> int:
        return hops_within(self._spec, self._spec.timestamp(frame), self._hop)

    def _release(self) -> Samples:
        held, self._held, self._whole = self._held, [], False
        return held[0] if len(held) == 1 else np.concatenate(held)
