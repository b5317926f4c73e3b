"""From a source to faces: one task reads and infers; each sink has its own (`outputs.py`)."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import replace
from functools import partial

from facewire.clock import Clock
from facewire.face import FaceStage
from facewire.foreign_code import exits_as_errors
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.stream.engine import EngineSession
from facewire.stream.outputs import StreamOutputs


def inferring(
    source: AsyncIterable[AudioChunk], session: EngineSession, face: FaceStage, clock: Clock
) -> Callable[[StreamOutputs], Awaitable[None]]:
    """Return what `deliver_stream` has to run: it makes faces of what the source gives.

    Args:
        source: consecutive chunks at the session's rate; whoever opened it closes it.
        session: makes their frames.
        face: makes the frames fit a character.
        clock: stamps them.
    """
    return partial(_infer, source, session, face, clock)


async def _infer(
    source: AsyncIterable[AudioChunk],
    session: EngineSession,
    face: FaceStage,
    clock: Clock,
    outputs: StreamOutputs,
) -> None:
    """Make faces of what the source gives; if it fails, the stream still ends in order."""

    async def show(work: Callable[[], list[BlendshapeFrame]]) -> None:
        frames, spent = await asyncio.to_thread(_faced, work, face, clock)
        outputs.report.busy_ns += spent
        for frame in frames:
            await outputs.show(frame)

    chunks = aiter(source)
    failure: Exception | None = None
    while True:
        try:
            chunk = await anext(chunks)
        except StopAsyncIteration:
            break
        except Exception as error:
            failure = error
            break
        await outputs.hear(chunk)
        face.hear(chunk.samples)
        await show(partial(session.push, chunk))
        if outputs.none_left:
            return
    await show(session.flush)
    if failure is not None:
        raise failure


def _faced(
    work: Callable[[], list[BlendshapeFrame]], face: FaceStage, clock: Clock
) -> tuple[list[BlendshapeFrame], int]:
    """Run the engine and the face stage, in a thread; return the frames, and the time in ns."""
    began = clock.now()
    frames = []
    with exits_as_errors():
        made = work()
    for frame in made:
        faced = face.apply(frame)
        stamps = replace(faced.stamps, faced=clock.now())
        frames.append(replace(faced, stamps=stamps))
    return frames, clock.now() - began
