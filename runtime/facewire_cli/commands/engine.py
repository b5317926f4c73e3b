"""`facewire engine build | list | check`: compiled plans, and whether back-ends agree."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from facewire.errors import EngineError
from facewire.frames import Samples
from facewire.plugins import plugins
from facewire.sources.sound_file import SoundFile

app = typer.Typer(help="Engines: list them, build plans for GPUs, compare back-ends.")

SAMPLE_RATE = 16_000
"""Of every engine that can be compared."""

CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Folder of plans; in the user's cache by default."),
]

BUILD_EXAMPLES = """
Examples:

    facewire engine build

    facewire engine build phones --target sm_89 --max-sessions 256

    facewire engine build --precision fp16
"""
LIST_EXAMPLES = """
Examples:

    facewire engine list
"""
CHECK_EXAMPLES = """
Examples:

    facewire engine check

    facewire engine check phones phones-batched --input speech.wav

    facewire engine check phones phones-batched@tensorrt:fp16 --all
"""


@app.command("build", epilog=BUILD_EXAMPLES)
def build(
    model: Annotated[str, typer.Argument(help="Name of a model, or its folder.")] = "phones",
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="SM", help="Only for this kind of GPU, such as sm_89."),
    ] = None,
    precision: Annotated[
        str, typer.Option("--precision", help="What products are computed in: fp32, fp16, bf16.")
    ] = "fp32",
    max_sessions: Annotated[
        int, typer.Option("--max-sessions", min=1, max=4096, help="Most sessions of one run.")
    ] = 64,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build what is there, too.")] = False,
    cache: CacheOption = None,
) -> None:
    """Compile a model for NVIDIA GPUs: with TensorRT for RTX anywhere, with TensorRT on the GPU.

    Where both are installed, the one that is made for the card is used.
    """
    from facewire_engines.backends.tensorrt.libraries import gpu_at_hand, library_line
    from facewire_engines.backends.tensorrt.plans import PlanState, default_cache
    from facewire_engines.plan_building import build_plans

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:

        def progress(graph: str) -> Callable[[int, int], None]:
            task = bars.add_task(graph, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        results = build_plans(
            model,
            cache or default_cache(),
            precision=precision,
            targets=target or (),
            max_batch=max_sessions,
            rebuild=rebuild,
            progress=progress,
        )
    _say(library_line(gpu_at_hand(), target or ()))
    for result in results:
        kept = result.before is PlanState.READY and not rebuild
        what = "is up to date" if kept else f"was {result.before}, now built"
        line = f"{result.graph} {what}: {result.path} ({result.size:,} bytes)"
        _say(line)


@app.command("list", epilog=LIST_EXAMPLES)
def list_plans(cache: CacheOption = None) -> None:
    """List the engines that packages add, and the plans that are there."""
    from facewire_engines.backends.tensorrt.libraries import gpu_at_hand, library_line
    from facewire_engines.backends.tensorrt.plans import default_cache, stored_plans

    engines = Table(box=None, pad_edge=False)
    for name in ("engine", "package"):
        engines.add_column(name)
    for engine in plugins("engine"):
        engines.add_row(engine.name, engine.package)
    console = Console()
    console.print(engines, "", sep="\n")
    _say(library_line(gpu_at_hand()))
    folder = cache or default_cache()
    table = Table(box=None, pad_edge=False)
    for name in ("model", "graph", "precision", "sessions", "targets", "made by", "bytes"):
        table.add_column(name)
    found = list(stored_plans(folder))
    for path, manifest in found:
        if manifest is None:
            table.add_row(path.name, "damaged", style="yellow")
            continue
        key = manifest.key
        made_by = f"{key.library} {key.library_version}"
        row = (key.model, key.graph, key.precision, str(key.max_batch), " ".join(key.targets))
        table.add_row(*row, made_by, f"{manifest.bytes:,}")
    if found:
        console.print(table)
    else:
        console.print(f"there are no plans in {folder}; make some with: facewire engine build")


@app.command("check", epilog=CHECK_EXAMPLES)
def check(
    reference: Annotated[str, typer.Argument(help="The engine that is right.")] = "phones",
    other: Annotated[str, typer.Argument(help="The engine to compare.")] = "phones-batched",
    recording: Annotated[
        Path | None,
        typer.Option(
            "--input", "-i", metavar="FILE", help="Speech; golden streams of all kinds by default."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every shape, not the worst.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Accept what is over its tolerance.")
    ] = False,
    cache: CacheOption = None,
) -> None:
    """Run the same audio through two engines, and tell how far their weights are apart.

    ENGINE@BACKEND:PRECISION is an engine on a back-end. Plans that pass may be used without being
    asked for; those that fail may not, unless --force says so.
    """
    from facewire_engines.backends.tensorrt.libraries import gpu_at_hand, library_line
    from facewire_engines.checking import backend_of, check_engines

    if "tensorrt" in (backend_of(reference).name, backend_of(other).name):
        _say(library_line(gpu_at_hand()))
    speech = None if recording is None else _samples(recording)
    parity = check_engines(reference, other, speech, force=force, cache=cache)
    table = Table(box=None, pad_edge=False)
    table.add_column("shape", style="bold")
    table.add_column("largest difference", justify="right")
    shapes = list(parity.by_shape.items())
    for shape, difference in shapes if every else shapes[:8]:
        table.add_row(shape, f"{difference:.1e}")
    console = Console()
    console.print(table)
    if parity.closure:
        before, after = parity.closure.reference, parity.closure.other
        console.print(
            f"lips closed in {before:.2%} of the frames, and in {after:.2%}; another answer in "
            f"{parity.closure.changed:.2%}",
            soft_wrap=True,
            highlight=False,
        )
    console.print(
        f"{parity.frames} frames; the weights of {reference} and {other} are at most "
        f"{parity.largest:.1e} apart, and {parity.tolerance:g} is allowed",
        soft_wrap=True,
    )
    if not parity.within_tolerance and not force:
        raise EngineError(f"{other} is not a stand-in for {reference}; do not use it")


def _say(line: str) -> None:
    """Print a line that a program may read, too."""
    Console().print(line, soft_wrap=True, highlight=False, markup=False)


def _samples(recording: Path) -> Samples:
    """Read a recording at the models' rate."""
    return np.concatenate([chunk.samples for chunk in SoundFile(recording, SAMPLE_RATE)])
