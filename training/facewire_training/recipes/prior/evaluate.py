"""Measure priors beside the embedded model, in English, against captures, and in other languages.

    python -m facewire_training.recipes.prior.evaluate --data DATA --model codes=runs/prior \
        --model weights=runs/weights --codes 4x64=runs/codes --json benchmarks/results/prior.json

Every model is measured as the engine that it is exported to, at 80 ms and 60 frames a second, in
the style of the set: the rules' for read speech, his or hers for captures. `NAME:best=RUN` takes
the likeliest codes instead of their mean, `NAME:0.5=RUN` is surer of them (`--heat` of the export),
and `NAME:grid=RUN` has GRID's style everywhere. Any other `NAME:WORD` is but a name.
"""

import json
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.recipe.engine import load_recipe
from facewire_training.command import make_parser, run_command
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.synthesised.espeak import manner, speak
from facewire_training.data.corpora.synthesised.world import sentences
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.performers import Performer, Streamed, oracle
from facewire_training.evaluation.quality.material import load_material
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.scores import Values, score, truth_of
from facewire_training.option_ranges import COUNT, THREADS, number
from facewire_training.recipes.prior.decoder import Chosen
from facewire_training.recipes.prior.export import read_style, write_prior
from facewire_training.recipes.prior.motion import NAMES, RULES
from facewire_training.recipes.prior.train import load_decoder
from facewire_training.speech_encoders.phone_rows import load_phone_rows
from facewire_training.take import Take

LOOKAHEAD_MS = 80.0
FRAME_RATE = Fraction(60)
LANGUAGES = ("de", "es", "fr", "it", "pl")
"""By espeak-ng's code."""
SENTENCES = 10
"""Of each language."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A trained model as it is asked for on the command line."""

    name: str
    run: Path
    chosen: Chosen = "mean"
    style: str = ""
    """Everywhere; that of the set if empty."""
    heat: float = 1.0


def read_variant(word: str) -> Variant:
    """Read `NAME=RUN`, `NAME:best=RUN`, `NAME:0.5=RUN` or `NAME:grid=RUN`.

    Raises:
        ConfigError: it is none.
    """
    name, _, run = word.partition("=")
    _, _, how = name.partition(":")
    chosen: Chosen = "best" if how == "best" else "mean"
    if run and how in NAMES:
        return Variant(name, Path(run), style=how)
    if run and not how[:1].isdecimal():
        return Variant(name, Path(run), chosen=chosen)
    try:
        if run:
            return Variant(name, Path(run), heat=number(0.05, 5)(how))
        raise ArgumentTypeError("no run")
    except ArgumentTypeError as error:
        raise ConfigError(
            f"{word!r} is no model; write NAME=RUN, NAME:best=RUN, NAME:0.5=RUN or NAME:grid=RUN"
        ) from error


class Models:
    """The performers of a set's style; each engine is exported once."""

    def __init__(self, variants: Sequence[Variant], folder: Path) -> None:
        self._variants, self._folder = variants, folder
        self._encoder = load_phone_rows()
        self._phones = Streamed(load_embedded(), LOOKAHEAD_MS)

    def of(self, style: str) -> dict[str, Performer]:
        """Return everybody who performs, by name."""
        found: dict[str, Performer] = {"phones": self._phones}
        for variant in self._variants:
            found[variant.name] = self._performer(variant, variant.style or style)
        return found

    def _performer(self, variant: Variant, style: str) -> Performer:
        out = self._folder / f"{variant.name}-{style}".replace(":", "-")
        if not out.exists():
            decoder, shares = load_decoder(variant.run), read_style([f"{style}=1"])
            write_prior(
                out, decoder, self._encoder, shares, chosen=variant.chosen, heat=variant.heat
            )
        return Streamed(load_recipe(out), LOOKAHEAD_MS)


def measure_sets(models: Models, data: Path, utterances: int) -> dict[str, dict[str, Values]]:
    """Return the figures of everybody on each set, by the keys of the quality bench."""
    material = load_material(Request(data, utterances=utterances))
    wanted = {"librispeech": RULES} | {name: name for name in NAMES if name != RULES}
    found = {}
    for name, clips in material.sets.items():
        corpus = clips[0].utterance.corpus
        if corpus not in wanted or "whole" in name:
            continue
        faces = captured_faces(data, clips) if corpus in CORPORA else []
        truth = faces or [oracle(clip.utterance, FRAME_RATE) for clip in clips]
        against = truth_of(clips, truth, material.lips)
        rows = {"captured" if faces else "oracle": score(truth, against)}
        for row, performer in models.of(wanted[corpus]).items():
            takes = [performer(clip.utterance, FRAME_RATE) for clip in _told(clips, row)]
            rows[row] = score(takes, against)
        found[name] = rows
    return found


CORPORA: dict[str, Callable[[Path], Iterator[Capture]]] = {
    "grid": lambda data: Grid(data / "grid_s1").validation(),
    "facegood": lambda data: Facegood(data / "facegood").validation(),
}
"""Captures of validation."""


def captured_faces(data: Path, clips: Sequence[Clip]) -> list[Take]:
    """Return the true faces of clips of captured people, at the frame rate of all."""
    wanted = {clip.utterance.name for clip in clips}
    found = {}
    for capture in CORPORA[clips[0].utterance.corpus](data):
        if capture.name in wanted:
            count = StreamSpec(SAMPLE_RATE, FRAME_RATE).frame_count(len(capture.samples))
            weights, _ = capture.at(np.arange(count) / float(FRAME_RATE))
            found[capture.name] = Take(weights * capture.known, FRAME_RATE, (), capture.known)
    return [found[clip.utterance.name] for clip in clips]


def _told(clips: Sequence[Clip], name: str) -> Sequence[Clip]:
    return list(track(clips, description=name, transient=True))


def language_speech(language: str) -> list[Utterance]:
    """Return sentences of a language, in voices of espeak-ng, each always the same.

    Raises:
        ConfigError: espeak-ng is not installed.
    """
    said = []
    for place, text in enumerate(sentences()[language][:SENTENCES]):
        samples, phones = speak(
            text, manner(language, np.random.default_rng(place)), nearest_phones
        )
        said.append(Utterance(f"{language}-{place}", samples, phones, language, "world"))
    return said


def measure_languages(models: Models) -> dict[str, dict[str, Values]]:
    """Return what everybody's lips do in other languages, by the voice's own times."""
    found = {}
    for language in LANGUAGES:
        said = language_speech(language)
        rows: dict[str, Values] = {}
        for row, performer in models.of(RULES).items():
            takes = [performer(one, FRAME_RATE) for one in said]
            rows[row] = {
                "closure": closure_rate(takes),
                "luck": luck_rate(takes),
                "false_closure": false_closure_rate(takes),
            }
        found[language] = rows
    return found


SHOWN = (
    "closure", "luck", "false_closure", "rounding_auc", "jitter", "fast_share", "amplitude",
    "velocity", "fdd", "gap_r", "width_r", "jaw_r",
)  # fmt: skip


def _print(sets: dict[str, dict[str, Values]]) -> None:
    for name, rows in sets.items():
        shown = [key for key in SHOWN if any(key in row for row in rows.values())]
        table = Table("row", *shown, title=name)
        for row, values in rows.items():
            table.add_row(row, *(f"{values.get(key, float('nan')):.3g}" for key in shown))
        Console(width=160).print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write if it is asked for."""
    import torch

    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="as for `facewire bench quality`")
    add("--model", action="append", default=[], metavar="NAME=RUN", help="of the second stage")
    add("--codes", action="append", default=[], metavar="NAME=RUN", help="of the first stage")
    add("--utterances", type=COUNT, default=40, help="of each set (default: %(default)s)")
    add("--languages", action="store_true", help="also measure speech of other languages")
    add("--json", type=Path, help="also write the figures here")
    add("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    variants = [read_variant(word) for word in options.model]
    codes = {word.partition("=")[0]: _figures(word) for word in options.codes}
    with tempfile.TemporaryDirectory() as folder:
        models = Models(variants, Path(folder))
        languages = measure_languages(models) if options.languages else {}
        sets = measure_sets(models, options.data, options.utterances)
    _print(sets | languages)
    if options.json is not None:
        about = {"command": command_line(), "date": today(), "utterances": options.utterances}
        found = {**about, "codes": codes, "sets": sets, "languages": languages}
        write_report(options.json, found)


def _figures(word: str) -> dict[str, Any]:
    """Read what was measured of a first stage.

    Raises:
        ConfigError: nothing was.
    """
    _, _, run = word.partition("=")
    try:
        read: dict[str, Any] = json.loads((Path(run) / "figures.json").read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{word!r} names no run of the first stage; write NAME=RUN") from error
    return read


if __name__ == "__main__":
    run_command(main)
