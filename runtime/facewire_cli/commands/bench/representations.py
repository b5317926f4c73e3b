"""`facewire bench representations`: which speech representation drives a face best."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional
from facewire_cli.bench.machine import describe_machine

EXAMPLES = """
Examples:

    facewire bench representations --corpus runs/corpus --out runs/study

    facewire bench representations --corpus runs/corpus --out try --encoder small-labels --steps 20

    facewire bench representations --corpus runs/corpus --out runs/big --preset paper --device cuda
"""


class Preset(StrEnum):
    """Sizes of decoders."""

    narrow = "narrow"
    paper = "paper"


class Device(StrEnum):
    """Where decoders are trained."""

    cpu = "cpu"
    cuda = "cuda"


def representations(
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", metavar="DIR", help="What training/README.md, steps 1, 2 make."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the study; it goes on there.")
    ] = Path("study"),
    preset: Annotated[
        Preset, typer.Option("--preset", help="Decoders of a few minutes, or the published ones.")
    ] = Preset.narrow,
    encoder: Annotated[
        list[str] | None,
        typer.Option("--encoder", metavar="NAME", help="One of four; may be repeated. All."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Batches of each training, to try it out with few."),
    ] = None,
    device: Annotated[Device, typer.Option("--device", help="Of their training.")] = Device.cpu,
) -> None:
    """Train four kinds of encoder and three of decoder, and compare their lips: hours of two cores.

    It can be stopped and started again.
    """
    if corpus is None:
        raise ConfigError("say where the corpus is: --corpus DIR (training/README.md, steps 1, 2)")
    need = "facewire bench representations trains"
    study = import_optional("facewire_training.recipes.tokens_to_faces.study", need, "train")
    machine = describe_machine().line()
    report = study.run(corpus, out, preset.value, device.value, steps, machine, encoder or ())
    show = import_optional("facewire_training.recipes.tokens_to_faces.study_table", need, "train")
    Console(width=160).print(show.table(report))
