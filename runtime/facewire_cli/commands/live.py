"""`facewire live`: a microphone, a file or standard input to a moving face, in real time."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from facewire.audio.format import AudioFormat, parse_format
from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk
from facewire.server.server import Broadcaster
from facewire.settings.open_from_settings import open_face, open_session
from facewire.settings.settings import Settings
from facewire.sinks.delayed_sound.sink import DelayedSound
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.terminal import TerminalSink
from facewire.sinks.uri import parse_output, sink_of
from facewire.sinks.websocket import WebSocketSink
from facewire.sources.uri import Input, parse_input
from facewire.stream.outputs import deliver_stream
from facewire.stream.pipeline import inferring
from facewire.stream.report import StreamReport
from facewire.stream.sink import AudioListener, Sink
from facewire.stream.source import Source, SourceRequest
from facewire_cli import options
from facewire_cli.demo import demo_clip
from facewire_cli.loading import load_from_settings
from facewire_cli.page_server import print_address, serve_page
from facewire_cli.progress import logging_to
from facewire_cli.running import run
from facewire_cli.signals import Ended
from facewire_cli.summary import print_report, raise_failures

DEMO_WAIT_S = 30
"""How long the demo waits for somebody to open the page, where a person can read its address."""

EXAMPLES = """
Examples:

    facewire live                                     # your microphone; open the page it names

    facewire live --demo --out csv:face.csv           # the bundled clip

    facewire live --device USB --retry --out osc://127.0.0.1:9000

    facewire live --delay-audio "Virtual Cable"       # for streamers: the sound waits for the face

    arecord -t raw -f S16_LE -r 16000 | facewire live --input -
"""


@options.choosing(
    "device", "retry", *options.ADDRESS, "allow_origin", "open_sound", "base_path",
    "frame_rate", "lookahead_ms", "delay_audio", *options.ENGINE, "style", "articulation",
    "emotion", "idle", "seed",
)  # fmt: skip
def live(
    chosen: options.Chosen,
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE|-|NAME:...",
            help="A recording, raw PCM on stdin, or a source that a package adds.",
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Play the bundled clip.")] = False,
    pcm: Annotated[
        str, typer.Option(metavar="FORMAT", help="Raw PCM on stdin: s16le or f32le, Hz, channels.")
    ] = "s16le,16000,1",
    out: Annotated[
        list[str] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="URI",
            help="livelink://HOST, vmc://HOST (see `facewire outputs list`), csv:FILE, "
            "npz:FILE, jsonl:FILE. May be repeated.",
        ),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Serve the viewer page and the WebSocket.")
    ] = True,
    overwrite: options.OverwriteOption = False,
) -> None:
    """Turn a microphone into a moving face, in real time, until Ctrl-C.

    A file that exists is kept: the recording goes to FILE-2, FILE-3 and so on, unless --overwrite
    is given.
    """
    if demo and source:
        raise ConfigError("--demo plays the bundled clip; give either --demo or --input")
    settings, clock, report = chosen.settings, SystemClock(), StreamReport()
    given = _input(demo_clip() if demo else source, settings)
    outputs = settle_outputs(
        [parse_output(uri, clock=clock) for uri in (*settings.outputs, *(out or []))],
        inputs=(given.reads, *chosen.files),
        existing=Existing.OVERWRITTEN if overwrite else Existing.KEPT,
    )
    sinks = [sink_of(output, clock, overwrite=overwrite) for output in outputs]
    try:
        try:
            run(_live(given, parse_format(pcm), sinks, page, settings, clock, report, demo=demo))
        finally:
            if report.frames:
                print_report(Console(), report)
    except Ended:
        raise_failures(report)
        raise
    raise_failures(report)


def _input(given: str | None, settings: Settings) -> Input:
    """Return what the options name: stdin, a recording, another source, or a microphone."""
    return parse_input(given) if given else Input("microphone", str(settings.microphone.device))


async def _live(
    given: Input,
    pcm: AudioFormat,
    outputs: Sequence[Sink],
    page: bool,
    settings: Settings,
    clock: Clock,
    report: StreamReport,
    *,
    demo: bool,
) -> None:
    """Open everything, say where the page is, and run until the source ends."""
    console = Console(stderr=True)
    loaded = await asyncio.to_thread(load_from_settings, settings)
    microphone = settings.microphone
    source = given.open(
        SourceRequest(
            given.argument, loaded.sample_rate, clock, pcm, microphone.block_ms, microphone.retry
        )
    )
    report.repairs = getattr(source, "repairs", None)
    delay_audio = str(settings.stream.delay_audio)
    direct = given.name == "microphone" and delay_audio == "off"
    session = open_session(loaded, settings, clock, heard_directly=direct)
    face = open_face(session.spec, settings)
    sinks = [*outputs, TerminalSink(console, clock)]
    chunks: AsyncIterable[AudioChunk] = source
    async with AsyncExitStack() as stack:
        stack.enter_context(logging_to(console))
        stack.callback(session.close)
        listeners: list[AudioListener] = []
        if delay_audio != "off":
            delayed = DelayedSound(clock, delay_audio, session.spec)
            sinks.append(await stack.enter_async_context(delayed))
            listeners.append(delayed)
        if page:
            broadcaster = Broadcaster(clock=clock)
            server = serve_page(loaded, settings, clock, broadcaster, command="live")
            await stack.enter_async_context(server)
            viewers = WebSocketSink(broadcaster)
            sinks.append(viewers)
            listeners.append(viewers)
            # What goes elsewhere is watched there.
            elsewhere = any(not sink.lossless for sink in outputs)
            waits = demo and console.is_terminal and not elsewhere
            hint = f" (the clip begins when you open it, or in {DEMO_WAIT_S} s)" if waits else ""
            if waits:
                chunks = _once_watched(source, broadcaster)
            tell = partial(print_address, console, server, "the face is at {}" + hint)
            chunks = _announced(chunks, tell)
        await stack.enter_async_context(source)
        await deliver_stream(
            inferring(chunks, session, face, clock), session.spec, sinks,
            engine_name=loaded.name, clock=clock, listeners=listeners, live=True, report=report,
        )  # fmt: skip
    if given.name == "stdin" and not report.samples:
        raise ConfigError(
            "nothing was heard: standard input ended before any sound came; pipe raw PCM into it"
        )


async def _announced(
    source: AsyncIterable[AudioChunk], tell: Callable[[], None]
) -> AsyncIterator[AudioChunk]:
    """Tell when the stream begins: by then the source and every output are open."""
    tell()
    async for chunk in source:
        yield chunk


async def _once_watched(source: Source, broadcaster: Broadcaster) -> AsyncIterator[AudioChunk]:
    """Begin when somebody watches, or after a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DEMO_WAIT_S):
            await broadcaster.watched()
    async for chunk in source:
        yield chunk
