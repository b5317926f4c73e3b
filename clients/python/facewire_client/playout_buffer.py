"""What a player needs between the wire and the loudspeaker: sound and faces by sample."""

from bisect import bisect_left, bisect_right

import numpy as np

from facewire.frames import Samples
from facewire.wire.binary import WireFrame
from facewire.wire.speak import Interrupted
from facewire_client.speaker import SpeechEvent
from facewire_client.viewer import AudioRun


class PlayoutBuffer:
    """Keeps what came and was not played, and forgets what an interrupt made void."""

    def __init__(self) -> None:
        self._frames: list[WireFrame] = []
        self._audio: list[AudioRun] = []
        self._foreseen = False
        """Whether frames come twice, first as provisional ones."""

    def add(self, event: SpeechEvent) -> None:
        """Take an event, in the order in which they come."""
        if isinstance(event, WireFrame):
            self._put(event)
        elif isinstance(event, AudioRun):
            self._audio.append(event)
        elif isinstance(event, Interrupted):
            self._cut(event)

    def face(self, sample: int) -> WireFrame | None:
        """Return the face to be shown when a sample is heard; None before the first.

        What is older is forgotten, so ask in the order of time.
        """
        place = bisect_right(self._frames, sample, key=lambda frame: frame.timestamp)
        if not place:
            return None
        del self._frames[: place - 1]
        return self._frames[0]

    def sound(self, start: int, count: int) -> Samples:
        """Return the samples `[start, start + count)`, with silence where there are none.

        What is older is forgotten, so ask in the order of time.
        """
        samples = np.zeros(count, np.float32)
        for run in self._audio:
            first = max(run.start, start)
            end = min(run.start + len(run.samples), start + count)
            if first < end:
                samples[first - start : end - start] = run.samples[
                    first - run.start : end - run.start
                ]
        self._audio = [r for r in self._audio if r.start + len(r.samples) > start + count]
        return samples

    def _put(self, frame: WireFrame) -> None:
        """Keep a frame; a correction takes the place of the frame that it corrects, if any."""
        self._foreseen |= frame.provisional
        if frame.provisional or not self._foreseen:
            self._frames.append(frame)
            return
        place = bisect_left(self._frames, frame.timestamp, key=lambda one: one.timestamp)
        if place < len(self._frames) and self._frames[place].index == frame.index:
            self._frames[place] = frame

    def _cut(self, event: Interrupted) -> None:
        over = (event.turn, *event.dropped)
        if event.frame is None:
            # The turn had not begun: what came ahead of it is void, whatever its index.
            self._frames = [frame for frame in self._frames if frame.turn not in over]
        else:
            self._frames = [frame for frame in self._frames if frame.index <= event.frame]
        end = 0 if event.sample is None else event.sample + 1
        kept: list[AudioRun] = []
        for run in self._audio:
            if run.turn in event.dropped:
                continue
            if run.turn == event.turn:
                run = AudioRun(run.samples[: max(0, end - run.start)], run.start, run.turn)
            kept.append(run)
        self._audio = kept
