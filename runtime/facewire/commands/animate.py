"""`facewire animate`: a recording to a file of faces, as fast as the machine can."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from facewire.clock import SECOND, Clock, SystemClock
from facewire.commands import options
from facewire.commands.loading import load_wanted
from facewire.commands.running import run
from facewire.commands.signals import Ended
from facewire.commands.summary import raise_failures
from facewire.errors import ConfigError
from facewire.frames import AudioChunk
from facewire.pipeline import run_stream
from facewire.report import StreamReport
from facewire.settings import Settings
from facewire.sinks.uri import sink_from_uri
from facewire.sources.sound_file import SoundFile
from facewire.wanted import open_face, open_session

CHUNK_SAMPLES = 16_000
"""A second at a time: large enough that threads and progress cost nothing."""

EXAMPLES = """
Examples:

    facewire animate speech.wav -o face.csv

    facewire animate speech.flac -o face.npz -o face.jsonl --frame-rate 30000/1001

    facewire animate speech.ogg -o face.csv --lookahead-ms 160 --no-idle
"""


def animate(
    recording: Annotated[Path, typer.Argument(metavar="IN", help="WAV, FLAC, OGG or MP3.")],
    output: Annotated[
        list[str],
        typer.Option("--output", "-o", metavar="OUT", help="OUT.csv, OUT.npz or OUT.jsonl."),
    ],
    frame_rate: options.FrameRateOption = None,
    lookahead_ms: options.LookaheadOption = None,
    engine: options.EngineOption = None,
    backend: options.BackendOption = None,
    profile: options.ProfileOption = None,
    idle: options.IdleOption = None,
    seed: options.SeedOption = None,
    settings: options.SettingsOption = None,
) -> None:
    """Turn a recording into a file of faces, as fast as the machine can."""
    chosen = options.with_options(
        settings,
        profile,
        stream__frame_rate=frame_rate,
        stream__lookahead_ms=lookahead_ms,
        stream__engine=engine,
        stream__backend=backend,
        face__idle=idle,
        face__seed=seed,
    )
    clock = SystemClock()
    sound = SoundFile(recording, chunk_samples=CHUNK_SAMPLES)
    console = Console()
    try:
        report, seconds = run(_animate(sound, output, chosen, clock))
    except Ended:
        console.print("interrupted; the files hold what was made until then")
        raise
    console.print(
        f"{report.frames} frames of {report.audio_s:.2f} s in {seconds:.2f} s: "
        f"real-time factor {seconds / report.audio_s:.4f}",
        soft_wrap=True,
    )
    for uri in output:
        console.print(f"wrote {uri}", soft_wrap=True)
    raise_failures(report)


async def _animate(
    sound: SoundFile, outputs: list[str], settings: Settings, clock: Clock
) -> tuple[StreamReport, float]:
    """Run the stream; returns its report and how long it took in seconds, loading not counted."""
    loaded = await asyncio.to_thread(load_wanted, settings)
    session = open_session(loaded, settings, clock)
    face = open_face(session.spec, settings)
    sinks = [sink_from_uri(uri) for uri in outputs]
    if any(not sink.lossless for sink in sinks):
        raise ConfigError("animate writes files; give OUT.csv, OUT.npz or OUT.jsonl to -o")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with (
        closing(session),
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        bar = progress.add_task(sound.path.name, total=sound.samples)

        def advancing() -> Iterator[AudioChunk]:
            for chunk in sound:
                yield chunk
                progress.update(bar, completed=chunk.end)

        began = clock.now()
        report = await run_stream(
            _threaded(advancing()), session, face, sinks,
            engine_name=loaded.name, clock=clock, live=False,
        )  # fmt: skip
        return report, (clock.now() - began) / SECOND


async def _threaded(chunks: Iterator[AudioChunk]) -> AsyncIterator[AudioChunk]:
    """Read the next chunk in a thread, so that the disk never holds up the sinks."""
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
