"""Faces from latents beside captured ones, on GRID's validation clips.

    python -m facewire_training.recipes.joint.evaluate --data DATA --model NAME=FOLDER [--json FILE]

The natural voice says each clip with the true times of its words, so its latents are on the clock
of the capture. Each model is a folder that `export` wrote. Beside them: the aligned phones of the
clip, and hearing its true sound.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec

from facewire.report_file import command_line, today, write_report
from facewire_engines.latents.decoder import load_latent_decoder
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import SUREST
from facewire_engines.voices.hibari.package import load_hibari
from facewire_training.command import make_parser, run_command
from facewire_training.data.align import align
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.grid_words import SILENT, Pronouncer, read_words
from facewire_training.data.recognisers import embedded_posteriors
from facewire_training.evaluation.metrics.errors.captures import compare
from facewire_training.evaluation.metrics.lips.closure import closure_rate, false_closure_rate
from facewire_training.evaluation.performers import Streamed
from facewire_training.evaluation.spoken.roads import (
    RATE,
    Said,
    from_latents,
    from_phones,
    named_folder,
)
from facewire_training.option_ranges import COUNT
from facewire_training.recipes.joint.captured import Sayer
from facewire_training.take import Take


class CapturesReport(msgspec.Struct, frozen=True):
    """What the program found: by road, correlations with the captures and shares of closures."""

    date: str
    command: str
    clips: int
    roads: dict[str, dict[str, float]]


def said_clips(
    captures: Sequence[Capture], sayer: Sayer, engine: PhonesEngine, words: Path
) -> Iterator[tuple[Capture, Said]]:
    """Yield the clips whose words can be aligned with their sound, as they are said."""
    clips, pronounce = read_words(words), Pronouncer().phones
    for capture in captures:
        classes = [pronounce(w.word) for w in clips[capture.name] if w.word not in SILENT]
        phones = align(embedded_posteriors(engine, capture.samples), classes)
        if phones:
            utterance = replace(capture.utterance(), phones=phones)
            yield capture, Said(sayer.replaced(capture), utterance)


def score(takes: Sequence[Take], captures: Sequence[Capture]) -> dict[str, float]:
    """Return the figures of one road."""
    found = compare(takes, captures)
    found |= {"closed": closure_rate(takes), "vowels_shut": false_closure_rate(takes)}
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    """Say, compare and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds grid_s1/")
    parser.add_argument(
        "--model", type=named_folder, action="append", default=[], metavar="NAME=FOLDER",
        help="what export wrote; repeatable",
    )  # fmt: skip
    parser.add_argument("--clips", type=COUNT, default=200, help="at most how many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    engine, folder = load_embedded(), options.data / "grid_s1"
    words = folder / "words.tsv.gz"
    sayer = Sayer(load_hibari(""), words)
    held_out = list(islice(Grid(folder).validation(), options.clips))
    pairs = list(said_clips(held_out, sayer, engine, words))
    captures = [capture for capture, _ in pairs]
    hears = Streamed(engine, 10 * SUREST)
    roads: dict[str, Callable[[Said], Take]] = {
        "phones": lambda said: from_phones(said, engine),
        "hearing": lambda said: hears(said.utterance, RATE),
    }
    for name, model in options.model:
        decoder = load_latent_decoder(engine.token_decoder(), model)
        roads[name] = partial(from_latents, decoder=decoder)
    found = {}
    for name, perform in roads.items():
        found[name] = score([perform(said) for _, said in pairs], captures)
        print(f"{name}: {', '.join(f'{k} {v:g}' for k, v in found[name].items())}")
    if options.json:
        report = CapturesReport(today(), command_line(), len(captures), found)
        write_report(options.json, report)


if __name__ == "__main__":
    run_command(main)
