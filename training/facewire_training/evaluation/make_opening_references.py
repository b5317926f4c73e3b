"""Measure how open GRID's speaker's lips are in each phone, for the ruler of openings.

    python -m facewire_training.evaluation.make_opening_references --data DATA

writes `metrics/lips/opening_references.json` anew: the reference `grid` is measured on GRID's
training clips, whose words are aligned by the embedded model; `lips` stays as it is. What his own
lips reach against both, on validation clips, is what a model can hope for.
"""

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track

from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.data.align import align, pronounced
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.grid_words import SILENT, Pronouncer, read_words
from facewire_training.data.recognisers import embedded_posteriors
from facewire_training.evaluation.metrics.lips.phone_opening import (
    GRID,
    LIPS,
    opening_by_phone,
    opening_correlation,
)
from facewire_training.take import Take

FILE = Path(__file__).parent / "metrics" / "lips" / "opening_references.json"
SOURCE = (
    "GRID, speaker 1 (Cooke et al. 2006, CC BY 4.0): mean lip gap of each phone as a share of "
    "aa ae ah aw ay eh, {clips} training clips, landmarks at 25 frames a second, words aligned by "
    "the embedded model"
)


def aligned(
    captures: Iterable[Capture],
    texts: dict[str, str],
    engine: PhonesEngine,
    pronounce: Callable[[str], list[int]],
) -> list[Take]:
    """Return the captured faces of the clips whose text fits the sound, with their phones."""
    found = []
    for capture in captures:
        words = pronounced(texts[capture.name], pronounce)
        phones = align(embedded_posteriors(engine, capture.samples), words)
        if phones:
            # The gap alone counts: a frame that was not seen has no gap, and is held.
            faces, _ = capture.at(np.arange(0, capture.duration_s, 1 / float(capture.frame_rate)))
            found.append(Take(faces, capture.frame_rate, phones))
    return found


def main() -> None:
    """Align, measure, and write."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds grid_s1/")
    options = parser.parse_args()
    root = options.data / "grid_s1"
    texts = {
        clip: " ".join(timed.word for timed in words if timed.word not in SILENT)
        for clip, words in read_words(root / "words.tsv.gz").items()
    }
    spoken = partial(aligned, texts=texts, engine=load_embedded(), pronounce=Pronouncer().phones)
    takes = spoken(track(list(Grid(root).train()), "GRID"))
    unheard = spoken(track(list(Grid(root).validation()), "validation clips"))
    openings = {label: round(share, 2) for label, share in opening_by_phone(takes).items()}
    references = json.loads(FILE.read_text(encoding="utf-8"))
    measured = {"source": SOURCE.format(clips=len(takes)), "openings": openings}
    kept = {LIPS: references[LIPS], GRID: measured}
    reached = {
        name: round(opening_correlation(unheard, reference["openings"]), 2)
        for name, reference in kept.items()
    }
    kept[GRID]["reached"] = reached
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for label, share in sorted(openings.items(), key=lambda item: item[1]):
        print(f"{label:3} {share:.2f}")
    print(f"GRID's own lips, validation clips: r {reached}")


if __name__ == "__main__":
    run_command(main)
