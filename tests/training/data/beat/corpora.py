"""Corpora of the shape of BEAT and BEAT2, of made-up speech and faces."""

import json
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from facewire_training import shape_sets

SPEAKERS = ("1_wayne", "2_scott", "4_lawrence", "30_katya")
COUNTS = {"train": 12, "val": 4, "test": 265, "additional": 3}
"""As many for the test as BEAT2 has; few others."""
SECONDS = 0.4
FRAMES = 12

Array = NDArray[np.float64]


def names_of(kind: str, counts: dict[str, int]) -> list[str]:
    first = {"train": 1, "val": 101, "test": 201, "additional": 601}[kind]
    return [f"{SPEAKERS[n % len(SPEAKERS)]}_0_{first + n}_{first + n}" for n in range(counts[kind])]


def write_split(path: Path, counts: dict[str, int]) -> dict[str, list[str]]:
    """Write the official table, and return who is what."""
    named = {kind: names_of(kind, counts) for kind in counts}
    rows = [f"{name},{kind}" for kind, names in named.items() for name in names]
    path.write_text("\n".join(["id,type", *sorted(rows)]) + "\n")
    return named


def text_grid(path: Path) -> None:
    """Write words and phones as the Montreal aligner does: M from .1 to .2 s, AA1 to .3 s."""
    tiers = {
        "words": [(0.0, 0.1, ""), (0.1, 0.3, "ma"), (0.3, SECONDS, "")],
        "phones": [(0.0, 0.1, ""), (0.1, 0.2, "M"), (0.2, 0.3, "AA1"), (0.3, SECONDS, "spn")],
    }
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0"]
    lines += [f"xmax = {SECONDS}", "tiers? <exists>", "size = 2", "item []:"]
    for number, (tier, intervals) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"']
        lines += [f'        name = "{tier}"', "        xmin = 0", f"        xmax = {SECONDS}"]
        lines.append(f"        intervals: size = {len(intervals)}")
        for place, (start, end, label) in enumerate(intervals, start=1):
            lines += [f"        intervals [{place}]:", f"            xmin = {start}"]
            lines += [f"            xmax = {end}", f'            text = "{label}"']
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def sound(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count = round(SECONDS * 16_000)
    hum = 0.3 * np.sin(2 * np.pi * 120 * np.arange(count) / 16_000)
    soundfile.write(path, hum.astype(np.float32), 16_000)


def weights_of(name: str) -> Array:
    """Return the true weights of a recording, [12, 51], in alphabetical order."""
    rng = np.random.default_rng([ord(letter) for letter in name])
    return rng.uniform(-0.1, 1, (FRAMES, len(shape_sets.ALPHABETICAL)))


def write_matrix(path: Path) -> Array:
    matrix: Array = np.random.default_rng(0).standard_normal((51, 103))
    np.save(path, matrix)
    return matrix


def write_flame(path: Path, weights: Array, matrix: Array) -> None:
    flame = weights @ matrix
    poses = np.zeros((len(weights), 165))
    poses[:, 66:69] = flame[:, 100:]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path, betas=np.zeros(300), poses=poses, expressions=flame[:, :100],
        trans=np.zeros((len(weights), 3)), model="smplx2020", gender="neutral",
        mocap_frame_rate=30,
    )  # fmt: skip


def write_beat2(root: Path, counts: dict[str, int], matrix: Array) -> dict[str, list[str]]:
    """Lay out a language of BEAT2."""
    root.mkdir(parents=True, exist_ok=True)
    named = write_split(root / "train_test_split.csv", counts)
    for name in (name for names in named.values() for name in names):
        sound(root / "wave16k" / f"{name}.wav")
        text_grid(root / "textgrid" / f"{name}.TextGrid")
        write_flame(root / "smplxflame_30" / f"{name}.npz", weights_of(name), matrix)
    return named


def write_arkit(path: Path, names: list[str], weights: Array, times: Array) -> None:
    frames = [
        {"weights": row.tolist(), "time": float(time), "rotation": []}
        for row, time in zip(weights, times, strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"names": names, "frames": frames}))


def write_beat1(root: Path, names: list[str]) -> None:
    """Lay out a language of BEAT: the faces are those of BEAT2, at 60 frames a second."""
    for name in names:
        file = root / name.split("_")[0] / f"{name}.json"
        every = np.repeat(weights_of(name), 2, axis=0)
        every[1::2] += 5.0  # what lies between is not taken
        write_arkit(file, list(shape_sets.ALPHABETICAL), every, np.arange(len(every)) / 60)
        sound(file.with_suffix(".wav"))
        text_grid(file.with_suffix(".TextGrid"))
