"""Frames that tests record, and how."""

import numpy as np

from facewire import arkit
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.stream.sink import Sink

SPEC = StreamSpec()


def frame(index: int, spec: StreamSpec = SPEC) -> BlendshapeFrame:
    random = np.random.default_rng(index)
    return BlendshapeFrame(
        random.uniform(0, 1, arkit.COUNT).astype(np.float32),
        index,
        spec.timestamp(index),
        turn=index // 100,
        speech=0.25,
        head=(0.125, -0.25, 0.5),
    )


def weights(count: int) -> np.ndarray:
    return np.stack([frame(index).weights for index in range(count)])


async def record(sink: Sink, count: int, spec: StreamSpec = SPEC) -> None:
    await sink.open(spec, "energy")
    for index in range(count):
        await sink.send(frame(index, spec))
    await sink.aclose()
    await sink.aclose()
