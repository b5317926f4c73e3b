"""The table of the paper on free data: four families of representation, three decoders, probes.

`facewire bench representations` runs it: encodes, trains the small encoders, encodes with them,
trains a decoder of each kind for each family, measures all of them, probes the encoders, and writes
`OUT/representations.json`. What is whole is kept, so it can be stopped and started again. Its parts
are commands of their own (training/README.md).
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import torch
from rich.console import Console

from facewire.errors import ConfigError, FacewireError
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import load_embedded
from facewire_training.data.shards import open_shard
from facewire_training.evaluation.performers import Performer, Streamed, oracle
from facewire_training.recipes.tokens_to_faces.checkpoint import open_run, read_checkpoint
from facewire_training.recipes.tokens_to_faces.decoders.gru_diffusion import GruDiffusion
from facewire_training.recipes.tokens_to_faces.evaluate import (
    FRAME_RATE,
    evaluate,
    open_validation,
    perform_as,
)
from facewire_training.recipes.tokens_to_faces.probe import probe_representation
from facewire_training.recipes.tokens_to_faces.probes.report import ProbeReport, decode_figures
from facewire_training.speech_encoders.rows.encoded import load_encoded, read_representation
from facewire_training.training_run import hold_folder

T = TypeVar("T")

TAUGHT = "whisper-tiny.en"
SMALL = ("labels", "codec", "acoustic")
ENCODERS = (TAUGHT, *(f"small-{kind}" for kind in SMALL))
DECODERS = ("transformer", "gru-diffusion", "streaming")
LOOKAHEADS_MS = (0.0, 40.0, 80.0, 160.0)
SPECIAL = {(TAUGHT, "transformer"): ("--set", "first_face=random")}
"""With features a face at rest stays the median face (training/LOG.md)."""
PASSES = 4
"""Of the GRU, where it draws quickly."""
STREAM_S = 60.0
"""Of the streams that are probed."""
PATIENCE = 4
"""Of how many utterances one is drawn with every step: each takes as long as it lasts."""
CORPORA = "librispeech,readings"
REPORT = "representations.json"


class Row(msgspec.Struct, frozen=True):
    """A decoder of a representation, measured."""

    encoder: str
    family: str
    decoder: str
    """`oracle` and `phones`, the embedded model, are no decoders of the study."""
    lookahead_ms: float | None
    """None where the whole utterance is heard."""
    parameters: int
    steps: int
    """Batches that it has learned from."""
    figures: dict[str, float]


class Study(msgspec.Struct, frozen=True):
    """The whole table."""

    command: str
    date: str
    machine: str
    preset: str
    hours: float
    """Of speech that was learned from."""
    utterances: int
    """Of the validation people."""
    clips: int
    """Captured."""
    rows: tuple[Row, ...]
    probes: tuple[ProbeReport, ...]


class Places:
    """Where everything of a study lies, and whose encoders it is about."""

    def __init__(self, out: Path, encoders: Sequence[str] = ENCODERS) -> None:
        self.out = out
        self.encoders = encoders

    def encoded(self, encoder: str) -> Path:
        """Return the folder of an encoder's rows."""
        return self.out / "encoded" / encoder

    def small(self, kind: str) -> Path:
        """Return the run of a small encoder."""
        return self.out / "small" / kind

    def run(self, encoder: str, decoder: str) -> Path:
        """Return the run of a decoder."""
        return self.out / "faces" / f"{encoder}-{decoder}"

    def row(self, *names: object) -> Path:
        """Return the file of some measured rows, or of a probe."""
        return self.out / "measured" / ("-".join(str(name) for name in names) + ".json")


def make(
    corpus: Path, places: Places, preset: str, device: str, steps: int | None, say: Console
) -> None:
    """Encode and train whatever is missing."""
    fewer = [] if steps is None else ["--steps", steps]
    _encode(corpus, places, TAUGHT, [], say)
    for kind in SMALL:
        if f"small-{kind}" not in places.encoders:
            continue
        _run(
            say, "facewire_training.speech_encoders.small.train",
            "--corpus", corpus, "--taught", places.encoded(TAUGHT), "--kind", kind,
            "--run", places.small(kind), *fewer,
        )  # fmt: skip
        _encode(corpus, places, f"small-{kind}", ["--weights", places.small(kind)], say)
    for encoder in places.encoders:
        for decoder in DECODERS:
            _run(
                say, "facewire_training.recipes.tokens_to_faces.train",
                "--corpus", corpus, "--encoded", places.encoded(encoder), "--decoder", decoder,
                "--preset", preset, "--corpora", CORPORA, "--run", places.run(encoder, decoder),
                "--device", device, *fewer, *SPECIAL.get((encoder, decoder), ()),
            )  # fmt: skip


def _encode(
    corpus: Path, places: Places, encoder: str, weights: Sequence[object], say: Console
) -> None:
    _run(
        say, "facewire_training.recipes.tokens_to_faces.encode",
        "--corpus", corpus, "--encoder", encoder, "--out", places.encoded(encoder), *weights,
    )  # fmt: skip


def _run(say: Console, module: str, *words: object) -> None:
    """Run a command of this package, in a process that gives its memory back.

    Raises:
        FacewireError: it failed, and has said why.
    """
    command = ["-m", module, *map(str, words)]
    say.print("python", *command, style="dim", markup=False, soft_wrap=True)
    code = subprocess.run([sys.executable, *command], check=False).returncode
    if code:
        raise FacewireError(f"{module} ended with {code}; start the study again to go on")


def measure(corpus: Path, places: Places, say: Console) -> Iterator[Row]:
    """Yield every row of the table; those that were measured before are read."""
    for encoder in places.encoders:
        for decoder in DECODERS:
            file = places.row(encoder, decoder)
            rows = _read(file, list[Row])
            step = read_checkpoint(places.run(encoder, decoder))["step"]
            if rows is None or any(row.steps != step for row in rows):
                say.print(f"measuring {decoder} of {encoder}")
                rows = _rows(corpus, places, encoder, decoder)
                write_report(file, rows)
            yield from rows
    file = places.row("others")
    rows = _read(file, list[Row])
    if rows is None:
        say.print("measuring the embedded model, and the rules")
        rows = list(_others(corpus, places))
        write_report(file, rows)
    yield from rows


def _read(file: Path, kind: type[T]) -> T | None:
    """Return what a file holds; None if it is missing or was cut off: then it is measured again."""
    try:
        return decode_figures(file.read_bytes(), kind)
    except (OSError, msgspec.DecodeError):
        return None


def _rows(corpus: Path, places: Places, encoder: str, decoder: str) -> list[Row]:
    trained = open_run(places.run(encoder, decoder))
    validation = open_validation(corpus, places.encoded(encoder), trained.frame_rate)
    size = sum(weight.numel() for weight in trained.module.parameters())

    def row(name: str, lookahead_ms: float | None = None, nth: int = 1) -> Row:
        figures = evaluate(trained, validation.every(nth), lookahead_ms)
        family = trained.representation.family
        return Row(encoder, family, name, lookahead_ms, size, trained.step, figures)

    if decoder == "streaming":
        return [row(decoder, ms) for ms in LOOKAHEADS_MS]
    if not isinstance(trained.decoder, GruDiffusion):
        return [row(decoder)]
    steps = trained.decoder.noise.steps
    every_step = row(f"{decoder}, {steps} passes", nth=PATIENCE)
    trained.decoder.sample_in(PASSES)
    return [every_step, row(f"{decoder}, {PASSES} passes")]


def _others(corpus: Path, places: Places) -> Iterator[Row]:
    validation = open_validation(corpus, places.encoded(TAUGHT), FRAME_RATE)
    engine = load_embedded()
    performers: dict[tuple[str, float | None], Performer] = {("oracle", None): oracle}
    performers |= {(engine.name, ms): Streamed(engine, ms) for ms in LOOKAHEADS_MS}
    for (name, lookahead_ms), performer in performers.items():
        spoken = perform_as(performer, validation.speech, FRAME_RATE)
        seen = perform_as(performer, validation.captures, FRAME_RATE)
        yield Row("", "labels", name, lookahead_ms, 0, 0, validation.figures(spoken, seen))


def probes(corpus: Path, places: Places, say: Console) -> Iterator[ProbeReport]:
    """Yield what each encoder tells of phones, visemes and faces, and with the published defect."""
    for encoder in places.encoders:
        file = places.row("probe", encoder)
        found = _read(file, ProbeReport)
        if found is None:
            say.print(f"probing {encoder}")
            found = _probe(corpus, places.encoded(encoder))
            write_report(file, found)
        yield found


def run(
    corpus: Path,
    out: Path,
    preset: str,
    device: str,
    steps: int | None,
    machine: str,
    encoders: Sequence[str] = (),
) -> Study:
    """Make the table, or what is missing of it, and write it to `OUT/representations.json`.

    Args:
        corpus: folder that `prepare` wrote, with its targets.
        out: folder of the study.
        preset: size of the decoders, `narrow` or `paper`.
        device: of their training, `cpu` or `cuda`.
        steps: batches of each training, or None for what it usually has.
        machine: what it is made on, for the report.
        encoders: some of `ENCODERS`; all if there are none.

    Raises:
        ConfigError: there is no such encoder, the corpus lacks something, or another process makes
            the same study.
        FacewireError: a training failed.
    """
    for encoder in encoders:
        if encoder not in ENCODERS:
            raise ConfigError(f"there is no encoder '{encoder}' here; choose {', '.join(ENCODERS)}")
    torch.set_num_threads(1)
    wanted = [encoder for encoder in ENCODERS if not encoders or encoder in encoders]
    with hold_folder(out):
        return _make_report(corpus, Places(out, wanted), preset, device, steps, machine)


def _make_report(
    corpus: Path, places: Places, preset: str, device: str, steps: int | None, machine: str
) -> Study:
    say, file = Console(stderr=True), places.out / REPORT
    places.row("probe").parent.mkdir(parents=True, exist_ok=True)
    make(corpus, places, preset, device, steps, say)
    validation = open_validation(corpus, places.encoded(TAUGHT), FRAME_RATE)
    report = Study(
        command=command_line(),
        date=today(),
        machine=machine,
        preset=preset,
        hours=_hours(corpus, places),
        utterances=len(validation.speech),
        clips=len(validation.captures),
        rows=tuple(measure(corpus, places, say)),
        probes=tuple(probes(corpus, places, say)),
    )
    write_report(file, report)
    say.print(f"wrote {file}", markup=False, soft_wrap=True)
    return report


def _probe(corpus: Path, encoded: Path) -> ProbeReport:
    """Probe long streams, where the published defect shows; or utterances, if they are too few."""
    try:
        return probe_representation(corpus, encoded, streams_s=STREAM_S, as_published=True)
    except ConfigError:
        return probe_representation(corpus, encoded)


def _hours(corpus: Path, places: Places) -> float:
    """Return how much speech decoders have learned from."""
    folder = places.encoded(TAUGHT)
    rate = read_representation(folder).rate
    shards = (load_encoded(folder, name, open_shard(corpus, name)) for name in CORPORA.split(","))
    return round(float(sum(len(shard.rows) for shard in shards) / rate / 3600), 2)
