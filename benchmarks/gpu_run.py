"""Everything about one GPU, in one command and within ten minutes; it needs no network.

    python benchmarks/gpu_run.py

It builds plans for the GPU at hand, compares every back-end with the model, trains a decoder of
*From Tokens to Faces* for two minutes, and finds how many sessions at 60 frames/s stay in time: of
the embedded model, and of a windowed encoder with a streaming decoder. That is HuBERT of random
weights, made on the spot, unless `--windowed` names another, such as `recipe:FOLDER`.

Each part is a process of its own with a time of its own. `benchmarks/results/gpu-DATE.json` is
written after each, so what was found stays, whatever becomes of the rest; what cannot be done is
noted there. Without a GPU, `--backend onnx` runs the same program on the processor.
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
from rich.console import Console

from facewire.clock import SECOND, SystemClock
from facewire.errors import EngineError, FacewireError
from facewire.report_file import command_line, today, write_report
from facewire_cli.bench.machine import Machine, describe_machine
from facewire_cli.bench.throughput_load import Trial
from facewire_cli.bench.throughput_search import Row, measure, processors
from facewire_cli.commands.bench.throughput import throughput_table
from facewire_engines.backends.choice import parse_backend
from facewire_engines.backends.cuda_driver import Gpu, find_gpu
from facewire_engines.backends.tensorrt.libraries import library_line
from facewire_engines.backends.tensorrt.plans import default_cache
from gpu_parts import Agreed, Agreement, Built, Plans, Trained, Training, run_part
from gpu_sessions import most_sessions

BACKENDS = ("tensorrt", "tensorrt:fp16", "torch-cuda")
FRAME_RATE = "60"
FIRST_GUESS, FIRST_WINDOWED = 64, 4
LIMIT_S = 570.0
"""All of it; the rest of ten minutes is for writing and for what is slow to end."""
BUILD_S, AGREE_S, SESSIONS_S = 60.0, 75.0, 75.0
"""The most of one part of a kind."""
MAKING_S = 60.0
"""For what a training, or a windowed engine, is made from."""
TRAIN_S = 120.0
RESULTS = Path(__file__).parent / "results"
EXPORT = "facewire_training.recipes.hubert.export"

Found = TypeVar("Found")


class Report(msgspec.Struct):
    """What the file holds."""

    date: str
    command: str
    machine: Machine
    gpu: Gpu | None
    library: str = ""
    """What made the plans, in one line."""
    seconds: float = 0.0
    built: dict[str, Built] = msgspec.field(default_factory=dict)
    agreements: dict[str, Agreed] = msgspec.field(default_factory=dict)
    training: Trained | None = None
    rows: list[Row] = msgspec.field(default_factory=list)
    unsure: dict[str, str] = msgspec.field(default_factory=dict)
    """Engines whose search for sessions ended early, and why."""
    left_out: dict[str, str] = msgspec.field(default_factory=dict)
    """What could not be done, and why."""


class Run:
    """The parts in turn, and the report that is written after each."""

    def __init__(self, options: argparse.Namespace, path: Path, work: Path) -> None:
        self.options, self.path, self.work = options, path, work
        self.backends: list[str] = options.backend or list(BACKENDS)
        self.report = Report(today(), command_line(), describe_machine(), _gpu(self.backends))
        self.console = Console(stderr=True)
        self._clock = SystemClock()
        self._began = self._clock.now()
        self._kept_s = options.train_seconds + MAKING_S + SESSIONS_S
        """What is kept of the time for parts that come later."""

    def all(self) -> None:
        """Do everything that there is time for."""
        windowed = self.options.windowed or self._make_windowed()
        on_gpu = self.report.gpu is not None
        if on_gpu:
            self.report.library = library_line(self.report.gpu)
            self._say(self.report.library)
            self._build("phones")
            if windowed:
                self._build(windowed.partition(":")[2], "windowed")
        engines = [f"phones-batched@{backend}" for backend in self.backends]
        if windowed:
            engines += [f"{windowed}@{backend}" for backend in self.backends]
        usable = [engine for engine in engines if self._agrees(engine)]
        self._kept_s = SESSIONS_S
        self._train("cuda" if on_gpu else "cpu")
        self._kept_s = 0.0
        for number, engine in enumerate(usable):
            share = self._left() / (len(usable) - number)
            self._sessions(engine, min(share, SESSIONS_S))
        self._save()

    def _label(self, engine: str) -> str:
        """Return an engine's name without a folder that is gone afterwards."""
        return engine.replace(str(self.work), self.options.size)

    def _left(self) -> float:
        spent = (self._clock.now() - self._began) / SECOND
        return float(self.options.limit - self._kept_s - spent)

    def _save(self) -> None:
        self.report.seconds = round((self._clock.now() - self._began) / SECOND, 1)
        write_report(self.path, self.report)

    def _part(
        self,
        what: str,
        limit_s: float,
        do: Callable[[float], Found],
        keep: Callable[[Found], object],
    ) -> None:
        """Do a part as far as there is time, note it where it fails, and write what there is."""
        limit = min(limit_s, self._left())
        try:
            if limit < 1:
                raise EngineError("no time was left")
            keep(do(limit))
        except Exception as error:  # whatever it is, the other parts are done
            said = str(error) if isinstance(error, FacewireError) else repr(error)
            self.report.left_out[what] = self._label(said)
            self._say(f"left out: {what}: {said}")
        self._save()

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True, markup=False)

    def _make_windowed(self) -> str:
        """Make a windowed encoder with a streaming decoder, of random weights."""
        folder = self.work / "hubert"
        command = [sys.executable, "-m", EXPORT, "--random", self.options.size]
        made: list[str] = []

        def do(limit: float) -> str:
            try:
                subprocess.run(
                    [*command, "--out", str(folder)], timeout=limit, check=True, capture_output=True
                )
            except subprocess.TimeoutExpired:
                raise EngineError(f"it was not made in {limit:.0f} s") from None
            except subprocess.CalledProcessError as error:
                raise EngineError(error.stderr.decode().strip().splitlines()[-1]) from None
            return f"hubert:{folder}"

        self._part("a windowed engine", MAKING_S, do, made.append)
        return made[0] if made else ""

    def _build(self, model: str, label: str = "phones") -> None:
        """Have a plan for every precision that is wanted, as far as one can be built here."""
        assert self.report.gpu is not None
        for backend in map(parse_backend, self.backends):
            if backend.name == "tensorrt":
                what = f"plans of {label} in {backend.precision}"
                target, cache = self.report.gpu.target, str(self.options.cache)
                do = partial(run_part, Plans(model, backend.precision, target, cache), Built)
                self._part(what, BUILD_S, do, partial(self.report.built.__setitem__, what))

    def _agrees(self, engine: str) -> bool:
        """Compare an engine with the model in onnxruntime; tell whether it may be measured."""
        label, agreements = self._label(engine), self.report.agreements

        def keep(found: Agreed) -> None:
            agreements[label] = found
            self._say(f"{label}: weights at most {found.largest:.1e} from the model's")
            if found.largest > found.tolerance:
                raise EngineError(f"over its tolerance of {found.tolerance:g}")

        self._part(label, AGREE_S, partial(run_part, Agreement(engine), Agreed), keep)
        return label in agreements and label not in self.report.left_out

    def _train(self, device: str) -> None:
        options = self.options
        preset = options.preset or ("paper" if device == "cuda" else "narrow")

        def do(limit: float) -> Trained:
            seconds = min(options.train_seconds, limit - MAKING_S)
            if seconds < 1:
                raise EngineError("no time was left")
            part = Training(
                str(self.work), device, preset, seconds,
                str(options.corpus or ""), str(options.encoded or ""), options.batch,
            )  # fmt: skip
            trained: Trained = run_part(part, Trained, limit)
            return trained

        def keep(found: Trained) -> None:
            self.report.training = found
            self._say(f"training: {found.steps_per_s:.2f} batches/s of {found.windows} windows")

        if options.train_seconds > 0:
            self._part("training", options.train_seconds + MAKING_S, do, keep)

    def _sessions(self, engine: str, limit_s: float) -> None:
        options, label = self.options, self._label(engine)
        cores = min(options.processes, len(processors()))
        first = options.first_guess or (FIRST_WINDOWED if ":" in engine else FIRST_GUESS)
        trial = Trial(engine, first, FRAME_RATE, seconds=options.seconds)

        def tell(sessions: int, held: bool) -> None:
            self._say(f"{label}: {sessions} sessions: {'held' if held else 'too many'}")

        def do(limit: float) -> tuple[Row, str]:
            if options.sessions:
                return asyncio.run(measure(trial, options.sessions, cores)), ""
            return asyncio.run(most_sessions(trial, cores, limit, self._clock, progress=tell))

        def keep(found: tuple[Row, str]) -> None:
            row, why = found
            self.report.rows.append(msgspec.structs.replace(row, engine=label))
            if why:
                self.report.unsure[label] = self._label(why)

        self._part(f"sessions of {label}", limit_s, do, keep)


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
            f"pip install -e '.[tensorrt-rtx,train]' ({error})"
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--backend", action="append", help="only this one; may be repeated")
    add("--windowed", metavar="ENGINE:FOLDER", help="instead of a HuBERT of random weights")
    add("--size", default="base", help="of that HuBERT: base, large or tiny")
    add("--first-guess", type=int, help="sessions to begin at")
    add("--sessions", type=int, action="append", help="instead of a search")
    add("--processes", type=int, default=4, help="that share the GPU")
    add("--seconds", type=float, default=3.0, help="of each trial")
    add("--train-seconds", type=float, default=TRAIN_S, help="of the training; 0 for none")
    add("--preset", choices=("paper", "narrow"), help="of what is trained; paper on a GPU")
    add("--batch", type=int, default=0, help="windows in its batches; of the preset if 0")
    add("--corpus", type=Path, help="that prepare wrote, for the training")
    add("--encoded", type=Path, help="that encode wrote, of that corpus")
    add("--limit", type=float, default=LIMIT_S, help="seconds for all of it")
    add("--cache", type=Path, default=default_cache(), help="folder of plans")
    add("--json", type=Path, help="where the figures go")
    return parser


def main() -> None:
    """Parse the command line and run everything."""
    parser = _parser()
    options = parser.parse_args()
    if bool(options.corpus) != bool(options.encoded):
        parser.error("--corpus and --encoded go together")
    path = options.json or RESULTS / f"gpu-{today()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever ends this ends the part that is under way, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as work:
        try:
            run = Run(options, path, Path(work))
            run.all()
        except FacewireError as error:
            sys.exit(f"gpu_run: {error}")
    Console().print(throughput_table(run.report.rows, every=False))
    run.console.print(f"wrote {path}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
