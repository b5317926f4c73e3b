"""One stream from source to sinks: one task reads and infers, and each sink has its own."""

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from facewire.clock import Clock
from facewire.face import FaceStage
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.stream.engine import EngineSession
from facewire.stream.outputs import StreamOutputs, deliver_stream
from facewire.stream.report import StreamReport
from facewire.stream.sink import AudioListener, Sink
from facewire.stream.sink_queue import SinkQueue


async def run_stream(
    source: AsyncIterable[AudioChunk],
    session: EngineSession,
    face: FaceStage,
    sinks: Sequence[Sink],
    *,
    engine_name: str,
    clock: Clock,
    listeners: Sequence[AudioListener] = (),
    others: Sequence[SinkQueue[Any]] = (),
    live: bool,
    report: StreamReport | None = None,
    patience_s: float = 5.0,
) -> StreamReport:
    """Move one stream from its source to its sinks, until it ends or is cancelled.

    What it does with sinks and listeners is said at `deliver_stream`; when no sink is left, the
    stream ends.

    Args:
        source: consecutive chunks at the session's rate; whoever opened it closes it.
        session: makes their frames.
        face: makes the frames fit a character.

    Returns:
        The report, whose `failures` tell which sinks were left out.

    Raises:
        ConfigError: a sink cannot be opened.
        Exception: whatever the source or the session raised, once the sinks have what was made.
    """
    return await deliver_stream(
        partial(_infer, source, session, face, clock),
        session.spec,
        sinks,
        engine_name=engine_name,
        clock=clock,
        listeners=listeners,
        others=others,
        live=live,
        report=report,
        patience_s=patience_s,
    )


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
    for frame in work():
        faced = face.apply(frame)
        stamps = replace(faced.stamps, faced=clock.now())
        frames.append(replace(faced, stamps=stamps))
    return frames, clock.now() - began
