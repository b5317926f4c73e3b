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
from facewire.recordings.gltf.animated_head import animated_glb
from facewire.recordings.gltf.glb_file import write_whole
from facewire.recordings.gltf.vrm_animation import parse_expression_names, vrm_animation
from facewire.sinks.output_files import Existing, Outputs, settle_outputs
from facewire.sinks.uri import CONVERTED, FileOutput, parse_output, sink_of
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

    facewire convert take.csv take.glb --head head.glb    # for Blender, Maya, game engines

    facewire convert take.csv take.vrma --names perfect-sync    # for VRM avatars
"""


def convert(
    recording: Annotated[
        Path, typer.Argument(metavar="IN", help="A .csv, .npz or .jsonl recording.")
    ],
    output: Annotated[
        list[str],
        typer.Argument(metavar="OUT...", help="OUT.csv, OUT.npz, OUT.jsonl, OUT.glb or OUT.vrma."),
    ],
    head: Annotated[
        Path | None,
        typer.Option(
            "--head",
            metavar="GLB",
            help="What moves in OUT.glb: a GLB or VRM whose morph targets are named as ARKit's.",
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            "--names",
            metavar="NAMES",
            help="What a VRM's expressions are called, in OUT.vrma: vrm1 (the default), "
            "perfect-sync, perfect-sync-camel; several by commas.",
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
    scenes = _scenes(face, outputs, head, names)
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
    for path, scene in scenes.items():
        write_whole(path, scene)
    console.print(f"{len(face)} frames at {float(face.spec.frame_rate):g} frames/s")
    print_outputs(console, report)
    for path in scenes:
        console.print(f"wrote {path}", soft_wrap=True, markup=False, highlight=False)
    raise_failures(report)


def _scenes(
    face: RecordedFace, outputs: Outputs, head: Path | None, names: str | None
) -> dict[Path, bytes]:
    """Return the files that are made at once, in memory."""
    files = [file for file in outputs if isinstance(file, FileOutput)]
    heads = [file.path for file in files if file.kind == "glb"]
    animations = [file.path for file in files if file.kind == "vrma"]
    if head and not heads:
        raise ConfigError("--head is what moves in a .glb file; name one to write")
    if names and not animations:
        raise ConfigError("--names is for the expressions of a .vrma file; name one to write")
    scenes = dict.fromkeys(heads, animated_glb(face, head) if heads else b"")
    if animations:
        data = vrm_animation(face, parse_expression_names(names or "vrm1"))
        scenes |= dict.fromkeys(animations, data)
    return scenes


async def _write(face: RecordedFace, outputs: StreamOutputs) -> None:
    for frame in face.frames():
        await outputs.show(frame)
        if outputs.none_left:
            return
