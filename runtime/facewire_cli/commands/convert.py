"""`facewire convert`: a recorded face from one kind of file to others."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.recordings import RecordedFace, read_recording
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.uri import FILES, parse_output, sink_of
from facewire.stream.outputs import StreamOutputs, deliver_stream
from facewire.stream.report import StreamReport
from facewire_cli import options
from facewire_cli.running import run
from facewire_cli.signals import Ended
from facewire_cli.summary import print_outputs, raise_failures

EXAMPLES = """
Examples:

    facewire convert face.npz face.csv

    facewire convert take.csv take.npz take.jsonl --frame-rate 24
"""


def convert(
    recording: Annotated[
        Path, typer.Argument(metavar="IN", help="A .csv, .npz or .jsonl recording.")
    ],
    output: Annotated[
        list[str], typer.Argument(metavar="OUT...", help="OUT.csv, OUT.npz or OUT.jsonl.")
    ],
    frame_rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Frames per second to make, between those that are there: 24, 30, 29.97 ...",
        ),
    ] = None,
    recorded_rate: Annotated[
        str | None,
        typer.Option(metavar="RATE", help="Of the recording, where the file does not tell."),
    ] = None,
    overwrite: options.OverwriteOption = False,
) -> None:
    """Write a recorded face as files of other kinds, or at another frame rate.

    Shapes go by name: a recording of fewer shapes, or of others, has 0 in those that it lacks. A
    file that exists is not replaced without --overwrite.
    """
    clock, report, console = SystemClock(), StreamReport(), Console()
    face = read_recording(recording, parse_frame_rate(recorded_rate) if recorded_rate else None)
    if not len(face):
        raise ConfigError(f"{recording} holds no frame")
    if frame_rate:
        face = face.at_rate(parse_frame_rate(frame_rate))
    outputs = settle_outputs(
        [parse_output(uri, FILES) for uri in output],
        inputs=(recording,),
        existing=Existing.OVERWRITTEN if overwrite else Existing.REFUSED,
    )
    sinks = [sink_of(file, clock, overwrite=overwrite) for file in outputs]
    try:
        run(
            deliver_stream(
                partial(_write, face),
                face.spec,
                sinks,
                engine_name=face.engine,
                clock=clock,
                live=False,
                report=report,
            )
        )
    except Ended:
        raise_failures(report)
        console.print("interrupted; the files hold what was written until then")
        raise
    console.print(f"{report.frames} frames at {float(face.spec.frame_rate):g} frames/s")
    print_outputs(console, report)
    raise_failures(report)


async def _write(face: RecordedFace, outputs: StreamOutputs) -> None:
    for frame in face.frames():
        await outputs.show(frame)
        if outputs.none_left:
            return
