"""One part of `gpu_run.py`, in a process of its own: what fails or hangs there ends alone.

    python benchmarks/gpu_parts.py '{"type": "Agreement", "engine": "phones@torch"}'

prints what it found as JSON. Sessions are not here: `facewire_cli.bench` has processes for them.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from facewire.errors import EngineError, FacewireError
from facewire_engines.backends.golden import golden_speech
from facewire_engines.checking import check_engines
from facewire_engines.plan_building import build_plans

RATE = 16_000
LISTENING_S = 4
"""Of speech that a windowed engine is compared over; whole golden streams take it too long."""
TRAIN = "facewire_training.recipes.tokens_to_faces.train"
MOST_STEPS = 10**7
"""More than there is time for: who measures ends the training."""


class Plans(msgspec.Struct, frozen=True, tag=True):
    """Build the plans of a model for the GPU at hand."""

    model: str
    precision: str
    target: str
    cache: str


class Agreement(msgspec.Struct, frozen=True, tag=True):
    """Compare an engine with the same model in onnxruntime on the processor."""

    engine: str


class Training(msgspec.Struct, frozen=True, tag=True):
    """Train a decoder of encoded speech for some time."""

    work: str
    """Folder for the run, and for a corpus if none is given."""
    device: str
    preset: str
    seconds: float
    corpus: str = ""
    encoded: str = ""
    batch: int = 0
    """Windows in a batch; as many as the preset has if 0."""


class Built(msgspec.Struct, frozen=True):
    """What building took."""

    seconds: float
    bytes: int


class Agreed(msgspec.Struct, frozen=True):
    """How far a back-end's weights are from the model's."""

    largest: float
    tolerance: float
    lips_changed: float | None
    """Share of frames in which the lips are closed for one, and not for the other."""


class Trained(msgspec.Struct, frozen=True):
    """What a training did in its time."""

    decoder: str
    preset: str
    device: str
    steps: int
    """Between the first line of its log and the last."""
    seconds: float
    """Between the same."""
    windows: int
    """In a batch."""
    loss: tuple[float, float]
    """At the first line and at the last."""
    corpus: str
    """`made` if it was made on the spot."""

    @property
    def steps_per_s(self) -> float:
        """Batches in a second."""
        return self.steps / self.seconds if self.seconds else 0.0


Part = Plans | Agreement | Training
Found = Built | Agreed | Trained


def do(part: Part) -> Found:
    """Do a part.

    Raises:
        FacewireError: it cannot be done.
    """
    if isinstance(part, Plans):
        return build(part)
    return agree(part) if isinstance(part, Agreement) else train(part)


def build(part: Plans) -> Built:
    """Have the plans of a model in the cache, all of them made anew."""
    began = time.monotonic()
    built = build_plans(
        part.model, Path(part.cache), precision=part.precision, targets=[part.target],
        max_batch=256, rebuild=True,
    )  # fmt: skip
    return Built(round(time.monotonic() - began, 1), sum(result.size for result in built))


def agree(part: Agreement) -> Agreed:
    """Compare an engine with the model: over the golden streams, or over less if it is windowed."""
    reference = part.engine.partition("@")[0].removesuffix("-batched")
    speech = golden_speech()[: LISTENING_S * RATE] if ":" in reference else None
    parity = check_engines(reference, part.engine, speech)
    changed = parity.closure.changed if parity.closure else None
    return Agreed(parity.largest, parity.tolerance, changed)


def train(part: Training) -> Trained:
    """Train the paper's Transformer in a process of its own, and end it when its time is up.

    Raises:
        EngineError: it ended by itself, or was too slow to log two lines.
    """
    work = Path(part.work)
    corpus, encoded, run = Path(part.corpus), Path(part.encoded), work / "run"
    if not part.corpus:
        from gpu_corpus import make_corpus

        corpus, encoded = make_corpus(work)
    command = [
        sys.executable, "-m", TRAIN, "--corpus", str(corpus), "--encoded", str(encoded),
        "--decoder", "transformer", "--preset", part.preset, "--device", part.device,
        "--run", str(run), "--steps", str(MOST_STEPS), "--save-every", str(MOST_STEPS),
        *(["--batch", str(part.batch)] if part.batch else []),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        _, errors = process.communicate(timeout=part.seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    else:
        raise EngineError(f"the training ended by itself: {(errors.splitlines() or [''])[-1]}")
    config = json.loads((run / "config.json").read_text())
    return _progress(part, run, config["batches"]["batch"])


def _progress(part: Training, run: Path, windows: int) -> Trained:
    log = run / "metrics.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    if len(lines) < 2:
        raise EngineError(
            f"the training took fewer than 20 steps in {part.seconds:g} s; give it more with "
            "--train-seconds, or choose --preset narrow or a smaller --batch"
        )
    first, last = lines[0], lines[-1]
    return Trained(
        decoder="transformer",
        preset=part.preset,
        device=part.device,
        steps=last["step"] - first["step"],
        seconds=round(last["time"] - first["time"], 2),
        windows=windows,
        loss=(first["total"], last["total"]),
        corpus="given" if part.corpus else "made",
    )


def run_part(part: Part, kind: type[Any], limit_s: float) -> Any:
    """Do a part in a process of its own, and return what it found.

    Args:
        part: what is to be done.
        kind: of what it finds.
        limit_s: when it is ended.

    Raises:
        EngineError: it failed, or took longer.
    """
    command = [sys.executable, __file__, msgspec.json.encode(part).decode()]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        output, errors = process.communicate(timeout=max(limit_s, 1))
    except subprocess.TimeoutExpired:
        raise EngineError(f"it was not done in {limit_s:.0f} s") from None
    finally:
        _end(process)
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines()
        raise EngineError(lines[-1] if lines else f"it ended with status {process.returncode}")
    # Progress of what it called may stand before.
    return msgspec.json.decode(output.splitlines()[-1], type=kind)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a part and all that it has started, whatever it is doing."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()


def main() -> None:
    """Do the part of the command line."""
    try:
        part: Part = msgspec.json.decode(sys.argv[1], type=Part)
        found = do(part)
    except FacewireError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")


if __name__ == "__main__":
    main()
