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
from facewire.recordings.gltf import animated_glb, write_whole
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.uri import FileOutput, Kinds, parse_output, sink_of
from facewire.stream.outputs import StreamOutputs, deliver_stream
from facewire.stream.report import StreamReport
from facewire_cli import options
from facewire_cli.running import run
from facewire_cli.signals import Ended
from facewire_cli.summary import print_outputs, raise_failures

CONVERTED = Kinds(live=False, also=("glb",))

EXAMPLES = """
Examples:

    facewire convert face.npz face.csv

    facewire convert take.csv take.npz take.jsonl --frame-rate 24

    facewire convert take.csv take.glb --head head.glb    # for Blender, Maya, game engines
"""


def convert(
    recording: Annotated[
        Path, typer.Argument(metavar="IN", help="A .csv, .npz or .jsonl recording.")
    ],
    output: Annotated[
        list[str], typer.Argument(metavar="OUT...", help="OUT.csv, OUT.npz, OUT.jsonl or OUT.glb.")
    ],
    head: Annotated[
        Path | None,
        typer.Option(
            "--head",
            metavar="GLB",
            help="What moves in OUT.glb: a GLB or VRM whose morph targets are named as ARKit's.",
        ),
    ] = None,
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
        [parse_output(uri, CONVERTED) for uri in output],
        inputs=(recording, head),
        existing=Existing.OVERWRITTEN if overwrite else Existing.REFUSED,
    )
    scenes = [file.path for file in outputs if isinstance(file, FileOutput) and file.kind == "glb"]
    if head and not scenes:
        raise ConfigError("--head is what moves in a .glb file; name one to write")
    scene = animated_glb(face, head) if scenes else b""
    sinks = [
        sink_of(file, clock, overwrite=overwrite)
        for file in outputs
        if not (isinstance(file, FileOutput) and file.path in scenes)
    ]
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
    for path in scenes:
        write_whole(path, scene)
    console.print(f"{len(face)} frames at {float(face.spec.frame_rate):g} frames/s")
    print_outputs(console, report)
    for path in scenes:
        console.print(f"wrote {path}", soft_wrap=True, markup=False, highlight=False)
    raise_failures(report)


async def _write(face: RecordedFace, outputs: StreamOutputs) -> None:
    for frame in face.frames():
        await outputs.show(frame)
        if outputs.none_left:
            return
