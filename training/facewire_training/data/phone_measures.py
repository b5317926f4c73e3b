"""How people hold their lips and jaw in each phone: what the procedural animation is fitted to.

    python -m facewire_training.data.phone_measures --data DATA --json phone_measures.json

Training clips only. GRID's words are aligned by the embedded model, and its lips and chin measured
on MediaPipe's landmarks, in mm (outer corners of the eyes 90 mm apart) from the speaker at rest.
FACEGOOD says no words: its phones are those that the embedded model hears, and its measures those
of its weights. Means are over the middle half of a phone. `share` is the gap against that of open
vowels: GRID's, shrunk to what the lips of other people did (`OTHERS`), or to the phone's class, by
as many phones as `PRIOR`. The table comes with the package, as `animation/phone_measures.json`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire import arkit
from facewire.face.lips import lip_gap, lip_width
from facewire.report_file import command_line, today, write_report
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.phone_set import PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.align import align, pronounced, transcribe
from facewire_training.data.corpora.audio_file import read_mono
from facewire_training.data.corpora.face_landmarks import INNER_LIPS, measure, steadied
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import IMAGE_SIZE, RESTING
from facewire_training.data.corpora.grid_words import SILENT, Pronouncer, read_words
from facewire_training.data.recognisers import embedded_posteriors
from facewire_training.data.splits import GRID_TRAINING
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float64]

EYES_MM = 90.0
CHIN = 152
LATE_S = 0.015
"""How far GRID's lips are seen after they are heard: p b m are shut in their middle then."""
SHORTEST_S = 0.03
AROUND_S = np.linspace(-0.08, 0.08, 17)
"""Where the course of the gap is looked at, around the middle of a phone."""

OPEN = ("aa", "ae", "ah", "ao", "aw", "ay", "eh", "ow")
"""Whose mean gap is 1."""
OTHERS: dict[str, float] = {
    "ah": 1.0, "ao": 0.45, "r": 0.35, "er": 0.35, "w": 0.25, "uw": 0.25, "oy": 0.65, "s": 0.82,
    "z": 0.82, "sh": 0.82, "ch": 0.82, "k": 0.78, "t": 0.62, "d": 0.62, "ey": 1.05,
}  # fmt: skip
"""Shares read off the lips of people who are in no training set, when the first model was judged.
"""
CLASSES: tuple[tuple[str, ...], ...] = (
    ("aa", "ae", "aw", "ay", "eh", "ey"), ("ah",), ("hh", "ih", "iy", "y"),
    ("ao", "ow", "oy", "uh"), ("uw", "w", "r", "er"), ("p", "b", "m"), ("f", "v"),
    ("s", "z", "sh", "zh", "ch", "jh"), ("t", "d", "n", "l"), ("th", "dh"), ("k", "g", "ng"),
)  # fmt: skip
PRIOR = 60
"""How many phones of GRID's an expected share is worth."""
NARROW = ("aa", "ah", "ao", "jh", "m", "ow", "th", "dh", "y")
"""Phones that GRID has in one or two words only ("one", "four", ...): their neighbours' gap too."""
NARROW_COUNT = 20
"""How many phones those are worth at most."""


class Spoken(NamedTuple):
    """A clip: what is said when, and curves that are measured."""

    phones: Sequence[PhoneInterval]
    times_s: Floats
    """[T]"""
    curves: dict[str, Floats]
    """[T] each; NaN where the face was not seen."""


def grid(root: Path, engine: PhonesEngine) -> Iterator[Spoken]:
    """Yield GRID's training clips, in mm from rest.

    Raises:
        ConfigError: the folder lacks a file, or pocketsphinx, whose dictionary is read, is missing.
    """
    words, pronounce = read_words(root / "words.tsv.gz"), Pronouncer().phones
    with np.load(root / "tracks.npz", allow_pickle=False) as tracks:
        clips = tracks["clip"][GRID_TRAINING].tolist()
        points = tracks["landmarks"][GRID_TRAINING].astype(np.float64)
        numbers, rate = tracks["landmark_index"].tolist(), float(tracks["fps"])
    shape = points.shape[:2]
    flat = (points * (IMAGE_SIZE[0], IMAGE_SIZE[1], IMAGE_SIZE[0])).reshape(-1, len(numbers), 3)
    curves = {
        name: _from_rest(curve.reshape(shape)) for name, curve in _lips(flat, numbers).items()
    }
    times_s = np.arange(shape[1]) / rate - LATE_S
    for place, clip in enumerate(track(clips, "GRID")):
        text = " ".join(w.word for w in words[clip] if w.word not in SILENT)
        samples = read_mono(root / "audio" / f"{clip}.opus")
        phones = align(embedded_posteriors(engine, samples), pronounced(text, pronounce))
        if phones:
            yield Spoken(phones, times_s, {name: c[place] for name, c in curves.items()})


def _lips(points: Floats, numbers: list[int]) -> dict[str, Floats]:
    """Return the measures of frames of points [F, K, 3], [F] each, in mm."""
    steady, unit = steadied(points, numbers)
    mouth = measure(points, numbers)
    down = steady[..., 1] * (EYES_MM / unit)
    upper, lower = (
        np.mean([down[:, numbers.index(n)] for n in lip], axis=0)
        for lip in zip(*INNER_LIPS, strict=True)
    )
    return {
        "gap": mouth.opening * EYES_MM,
        "width": mouth.width * EYES_MM,
        "upper_lip_up": -upper,
        "lower_lip_down": lower,
        "chin_down": down[:, numbers.index(CHIN)],
    }


def _from_rest(curve: Floats) -> Floats:
    """Return a curve [N, T] less its median in the frames before anybody speaks."""
    return curve - float(np.nanmedian(curve[:, RESTING]))


def facegood(root: Path, engine: PhonesEngine) -> Iterator[Spoken]:
    """Yield FACEGOOD's training recordings, in units of the lip table.

    Raises:
        ConfigError: the folder lacks a file.
    """
    for capture in Facegood(root).train():
        weights = capture.weights * capture.known
        curves = {
            "gap": lip_gap(weights).astype(np.float64),
            "width": lip_width(weights).astype(np.float64),
            "jaw_open": weights[:, arkit.INDEX["jawOpen"]].astype(np.float64),
        }
        heard = transcribe(embedded_posteriors(engine, capture.samples))
        yield Spoken(heard, capture.times_s(), curves)


def by_phone(clips: Iterator[Spoken]) -> dict[str, dict[str, float]]:
    """Return count, mean and spread of each measure of each phone, and when its gap is extreme."""
    found: dict[str, dict[str, list[float]]] = {}
    courses: dict[str, list[Floats]] = {}
    for phones, times_s, curves in clips:
        for phone in (p for p in phones if p.duration_s >= SHORTEST_S):
            middle_s = (phone.start_s + phone.end_s) / 2
            at = middle_s + np.linspace(-0.25, 0.25, 5) * phone.duration_s
            values = {name: np.interp(at, times_s, curve).mean() for name, curve in curves.items()}
            if np.isfinite(list(values.values())).all():
                for name, value in values.items():
                    found.setdefault(phone.label, {}).setdefault(name, []).append(float(value))
                course = np.interp(middle_s + AROUND_S, times_s, curves["gap"])
                courses.setdefault(phone.label, []).append(course)
    return {
        label: _summary(found[label], np.nanmean(courses[label], axis=0))
        for label in PHONES
        if label in found
    }


def _summary(values: dict[str, list[float]], course: Floats) -> dict[str, float]:
    summary: dict[str, float] = {"count": len(values["gap"])}
    for name, of_phone in values.items():
        summary[name] = round(float(np.mean(of_phone)), 3)
        summary[f"{name}_sd"] = round(float(np.std(of_phone)), 3)
    # Against the chord: the neighbours' own course is no part of the phone's.
    extreme = np.abs(course - np.linspace(course[0], course[-1], len(course))).argmax()
    return summary | {"gap_extreme_ms": round(1000 * float(AROUND_S[extreme]))}


def open_gap(phones: dict[str, dict[str, float]]) -> float:
    """Return the mean gap of open vowels."""
    seen = [phones[label] for label in OPEN if label in phones]
    return float(np.average([p["gap"] for p in seen], weights=[p["count"] for p in seen]))


def shares(phones: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the gap of each phone that is spoken against open vowels', shrunk to expectation."""
    unit = open_gap(phones)
    own = {label: p["gap"] / unit for label, p in phones.items()}
    count = {label: p["count"] for label, p in phones.items()}
    result = {}
    for group in CLASSES:
        seen = [label for label in group if label in own]
        pooled = float(np.average([own[s] for s in seen], weights=[count[s] for s in seen]))
        for label in group:
            most = NARROW_COUNT if label in NARROW else np.inf
            expected, n = OTHERS.get(label, pooled), min(count.get(label, 0), most)
            result[label] = (n * own.get(label, 0.0) + PRIOR * expected) / (n + PRIOR)
    return {label: round(result[label], 3) for label in PHONES if label in result}


def main() -> None:
    """Measure, print, and write."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of docs/data.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    engine = load_embedded()
    found = {
        "GRID": by_phone(grid(options.data / "grid_s1", engine)),
        "FACEGOOD": by_phone(facegood(options.data / "facegood", engine)),
    }
    wanted = shares(found["GRID"])
    for title, phones in found.items():
        print(f"{title}: open vowels {open_gap(phones):.2f}")
        for label, summary in phones.items():
            cells = "  ".join(f"{name} {value:g}" for name, value in summary.items())
            print(f"{label:4}share {wanted.get(label, 0.0):.2f}  {cells}")
    if options.json:
        about = (
            "GRID (Cooke et al. 2006, CC BY 4.0), speaker 1, mm from rest; FACEGOOD-Audio2Face "
            "(MIT), units of facewire.face.lips"
        )
        report = {"command": command_line(), "date": today(), "source": about}
        write_report(options.json, report | {"share": wanted, "people": found})


if __name__ == "__main__":
    run_command(main)
