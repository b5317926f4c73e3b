"""A recorded face, and its sound, played again in real time."""

from collections.abc import AsyncIterable, Iterable, Iterator
from dataclasses import replace
from itertools import count

import numpy as np

from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, Stamps
from facewire.recordings.recorded_face import RecordedFace
from facewire.sources.paced import CHUNK_MS
from facewire.stream.outputs import StreamOutputs


def sound_of(
    face: RecordedFace, recorded: Iterable[AudioChunk], *, repeat: bool = False
) -> Iterator[AudioChunk]:
    """Yield the sound of a recording in chunks of 10 ms or less, silent where there is none.

    Args:
        face: whose time it is in.
        recorded: its sound from the first sample on, at the face's sample rate, iterated once for
            each time that it is played. What is longer than the face is left out.
        repeat: begin again, for ever.
    """
    size = face.spec.sample_rate * CHUNK_MS // 1000
    for turn in count() if repeat else range(1):
        begin = pass_start(face, turn)
        at = 0
        length = pass_start(face, turn + 1) - begin
        for chunk in recorded:
            samples = chunk.samples[: length - at]
            yield from _pieces(samples, begin + at, face.spec.sample_rate, size)
            at += len(samples)
            if at >= length:
                break
        silence = np.zeros(size, np.float32)
        for place in range(at, length, size):
            yield AudioChunk(silence[: length - place], begin + place, face.spec.sample_rate)


def frames_of(face: RecordedFace, *, repeat: bool = False) -> Iterator[BlendshapeFrame]:
    """Yield the frames of a recording, on one time line however often it is played."""
    per_pass = face.spec.frame_count(face.end)
    for turn in count() if repeat else range(1):
        for frame in face.frames():
            yield replace(
                frame,
                index=frame.index + turn * per_pass,
                timestamp=frame.timestamp + pass_start(face, turn),
            )


def pass_start(face: RecordedFace, turn: int) -> int:
    """Return the sample at which a recording begins for the n-th time, from 0."""
    return face.spec.timestamp(turn * face.spec.frame_count(face.end))


async def play(
    chunks: AsyncIterable[AudioChunk],
    frames: Iterator[BlendshapeFrame],
    clock: Clock,
    outputs: StreamOutputs,
) -> None:
    """Show each frame when its sound has come, until the sound or all outputs end.

    Args:
        chunks: of sound, as time goes by.
        frames: in order, on the sound's time line.
        clock: of the stamps.
        outputs: of `deliver_stream`.
    """
    waiting = next(frames, None)
    async for chunk in chunks:
        await outputs.hear(chunk)
        while waiting is not None and waiting.timestamp < chunk.end:
            stamps = Stamps(captured=chunk.captured, faced=clock.now())
            await outputs.show(replace(waiting, stamps=stamps))
            waiting = next(frames, None)
        if outputs.none_left:
            return


def _pieces(samples: Samples, start: int, rate: int, size: int) -> Iterator[AudioChunk]:
    for at in range(0, len(samples), size):
        yield AudioChunk(samples[at : at + size], start + at, rate)
