"""What a loss that reads lips buys: the same decoder, trained with the reader by different weights.

    python -m facewire_training.recipes.perception.ablation --data DATA --corpus runs/corpus \
        --reader runs/reader --stand-in runs/weights_reader --judge runs/judge --json OUT

The first two stages of the curriculum are run once; the third from there for each weight, with the
same crops in the same order. What it is worth is told by a judge, a reader of another architecture
and seed that no decoder is trained with, and by the usual figures of the lips. `other crops` is
`without` again on other crops: differences as small as theirs say nothing. The stand-in reads the
52 weights instead of pictures.
"""

import argparse
import copy
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from facewire import arkit
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.shards import open_shard
from facewire_training.data.styles import style_of
from facewire_training.evaluation.metrics.errors.captures import compare
from facewire_training.evaluation.metrics.errors.weight_error import lip_vertex_error
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.metrics.motion.liveliness import amplitude_ratio
from facewire_training.evaluation.metrics.motion.steadiness import jitter
from facewire_training.evaluation.performers import oracle
from facewire_training.model.decoder import Decoder, DecoderConfig
from facewire_training.model.search import RATE, heard
from facewire_training.option_ranges import COUNT, THREADS
from facewire_training.recipes.perception.curriculum import (
    CURRICULUM,
    Speech,
    decode,
    learn,
    save_decoder,
)
from facewire_training.recipes.perception.heard_faces import HeardFaces, heard_shard
from facewire_training.recipes.perception.reader import FILE, LipReader, load_reader
from facewire_training.recipes.perception.reading_loss import ReadingLoss
from facewire_training.recipes.perception.seen_speech import seen_take
from facewire_training.recipes.perception.train_reader import recognition
from facewire_training.take import Take

WEIGHTS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Of the reader's gradient against that of all other losses."""
STAND_IN_WEIGHTS = (0.1, 1.0)
OTHER_SEEDS = (1,)

AT_ONCE = 3
"""Weights that are tried at the same time, a thread each."""

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """One training of the third stage."""

    title: str
    reader: str = ""
    """Who reads; empty is nobody."""
    weight: float = 0.0
    seed: int = 0
    """Of the crops."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Clips to measure on, all of one style."""

    heard: tuple[HeardFaces, ...]
    truth: tuple[Take, ...]
    """The faces of the rules, or what was captured."""
    captures: tuple[Capture, ...] = ()
    """The same as captured, if it was."""


def held_out_rules(engine: PhonesEngine, data: Path, count: int) -> HeldOut:
    """Return utterances of LibriSpeech's validation speakers."""
    everything = list(LibriSpeech(data / "librispeech").validation())
    chosen = [everything[i] for i in np.linspace(0, len(everything) - 1, count, dtype=int)]
    truth = tuple(oracle(one, RATE) for one in chosen)
    return HeldOut(
        tuple(_heard(engine, one.samples, "librispeech") for one in chosen),
        tuple(truth),
    )


def held_out_captures(engine: PhonesEngine, data: Path, corpus: Path, count: int) -> HeldOut:
    """Return GRID's validation clips, with the phones that the corpus has of them."""
    shard = open_shard(corpus, "validation-captures/grid")
    captured = {one.name: one for one in Grid(data / "grid_s1").validation()}
    places = [i for i, name in enumerate(shard.names) if name in captured][:count]
    captures = tuple(captured[shard.names[place]] for place in places)
    truth = tuple(
        Take(np.nan_to_num(one.weights), one.frame_rate, shard.phones(place), late_s=one.start_s)
        for place, one in zip(places, captures, strict=True)
    )
    return HeldOut(
        tuple(_heard(engine, shard.audio(place), "grid") for place in places), truth, captures
    )


def _heard(engine: PhonesEngine, samples: np.ndarray, corpus: str) -> HeardFaces:
    windows, known = heard(engine, samples)
    none = torch.zeros(len(windows), arkit.COUNT)
    style = torch.from_numpy(style_of(corpus)).expand(len(windows), -1)
    return HeardFaces(windows[None], known[None], none[None], none[None], style[None])


@torch.no_grad()
def decoded(decoder: Decoder, held_out: HeldOut) -> list[Take]:
    """Return the faces that a decoder makes of clips."""
    return [
        Take(decode(decoder, one)[0].clamp(0, 1).numpy(), RATE, true.phones)
        for one, true in zip(held_out.heard, held_out.truth, strict=True)
    ]


def judged(judge: LipReader, takes: Sequence[Take]) -> Row:
    """Return what a judge reads off faces: shares of frames."""
    found = recognition(judge, [seen_take(take) for take in takes])
    return {name: found[name] for name in ("recognised in speech", "balanced")}


def measure(decoder: Decoder, judge: LipReader, rules: HeldOut, captured: HeldOut) -> Row:
    """Return all figures of a decoder."""
    takes = _padded(decoded(decoder, rules), rules.truth)
    faces = decoded(decoder, captured)
    of_captured = {f"GRID {k}": v for k, v in judged(judge, faces).items()}
    return {
        **judged(judge, takes),
        "closed": closure_rate(takes),
        "by luck": luck_rate(takes),
        "vowels shut": false_closure_rate(takes),
        "rounding AUC": rounding_auc(takes),
        "LVE": lip_vertex_error(takes, rules.truth),
        "amplitude": amplitude_ratio(takes, rules.truth),
        "jitter": jitter(takes),
        **of_captured,
        **{f"GRID {k}": v for k, v in compare(faces, captured.captures).items() if not isnan(v)},
    }


def _padded(takes: Sequence[Take], truth: Sequence[Take]) -> list[Take]:
    """Return takes as long as the true ones: the encoder hears whole hops alone."""
    pairs = [(take, len(true) - len(take)) for take, true in zip(takes, truth, strict=True)]
    return [
        replace(take, weights=np.pad(take.weights, ((0, max(more, 0)), (0, 0)))[: len(take) + more])
        for take, more in pairs
    ]


def truth_row(judge: LipReader, rules: HeldOut, captured: HeldOut) -> Row:
    """Return the same figures of the true faces."""
    takes = list(rules.truth)
    of_captured = {f"GRID {k}": v for k, v in judged(judge, captured.truth).items()}
    return {
        **judged(judge, takes),
        "closed": closure_rate(takes),
        "by luck": luck_rate(takes),
        "vowels shut": false_closure_rate(takes),
        "rounding AUC": rounding_auc(takes),
        "jitter": jitter(takes),
        **of_captured,
    }


def ablate(
    readers: Mapping[str, LipReader],
    judge: LipReader,
    speech: Speech,
    rules: HeldOut,
    captured: HeldOut,
    keep: Path | None = None,
) -> dict[str, Row]:
    """Return the figures of each weight, by name; the decoders are kept in a folder, if given."""
    torch.manual_seed(0)
    begun = Decoder(DecoderConfig())
    *before, last = CURRICULUM
    for stage in before:
        learn(begun, stage, speech)
    rows = {"the true face": truth_row(judge, rules, captured)}
    plans = [Plan("without"), *(Plan(f"other crops {seed}", seed=seed) for seed in OTHER_SEEDS)]
    plans += [Plan(f"{name} {w:g}", name, w) for name in readers for w in _weights(name)]

    def third_stage(plan: Plan) -> Row:
        decoder = copy.deepcopy(begun)
        reading = ReadingLoss(readers[plan.reader], RATE) if plan.reader else None
        factor = learn(decoder, last, speech, reading, plan.weight, plan.seed, shown=False)
        if keep is not None:
            save_decoder(decoder, keep / f"{plan.title.replace(' ', '-')}.pt")
        return {"factor": factor, **measure(decoder.eval(), judge, rules, captured)}

    # Torch lets go of the interpreter, so threads do.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for plan, row in zip(plans, pool.map(third_stage, plans), strict=True):
            rows[plan.title] = row
            print_rows({plan.title: row})
    return rows


def _weights(name: str) -> tuple[float, ...]:
    return WEIGHTS if name == "pictures" else STAND_IN_WEIGHTS


def main() -> None:
    """Ablate, print and write."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    readers = {"pictures": load_reader(options.reader / FILE)}
    if options.stand_in:
        readers["stand-in"] = load_reader(options.stand_in / FILE)
    judge = load_reader(options.judge / FILE)
    engine = load_embedded()
    counts = {"librispeech": options.utterances, "grid": options.clips, "facegood": options.clips}
    speech = {
        name: heard_shard(engine, options.corpus, name, count) for name, count in counts.items()
    }
    rules = held_out_rules(engine, options.data, options.validation)
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    captured = held_out_captures(engine, options.data, options.corpus, options.validation)
    rows = ablate(readers, judge, speech, rules, captured, options.keep)
    print_rows(rows)
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "utterances": options.validation}
        write_report(options.json, {**about, "rows": rows})


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds librispeech/, grid_s1/")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--reader", type=Path, required=True, help="that the loss asks")
    parser.add_argument("--stand-in", type=Path, help="one of weights, that is asked besides")
    parser.add_argument("--judge", type=Path, required=True, help="that no decoder learns from")
    parser.add_argument("--utterances", type=COUNT, default=100, help="of the rules, to train on")
    parser.add_argument("--clips", type=COUNT, default=150, help="of each captured speaker")
    parser.add_argument("--validation", type=COUNT, default=40, help="clips of each to measure on")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    parser.add_argument("--keep", type=Path, help="folder for the decoders")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser


def print_rows(rows: Mapping[str, Row]) -> None:
    """Print figures, a column for each name."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table("", *rows)
    for name in names:
        table.add_row(name, *(f"{row[name]:.3f}" if name in row else "" for row in rows.values()))
    Console().print(table)


if __name__ == "__main__":
    run_command(main)
