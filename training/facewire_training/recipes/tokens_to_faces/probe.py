"""Probe a speech representation: what do its rows tell of phones, visemes and faces?

    python -m facewire_training.recipes.tokens_to_faces.probe --corpus runs/corpus \
        --encoded runs/encoded/whisper

Prints conditional entropy and mutual information of tokens with phones, with fifteen visemes and
with 32 classes of faces (those and, of features, the tokens are k-means classes of the training
speech if it is encoded too), ridge regressions from rows to blendshapes, held out by utterance, and
back. `--streams` joins utterances of a speaker into long ones; `--as-published` shows beside it
what comes out if faces are taken as the published code takes them, from the utterance's beginning
in every piece of 30 s.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console

from facewire.report_file import command_line, today, write_report
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import open_shard
from facewire_training.data.styles import CAPTURED
from facewire_training.data.targets import fits, load_targets, make_targets
from facewire_training.option_ranges import number
from facewire_training.recipes.tokens_to_faces.probes.aligned import (
    AlignedRows,
    Corpus,
    align,
    alone,
    joined,
)
from facewire_training.recipes.tokens_to_faces.probes.report import ProbeReport, fit, probe
from facewire_training.recipes.tokens_to_faces.probes.tables import print_report
from facewire_training.speech_encoders.rows.encoded import load_encoded, read_representation

STREAM_S = 60.0
"""About as long as a recording of BEAT2."""
FITTED_UTTERANCES = 200


def probe_representation(
    corpus: Path,
    encoded: Path,
    *,
    shard: str = "validation/librispeech",
    fit_on: str | None = None,
    streams_s: float = 0.0,
    as_published: bool = False,
    console: Console | None = None,
) -> ProbeReport:
    """Probe an encoder's rows of a shard.

    Args:
        corpus: the folder that `prepare` wrote.
        encoded: the folder that `encode` wrote.
        shard: which to probe.
        fit_on: the shard of which classes are learned; by default the training shard of the same
            corpus if it is encoded, or else the probed one.
        streams_s: if not 0, utterances of a speaker are joined until they are as long.
        as_published: repeat it with the published defect.
        console: is told how far it is.

    Raises:
        ConfigError: a shard or its rows are missing, or there are too few.
    """
    probed = _corpus(corpus, encoded, shard)
    other = fit_on if fit_on is not None else _training_shard(corpus, encoded, shard)

    def say(what: str) -> None:
        if console is not None:
            console.print(what)

    whole = alone(probed.encoded)
    streams = joined(probed.shard, probed.encoded, streams_s) if streams_s else whole
    aligned = align(probed, streams)
    if other == shard:
        fitted = fit(aligned)
    else:
        say(f"classes of {other}")
        fitted = fit(_spread(_corpus(corpus, encoded, other)))
    representation = probed.representation
    old = None
    found = probe(aligned, fitted, say)
    if as_published:
        wrong = align(probed, streams, as_published=True)
        say("as published")
        old = probe(wrong, fit(wrong) if other == shard else fitted, say)
    return ProbeReport(
        command=command_line(),
        date=today(),
        encoder=representation.name,
        family=representation.family,
        rate=str(representation.rate),
        shard=shard,
        fitted_on=other,
        streams_s=streams_s,
        probes=found,
        as_published=old,
    )


def _corpus(corpus: Path, encoded: Path, name: str) -> Corpus:
    shard = open_shard(corpus, name)
    rows = load_encoded(encoded, name, shard)
    beside = (corpus / name).parent
    ruled = shard.corpus not in CAPTURED and not fits(beside, shard)
    targets = make_targets(shard) if ruled else load_targets(beside, shard)
    return Corpus(shard, targets, rows, read_representation(encoded))


def _training_shard(corpus: Path, encoded: Path, shard: str) -> str:
    """Return the training shard of the same corpus, or the shard itself if that is not encoded."""
    name = Path(shard).name
    there = (corpus / name / "shard.json").is_file() and (encoded / f"{name}.json").is_file()
    return name if there else shard


def _spread(corpus: Corpus) -> AlignedRows:
    """Return the rows of utterances all over a shard."""
    places = alone(corpus.encoded)
    count = min(FITTED_UTTERANCES, len(places))
    return align(corpus, [places[int(at)] for at in np.linspace(0, len(places) - 1, count)])


def _arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--encoded", type=Path, required=True, help="folder that encode wrote")
    parser.add_argument("--shard", default="validation/librispeech", help="(default: %(default)s)")
    parser.add_argument("--fit", metavar="SHARD", help="where classes are learned")
    parser.add_argument(
        "--streams", type=number(0, 3600), nargs="?", const=STREAM_S, default=0.0,
        metavar="SECONDS",
        help=f"join utterances of a speaker until they are so long ({STREAM_S:g}, if not said)",
    )  # fmt: skip
    parser.add_argument("--as-published", action="store_true", help="show the defect beside it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    return parser.parse_args()


def main() -> None:
    """Probe, print, and write."""
    options = _arguments()
    report = probe_representation(
        options.corpus,
        options.encoded,
        shard=options.shard,
        fit_on=options.fit,
        streams_s=options.streams,
        as_published=options.as_published,
        console=Console(stderr=True),
    )
    print_report(report, Console(width=120))
    if options.json is not None:
        write_report(options.json, report)


if __name__ == "__main__":
    run_command(main)
