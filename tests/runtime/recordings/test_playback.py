"""A recording played again: each frame with its sound, again and again on one time line."""

import tracemalloc
from collections.abc import AsyncIterator
from functools import partial
from itertools import islice

import numpy as np

from facewire import arkit
from facewire.clock import SystemClock
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.recordings.playback import frames_of, play, sound_of
from facewire.recordings.recorded_face import RecordedFace, recorded_face
from facewire.stream.outputs import deliver_stream

SPEC = StreamSpec(lookahead=0)


def face(count: int) -> RecordedFace:
    weights = np.zeros((count, arkit.COUNT), np.float32)
    weights[:, 0] = np.arange(count) / count
    return recorded_face(weights, SPEC, known=np.ones(arkit.COUNT, np.bool_))


def test_sound_lasts_as_long_as_the_face() -> None:
    recorded = [AudioChunk(np.ones(5_000, np.float32), 0, 16_000)]
    chunks = list(sound_of(face(60), recorded))
    assert all(
        chunk.start == sum(len(c.samples) for c in chunks[:place])
        for place, chunk in enumerate(chunks)
    )
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert len(samples) == 16_000
    assert (samples[:5_000] == 1).all()
    assert not samples[5_000:].any()
    longer = [AudioChunk(np.ones(9_000, np.float32), start, 16_000) for start in (0, 9_000)]
    assert sum(len(chunk.samples) for chunk in sound_of(face(60), longer)) == 16_000


def test_silence_of_weeks_is_made_piece_by_piece() -> None:
    times = np.array([0, 29 * 86_400 * 16_000])
    long = recorded_face(
        np.zeros((2, arkit.COUNT), np.float32), SPEC, known=np.ones(arkit.COUNT, np.bool_),
        timestamps=times,
    )  # fmt: skip
    tracemalloc.start()
    try:
        assert sum(len(chunk.samples) for chunk in islice(sound_of(long, ()), 100)) == 16_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_loop_has_one_time_line() -> None:
    """35 frames are no whole number of samples, and nothing may drift."""
    shown = list(islice(frames_of(face(35), repeat=True), 35 * 1000))
    assert [frame.index for frame in shown] == list(range(35_000))
    assert all(abs(frame.timestamp - SPEC.timestamp(frame.index)) <= 1 for frame in shown)
    sound = sound_of(face(35), [AudioChunk(np.ones(100, np.float32), 0, 16_000)], repeat=True)
    last = 0
    for chunk in islice(sound, 60_000):
        assert chunk.start == last
        last = chunk.end


class Witness:
    """Remembers what it heard before each frame."""

    lossless = True

    def __init__(self) -> None:
        self.heard = 0
        self.frames: list[BlendshapeFrame] = []

    async def open(self, spec: StreamSpec, engine: str) -> None:
        assert (spec, engine) == (SPEC, "recording")

    async def send_audio(self, chunk: AudioChunk) -> None:
        self.heard = chunk.end

    async def send(self, frame: BlendshapeFrame) -> None:
        self.frames.append(frame)

    async def aclose(self) -> None: ...


async def chunks_of(recorded: RecordedFace) -> AsyncIterator[AudioChunk]:
    for chunk in sound_of(recorded, ()):
        yield chunk


async def test_every_frame_comes_once_and_in_order() -> None:
    witness, recorded, clock = Witness(), face(90), SystemClock()
    report = await deliver_stream(
        partial(play, chunks_of(recorded), frames_of(recorded), clock),
        SPEC,
        [witness],
        engine_name=recorded.engine,
        clock=clock,
        listeners=[witness],
        live=False,
    )
    assert [frame.index for frame in witness.frames] == list(range(90))
    np.testing.assert_array_equal([frame.weights for frame in witness.frames], recorded.weights)
    assert report.samples == witness.heard == 24_000
