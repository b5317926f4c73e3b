"""Corpora on disk as a trainer wants them: flat arrays to map into memory and crop at random.

A shard is a folder: `samples.npy` (int16), `labels.npy` (uint8, one class for each 10 ms token),
`index.npz` (where utterances begin, their names, speakers and exact phone times) and `shard.json`,
which is written last, so that its presence says that the shard is whole.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.corpora.corpus import (
    SAMPLE_RATE,
    SILENCE,
    TOKEN_SIZE,
    Utterance,
    token_labels,
)
from facewire_training.mapped_file import new_mapped
from facewire_training.phones import PhoneInterval

UNKNOWN = 255
"""The label of a token of which nobody has said what is spoken; not for training an encoder."""

_FULL_SCALE = 32767.0
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Utterances end to end. Utterance `i` is `samples[starts[i]:starts[i + 1]]`."""

    samples: NDArray[np.int16]
    """[T] at 16 kHz, mapped from disk; 32767 is full scale."""
    starts: NDArray[np.int64]
    """[N + 1], multiples of 160."""
    labels: NDArray[np.uint8]
    """[T / 160], mapped from disk: the class at the centre of each token, or `UNKNOWN`."""
    names: tuple[str, ...]
    speakers: tuple[str, ...]
    corpus: str
    phone_rows: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]
    """First phone of each utterance [N + 1]; start and end in seconds [P, 2]; class [P]."""
    fingerprint: str
    """sha256 of audio, labels and phones: what is made of a shard belongs to that content alone."""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def hours(self) -> float:
        """Length of the audio in hours."""
        return len(self.samples) / SAMPLE_RATE / 3600

    def audio(self, index: int) -> NDArray[np.float32]:
        """Return the samples of an utterance, float32 [T] in [-1, 1]."""
        piece = self.samples[self.starts[index] : self.starts[index + 1]]
        return piece.astype(np.float32) / np.float32(_FULL_SCALE)

    def tokens(self, index: int) -> NDArray[np.uint8]:
        """Return the token classes of an utterance, [T / 160]."""
        first, last = self.starts[index : index + 2] // TOKEN_SIZE
        return np.asarray(self.labels[first:last])

    def phones(self, index: int) -> tuple[PhoneInterval, ...]:
        """Return the exact phone times of an utterance, in seconds from its beginning."""
        first, times, classes = self.phone_rows
        return tuple(
            PhoneInterval(float(times[row, 0]), float(times[row, 1]), int(classes[row]))
            for row in range(first[index], first[index + 1])
        )


def write(
    folder: Path, utterances: Iterable[Utterance], about: dict[str, Any], uncovered: int = SILENCE
) -> Shard:
    """Write a shard into a new folder and return it; what is in the way is replaced.

    Audio past the last whole token is left out. `about` is kept in `shard.json`. `uncovered` is
    the label of tokens that no phone covers: silence, or `UNKNOWN`.

    Raises:
        ConfigError: there was nothing to write.
    """
    pieces = [_Piece(u, uncovered) for u in utterances]
    if not pieces:
        raise ConfigError(f"no utterance for {folder.name}; is the corpus there?")
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write_arrays(partial, pieces)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    (folder / "shard.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return load_one(folder)


class _Piece:
    """An utterance as the shard keeps it, a quarter of the size of the floats it came from."""

    __slots__ = ("corpus", "labels", "name", "phones", "samples", "speaker")

    def __init__(self, utterance: Utterance, uncovered: int) -> None:
        count = len(utterance.samples) // TOKEN_SIZE
        whole = np.clip(utterance.samples[: count * TOKEN_SIZE], -1.0, 1.0)
        self.samples = np.round(whole * _FULL_SCALE).astype(np.int16)
        self.labels = token_labels(utterance.phones, count, uncovered)[:count]
        self.name, self.speaker = utterance.name, utterance.speaker
        self.corpus, self.phones = utterance.corpus, utterance.phones


def _write_arrays(folder: Path, pieces: list[_Piece]) -> None:
    starts = np.cumsum([0] + [len(p.samples) for p in pieces], dtype=np.int64)
    samples = new_mapped(folder / "samples.npy", np.int16, (int(starts[-1]),))
    np.concatenate([p.samples for p in pieces], out=samples)
    samples.flush()
    labels = np.concatenate([p.labels for p in pieces])
    np.save(folder / "labels.npy", labels)
    phones = [phone for p in pieces for phone in p.phones]
    first = np.cumsum([0] + [len(p.phones) for p in pieces], dtype=np.int64)
    times = np.array([(p.start_s, p.end_s) for p in phones], float).reshape(-1, 2)
    classes = np.array([p.phone_index for p in phones], np.uint8)
    np.savez(
        folder / "index.npz",
        starts=starts,
        names=np.array([p.name for p in pieces]),
        speakers=np.array([p.speaker for p in pieces]),
        corpus=np.array(pieces[0].corpus),
        first_phones=first,
        phone_times=times,
        phone_classes=classes,
        fingerprint=np.array(_fingerprint(samples, labels, starts, first, times, classes)),
    )


def _fingerprint(*arrays: NDArray[Any]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def is_whole(folder: Path, about: dict[str, Any]) -> bool:
    """Tell whether the folder holds a finished shard that was made with the same settings."""
    try:
        found = json.loads((folder / "shard.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found == json.loads(json.dumps(about)))


def load_one(folder: Path) -> Shard:
    """Map a finished shard into memory.

    Raises:
        ConfigError: the folder holds no finished shard, or a damaged one.
    """
    if not (folder / "shard.json").is_file():
        raise ConfigError(
            f"{folder} holds no finished shard; run python -m facewire_training.data.prepare"
        )
    try:
        return _mapped(folder)
    except (ValueError, LookupError, EOFError, BadZipFile) as error:
        raise ConfigError(
            f"{folder} is damaged ({error}); remove it and run python -m "
            "facewire_training.data.prepare again"
        ) from error


def _mapped(folder: Path) -> Shard:
    with (folder / "index.npz").open("rb") as file, np.load(file) as index:
        if "fingerprint" not in index:
            raise ConfigError(
                f"{folder} was made by an older version; remove it and run "
                "python -m facewire_training.data.prepare again"
            )
        return Shard(
            samples=np.load(folder / "samples.npy", mmap_mode="r"),
            starts=index["starts"],
            labels=np.load(folder / "labels.npy", mmap_mode="r"),
            names=tuple(index["names"].tolist()),
            speakers=tuple(index["speakers"].tolist()),
            corpus=str(index["corpus"]),
            phone_rows=(index["first_phones"], index["phone_times"], index["phone_classes"]),
            fingerprint=str(index["fingerprint"]),
        )


def open_shard(corpus: Path, name: str) -> Shard:
    """Map a corpus's shard into memory by its name, such as `validation/librispeech`.

    What is made of a shard lies elsewhere under the same name, so a name leads nowhere else.

    Raises:
        ConfigError: it is no name, or the corpus has no such shard.
    """
    if not _NAME.fullmatch(name) or {".", ".."} & set(name.split("/")):
        raise ConfigError(
            f"{name!r} is no name of a shard; write one such as librispeech or "
            "validation/librispeech"
        )
    if not (corpus / name / "shard.json").is_file():
        raise ConfigError(f"{corpus} has no shard {name}; training/README.md, step 1")
    return load_one(corpus / name)


def load(folder: Path) -> list[Shard]:
    """Map every finished shard directly under the folder into memory, in order of name.

    Raises:
        ConfigError: there is none.
    """
    found = sorted(path.parent for path in folder.glob("*/shard.json"))
    if not found:
        raise ConfigError(
            f"{folder} holds no finished shard; run python -m facewire_training.data.prepare"
        )
    return [load_one(path) for path in found]
