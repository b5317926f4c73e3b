"""What is counted about one stream, while it runs and when it is over."""

from dataclasses import dataclass, field
from typing import Any

from facewire.audio.repairs import Repairs
from facewire.clock import SECOND
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.stream.latency import StageLatencies
from facewire.stream.sink_queue import SinkQueue


@dataclass(slots=True, eq=False)
class StreamReport:
    """Counted facts of one stream; `deliver_stream` keeps them up to date as it goes."""

    spec: StreamSpec = field(default_factory=StreamSpec)
    frames: int = 0
    """How many frames the engine made."""
    samples: int = 0
    """How much audio it took."""
    late: int = 0
    """Frames of a live stream that were ready more than one frame interval after the last sample
    that they needed was captured, and was due where the source is ahead of real time."""
    busy_ns: int = 0
    """Time spent in the engine and the face stage."""
    wall_ns: int = 0
    """Time from open sinks to closed ones; 0 until it is over."""
    latencies: StageLatencies = field(default_factory=StageLatencies)
    """Of the most recent frames."""
    queues: list[SinkQueue[Any]] = field(default_factory=list)
    """The sinks in their order, then the audio listeners."""
    repairs: Repairs | None = None
    """What the source put in the place of audio that did not come."""
    _chunk_end: int = 0
    _chunk_due: int = 0

    def hear(self, chunk: AudioChunk) -> None:
        """Count audio, before the frames that it completes."""
        self.samples += len(chunk.samples)
        self._chunk_end, self._chunk_due = chunk.end, chunk.due

    def count(self, frame: BlendshapeFrame, *, live: bool) -> None:
        """Count one frame that is ready to leave."""
        self.frames += 1
        self.latencies.add(frame.stamps)
        captured, ready = frame.stamps.captured, frame.stamps.faced
        if not live or not captured:
            return
        if (ready - max(captured, self._due(frame))) * self.spec.frame_rate > SECOND:
            self.late += 1

    def _due(self, frame: BlendshapeFrame) -> int:
        """Return when somebody plays the last sample that a frame needed, in ns; 0 if unknown."""
        if not self._chunk_due:
            return 0
        needed = frame.timestamp + self.spec.lookahead
        return self._chunk_due - (self._chunk_end - needed) * SECOND // self.spec.sample_rate

    @property
    def dropped(self) -> dict[str, int]:
        """How many items each queue lost because it was too slow, by its name."""
        return {queue.name: queue.channel.dropped for queue in self.queues}

    @property
    def failures(self) -> dict[str, str]:
        """Why queues were left out, by their names; empty if all went well."""
        return {queue.name: queue.failure for queue in self.queues if queue.failure}

    @property
    def written(self) -> list[SinkQueue[Any]]:
        """The recorders that have everything, and all of it on disk, once the stream is over."""
        recorders = (queue for queue in self.queues if queue.recording)
        return [o for o in recorders if o.recording and o.recording.whole and o.has_everything]

    @property
    def broken(self) -> list[SinkQueue[Any]]:
        """The recorders that do not, once the stream is over."""
        written = self.written
        return [queue for queue in self.queues if queue.recording and queue not in written]

    @property
    def audio_s(self) -> float:
        """Seconds of audio taken."""
        return self.samples / self.spec.sample_rate

    @property
    def wall_s(self) -> float:
        """Seconds that the stream took."""
        return self.wall_ns / SECOND

    @property
    def real_time_factor(self) -> float:
        """Seconds of work in engine and face stage for a second of audio; 0 without audio."""
        return self.busy_ns / SECOND / self.audio_s if self.samples else 0.0
