"""`facewire replay`: a recorded face to any output, in real time."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.frames import AudioChunk
from facewire.recordings import RecordedFace, read_recording
from facewire.recordings.playback import frames_of, play, sound_of
from facewire.server.server import Broadcaster
from facewire.settings.settings import Settings
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.terminal import TerminalSink
from facewire.sinks.uri import parse_output, sink_of
from facewire.sinks.websocket import WebSocketSink
from facewire.sources.paced import Paced
from facewire.sources.sound_file import SoundFile
from facewire.stream.outputs import deliver_stream
from facewire.stream.report import StreamReport
from facewire.stream.sink import Sink
from facewire_cli import options
from facewire_cli.loading import load_from_settings
from facewire_cli.page_server import print_address, serve_page
from facewire_cli.progress import logging_to
from facewire_cli.running import run
from facewire_cli.signals import Ended
from facewire_cli.summary import print_report, raise_failures

SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
"""Endings of a sound that lies beside a recording, the first that is there."""

EXAMPLES = """
Examples:

    facewire replay face.csv                          # on the page, with face.wav if it is there

    facewire replay face.npz --out osc://127.0.0.1:9000 --no-page

    facewire replay take.csv --audio take.wav --loop  # for setting up a receiver
"""


@options.choosing(*options.ADDRESS, "allow_origin", "open_sound", "base_path", profile=False)
def replay(
    chosen: options.Chosen,
    recording: Annotated[
        Path, typer.Argument(metavar="FACE", help="A .csv, .npz or .jsonl recording.")
    ],
    audio: Annotated[
        Path | None,
        typer.Option(
            "--audio",
            metavar="FILE",
            help="Its sound; by default the file of the same name beside it, if there is one.",
        ),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option("--out", "-o", metavar="URI", help="As of `facewire live`. May be repeated."),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Serve the viewer page and the WebSocket.")
    ] = True,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again, until Ctrl-C.")] = False,
    frame_rate: Annotated[
        str | None,
        typer.Option(metavar="RATE", help="Of the recording, where the file does not tell."),
    ] = None,
    overwrite: options.OverwriteOption = False,
) -> None:
    """Play a recorded face again, to a page and any output, in real time."""
    settings, clock, report = chosen.settings, SystemClock(), StreamReport()
    face = read_recording(recording, parse_frame_rate(frame_rate) if frame_rate else None)
    if not len(face):
        raise ConfigError(f"{recording} holds no frame")
    heard = audio or _beside(recording)
    sound = SoundFile(heard, face.spec.sample_rate) if heard else None
    outputs = settle_outputs(
        [parse_output(uri, clock=clock) for uri in (*settings.outputs, *(out or []))],
        inputs=(recording, heard, *chosen.files),
        existing=Existing.OVERWRITTEN if overwrite else Existing.REFUSED,
    )
    if not outputs and not page:
        raise ConfigError("there is nowhere to play it: give --out, or leave --no-page away")
    sinks = [sink_of(output, clock, overwrite=overwrite) for output in outputs]
    if heard:
        Console(stderr=True).print(f"with the sound of {heard}", markup=False, soft_wrap=True)
    try:
        try:
            run(_replay(face, sound or (), sinks, page, loop, settings, clock, report))
        finally:
            if report.frames:
                print_report(Console(), report)
    except Ended:
        raise_failures(report)
        raise
    raise_failures(report)


def _beside(recording: Path) -> Path | None:
    candidates = (recording.with_suffix(ending) for ending in SOUNDS)
    return next((path for path in candidates if path.is_file()), None)


async def _replay(
    face: RecordedFace,
    sound: Iterable[AudioChunk],
    outputs: Sequence[Sink],
    page: bool,
    loop: bool,
    settings: Settings,
    clock: Clock,
    report: StreamReport,
) -> None:
    """Open everything, say where the page is, and play until the recording ends."""
    console = Console(stderr=True)
    sinks = [*outputs, TerminalSink(console, clock)]
    listeners = []
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to(console))
        if page:
            loaded = await asyncio.to_thread(load_from_settings, settings)
            broadcaster = Broadcaster(clock=clock)
            server = serve_page(loaded, settings, clock, broadcaster, command="replay")
            await stack.enter_async_context(server)
            viewers = WebSocketSink(broadcaster)
            sinks.append(viewers)
            listeners.append(viewers)
            print_address(console, server, "the face is at {}")
        chunks = Paced(sound_of(face, sound, repeat=loop), clock)
        await stack.enter_async_context(chunks)
        await deliver_stream(
            partial(play, chunks, frames_of(face, repeat=loop), clock), face.spec, sinks,
            engine_name=face.engine, clock=clock, listeners=listeners, live=True, report=report,
        )  # fmt: skip
