"""`facewire engine build | list | check`: compiled plans, and whether back-ends agree."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from facewire.commands.live import demo_clip
from facewire.engines import load_engine
from facewire.errors import EngineError
from facewire.sources.sound_file import SoundFile

app = typer.Typer(help="Compiled engines: build plans for GPUs, list them, compare back-ends.")

CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Folder of plans; in the user's cache by default."),
]

BUILD_EXAMPLES = """
Examples:

    facewire engine build

    facewire engine build phones --target sm_89 --max-sessions 256
"""
LIST_EXAMPLES = """
Examples:

    facewire engine list
"""
CHECK_EXAMPLES = """
Examples:

    facewire engine check

    facewire engine check phones phones-batched --input speech.wav
"""


@app.command("build", epilog=BUILD_EXAMPLES)
def build(
    model: Annotated[str, typer.Argument(help="Name of a model, or its folder.")] = "phones",
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="SM", help="Only for this kind of GPU, such as sm_89."),
    ] = None,
    max_sessions: Annotated[
        int, typer.Option("--max-sessions", min=1, max=4096, help="Most sessions of one run.")
    ] = 64,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build what is there, too.")] = False,
    cache: CacheOption = None,
) -> None:
    """Compile a model for NVIDIA GPUs; this needs TensorRT for RTX, but no GPU."""
    from facewire_engines.plan_building import build_plans
    from facewire_engines.plans import PlanState, default_cache

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:

        def progress(graph: str) -> Callable[[int, int], None]:
            task = bars.add_task(graph, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        results = build_plans(
            model,
            cache or default_cache(),
            targets=target or (),
            max_batch=max_sessions,
            rebuild=rebuild,
            progress=progress,
        )
    for result in results:
        kept = result.before is PlanState.READY and not rebuild
        what = "is up to date" if kept else f"was {result.before}, now built"
        line = f"{result.graph} {what}: {result.path} ({result.size:,} bytes)"
        Console().print(line, soft_wrap=True, highlight=False)


@app.command("list", epilog=LIST_EXAMPLES)
def list_plans(cache: CacheOption = None) -> None:
    """List the plans that are there."""
    from facewire_engines.plans import default_cache, stored_plans

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
    console = Console()
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
        typer.Option("--input", "-i", metavar="FILE", help="Speech; the bundled clip by default."),
    ] = None,
) -> None:
    """Run the same speech through two engines, and tell how far their weights are apart."""
    from facewire_engines.parity import TOLERANCE, compare_engines

    engines = load_engine(reference), load_engine(other)
    sound = SoundFile(recording or Path(demo_clip()), engines[0].sample_rate)
    speech = np.concatenate([chunk.samples for chunk in sound])
    try:
        parity = compare_engines(*engines, speech)
    except ValueError as error:
        raise EngineError(f"{reference} and {other} are not the same model: {error}") from error
    table = Table(box=None, pad_edge=False)
    table.add_column("shape", style="bold")
    table.add_column("largest difference", justify="right")
    for shape, difference in list(parity.by_shape.items())[:8]:
        table.add_row(shape, f"{difference:.1e}")
    console = Console()
    console.print(table)
    summary = (
        f"{parity.frames} frames; the weights of {reference} and {other} are at most "
        f"{parity.largest:.1e} apart, and {TOLERANCE:g} is allowed"
    )
    console.print(summary, soft_wrap=True)
    if not parity.within_tolerance:
        raise EngineError(f"{other} is not a stand-in for {reference}; do not use it")
