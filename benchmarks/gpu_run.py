"""Everything about one GPU, in one command and within eight minutes; it needs no network.

    python benchmarks/gpu_run.py

It builds plans for the GPU at hand, compares every back-end with the model, searches for the most
sessions at 60 frames/s that stay in time on each, and writes `benchmarks/results/gpu-DATE.json`.
Sessions are shared among processes, one for each core, that use the same GPU. What cannot be done
here is noted and passed over. `--hubert FOLDER` measures a model of that engine too; one of random
weights takes as long as a trained one, and is made by
`python -m facewire_training.recipes.hubert.export --random base --out FOLDER`. Without a GPU,
`--backend onnx --backend torch` runs the same program on the processor.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from facewire.clock import SECOND, SystemClock
from facewire.errors import EngineError, FacewireError
from facewire.report_file import command_line, today, write_report
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import Load, Trial
from facewire_cli.bench.throughput_search import Row, processors, search
from facewire_cli.bench.throughput_search import measure as measure_numbers
from facewire_cli.commands.bench.throughput import throughput_table
from facewire_engines.backends.choice import parse_backend
from facewire_engines.backends.cuda_driver import Gpu, find_gpu
from facewire_engines.backends.tensorrt.plans import default_cache
from facewire_engines.checking import check_engines
from facewire_engines.plan_building import build_plans

BACKENDS = ("tensorrt", "tensorrt:fp16", "torch-cuda")
FRAME_RATE = "60"
FIRST_GUESS = 512
LIMIT_S = 420.0
"""All of it; the rest of the eight minutes is for what is under way then."""
RESULTS = Path(__file__).parent / "results"


class Agreement(msgspec.Struct, frozen=True):
    """How far a back-end's weights are from the model's."""

    largest: float
    tolerance: float
    lips_changed: float | None
    """Share of frames in which the lips are closed for one, and not for the other."""


class Report(msgspec.Struct):
    """What the file holds."""

    date: str
    command: str
    machine: Machine
    gpu: Gpu | None
    seconds: float = 0.0
    agreements: dict[str, Agreement] = msgspec.field(default_factory=dict)
    rows: list[Row] = msgspec.field(default_factory=list)
    left_out: dict[str, str] = msgspec.field(default_factory=dict)
    """What could not be done, and why."""


def main() -> None:
    """Parse the command line and run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", action="append", help="only this one; may be repeated")
    parser.add_argument("--hubert", metavar="FOLDER", help="a model of the engine hubert, too")
    parser.add_argument("--first-guess", type=int, default=FIRST_GUESS, help="sessions to begin at")
    parser.add_argument("--sessions", type=int, action="append", help="instead of a search")
    parser.add_argument("--processes", type=int, help="that share the GPU; one for each core")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each trial")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds for all of it")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of plans")
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    path = arguments.json or RESULTS / f"gpu-{today()}.json"
    console = Console(stderr=True)
    try:
        report = measure(arguments, console)
    except FacewireError as error:
        sys.exit(f"gpu_run: {error}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_report(path, report)
    Console().print(throughput_table(report.rows, every=False))
    for what, why in report.left_out.items():
        console.print(f"left out: {what}: {why}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"wrote {path}", soft_wrap=True, highlight=False)


def measure(arguments: argparse.Namespace, console: Console) -> Report:
    """Do all of it, and return what was found.

    Raises:
        EngineError: there is no GPU, and nothing was named that needs none.
    """
    backends: list[str] = arguments.backend or list(BACKENDS)
    clock = SystemClock()
    began = clock.now()
    report = Report(today(), command_line(), describe_machine(), _gpu(backends))
    for model in ("phones", arguments.hubert):
        if model is not None:
            _build(report, model, backends, arguments.cache)
    engines = [f"phones-batched@{backend}" for backend in backends]
    if arguments.hubert:
        engines += [f"hubert:{arguments.hubert}@{backend}" for backend in backends]
    usable = [engine for engine in engines if _agrees(report, engine, console)]
    for number, engine in enumerate(usable):
        spent_s = (clock.now() - began) / SECOND
        share_s = (arguments.limit - spent_s) / (len(usable) - number)
        row = asyncio.run(_held(arguments, engine, share_s, console))
        report.rows.append(row)
    report.seconds = (clock.now() - began) / SECOND
    return report


def _gpu(backends: list[str]) -> Gpu | None:
    """Return the GPU, or None if there is none and none is needed.

    Raises:
        EngineError: there is none, but one is needed.
    """
    try:
        return find_gpu()
    except EngineError as error:
        if all(parse_backend(backend).name in ("onnx", "torch") for backend in backends):
            return None
        raise EngineError(
            "this measures a GPU: it needs one of NVIDIA's with its driver, and "
            f"pip install -e '.[tensorrt-rtx,torch]' ({error})"
        ) from error


def _build(report: Report, model: str, backends: list[str], cache: Path) -> None:
    """Have a plan for every precision that is wanted, as far as TensorRT can build for this GPU."""
    for backend in map(parse_backend, backends):
        if backend.name != "tensorrt" or report.gpu is None:
            continue
        try:
            build_plans(
                model, cache, precision=backend.precision, targets=[report.gpu.target],
                max_batch=256,
            )  # fmt: skip
        except FacewireError as error:
            report.left_out[f"plans of {model} in {backend.precision}"] = str(error)


def _agrees(report: Report, engine: str, console: Console) -> bool:
    """Compare an engine with the model in onnxruntime, and tell whether it may be measured."""
    reference = engine.partition("@")[0].removesuffix("-batched")
    try:
        parity = check_engines(reference, engine)
    except FacewireError as error:
        report.left_out[engine] = str(error)
        return False
    changed = parity.closure.changed if parity.closure else None
    report.agreements[engine] = Agreement(parity.largest, parity.tolerance, changed)
    console.print(
        f"{engine}: weights at most {parity.largest:.1e} from the model's", highlight=False
    )
    if not parity.within_tolerance:
        report.left_out[engine] = f"over its tolerance of {parity.tolerance:g}"
    return parity.within_tolerance


async def _held(
    arguments: argparse.Namespace, engine: str, seconds: float, console: Console
) -> Row:
    """Search for the most sessions, as long as there is time; then what was found counts."""
    cores = min(arguments.processes or len(processors()), len(processors()))
    tried: dict[int, tuple[Load, bool]] = {}

    def tell(load: Load, held: bool) -> None:
        tried[load.sessions] = load, held
        word = "held" if held else "too many"
        console.print(f"{engine}: {load.sessions} sessions: {word}", highlight=False)

    trial = Trial(engine, arguments.first_guess, FRAME_RATE, seconds=arguments.seconds)
    if arguments.sessions:
        return await measure_numbers(trial, arguments.sessions, cores)
    try:
        async with asyncio.timeout(seconds):
            return await search(trial, cores, progress=tell)
    except TimeoutError:
        held = max((count for count, (_, fine) in tried.items() if fine), default=0)
        loads = tuple(tried[count][0] for count in sorted(tried))
        return Row(engine, FRAME_RATE, cores, held, loads)


if __name__ == "__main__":
    main()
