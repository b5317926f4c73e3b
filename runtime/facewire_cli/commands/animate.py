"""`facewire animate`: a recording to a file of faces, as fast as the machine can."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facewire.clock import SECOND, Clock, SystemClock
from facewire.frames import AudioChunk
from facewire.settings.open_from_settings import open_face, open_session
from facewire.settings.settings import Settings
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.uri import FILES, parse_output, sink_of
from facewire.sources.sound_file import SoundFile
from facewire.stream.outputs import deliver_stream
from facewire.stream.pipeline import inferring
from facewire.stream.report import StreamReport
from facewire.stream.sink import Sink
from facewire_cli import options
from facewire_cli.loading import load_from_settings
from facewire_cli.progress import showing_progress
from facewire_cli.running import run
from facewire_cli.signals import Ended
from facewire_cli.summary import print_outputs, raise_failures

CHUNK_SAMPLES = 16_000
"""A second at a time: large enough that threads and progress cost nothing."""

EXAMPLES = """
Examples:

    facewire animate speech.wav -o face.csv

    facewire animate speech.flac -o face.npz -o face.jsonl --frame-rate 30000/1001

    facewire animate speech.ogg -o face.csv --lookahead-ms 160 --no-idle
"""


@options.choosing(
    "frame_rate",
    "lookahead_ms",
    *options.ENGINE,
    "style",
    "articulation",
    "emotion",
    "idle",
    "seed",
)
def animate(
    chosen: options.Chosen,
    recording: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="WAV, FLAC, OGG, MP3; M4A, MP4, WebM and more with the extra [media].",
        ),
    ],
    output: Annotated[
        list[str],
        typer.Option("--output", "-o", metavar="OUT", help="OUT.csv, OUT.npz or OUT.jsonl."),
    ],
    overwrite: options.OverwriteOption = False,
) -> None:
    """Turn a recording into a file of faces, as fast as the machine can.

    A file that exists is not replaced without --overwrite.
    """
    clock = SystemClock()
    sound = SoundFile(recording, chunk_samples=CHUNK_SAMPLES)
    outputs = settle_outputs(
        [parse_output(uri, FILES) for uri in output],
        inputs=(recording, *chosen.files),
        existing=Existing.OVERWRITTEN if overwrite else Existing.REFUSED,
    )
    sinks = [sink_of(file, clock, overwrite=overwrite) for file in outputs]
    console = Console()
    report = StreamReport()
    try:
        seconds = run(_animate(sound, sinks, chosen.settings, clock, report))
    except Ended:
        raise_failures(report)
        console.print("interrupted; the files hold what was made until then")
        raise
    console.print(
        f"{report.frames} frames of {report.audio_s:.2f} s in {seconds:.2f} s: "
        f"real-time factor {seconds / report.audio_s:.4f}",
        soft_wrap=True,
    )
    print_outputs(console, report)
    raise_failures(report)


async def _animate(
    sound: SoundFile,
    sinks: Sequence[Sink],
    settings: Settings,
    clock: Clock,
    report: StreamReport,
) -> float:
    """Run the stream, and return how long it took in seconds, loading not counted."""
    loaded = await asyncio.to_thread(load_from_settings, settings)
    if loaded.sample_rate != sound.sample_rate:
        sound = SoundFile(sound.path, loaded.sample_rate, CHUNK_SAMPLES)
    session = open_session(loaded, settings, clock)
    face = open_face(session.spec, settings, seed=settings.face.fixed_seed or 0)
    console = Console(stderr=True)
    with (
        closing(session),
        showing_progress(console, sound.path.name, sound.duration_s, clock) as show,
    ):

        def advancing() -> Iterator[AudioChunk]:
            for chunk in sound:
                yield chunk
                show(chunk.end / chunk.sample_rate)

        began = clock.now()
        await deliver_stream(
            inferring(_threaded(advancing()), session, face, clock), session.spec, sinks,
            engine_name=loaded.name, clock=clock, live=False, report=report,
        )  # fmt: skip
        return (clock.now() - began) / SECOND


async def _threaded(chunks: Iterator[AudioChunk]) -> AsyncIterator[AudioChunk]:
    """Read the next chunk in a thread, so that the disk never holds up the sinks."""
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
