"""Corpora as an encoder hears them, on disk: rows end to end, mapped into memory.

`FOLDER/representation.json` says whose they are, `delay_ms.txt` how far past each row was heard.
Beside them lie, for each shard `NAME` (or `validation/NAME`), `NAME.npy`, float16 features
`[N, width]` or uint16 ids `[N, codebooks]`, and `NAME.json`, written last: where utterances begin,
and the fingerprint of the audio.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.data.shards import Shard
from facewire_training.mapped_file import new_mapped
from facewire_training.speech_encoders.encoder import Representation, SpeechEncoder

DELAY = "delay_ms.txt"
BATCH = 8
"""Utterances in one run of an encoder."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedShard:
    """A shard's utterances, encoded. Utterance `i` is `rows_of(i)`; some may be left out."""

    rows: NDArray[np.generic]
    """float16 `[N, width]` or uint16 `[N, codebooks]`, mapped from disk."""
    starts: NDArray[np.int64]
    """[U + 1]."""
    utterances: NDArray[np.int64]
    """[U]: which utterance of the shard each is."""

    def __len__(self) -> int:
        return len(self.utterances)

    def only(self, places: Sequence[int]) -> "EncodedShard":
        """Return some of the utterances."""
        spans = [slice(self.starts[place], self.starts[place + 1]) for place in places]
        rows = np.concatenate([self.rows[:0], *(self.rows[span] for span in spans)])
        starts = np.cumsum([0, *(span.stop - span.start for span in spans)])
        return EncodedShard(rows, starts, self.utterances[list(places)])

    def rows_of(self, place: int) -> NDArray[np.generic]:
        """Return the rows of one: float32 features, or int64 ids."""
        piece = self.rows[self.starts[place] : self.starts[place + 1]]
        return piece.astype(np.float32 if piece.dtype == np.float16 else np.int64)


def write_representation(folder: Path, representation: Representation) -> None:
    """Say whose rows the folder will hold.

    Raises:
        ConfigError: it holds another's already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = asdict(representation)
    said |= {"rate": str(representation.rate), "middle": str(representation.middle)}
    file = folder / "representation.json"
    if file.exists() and json.loads(file.read_text()) != said:
        raise ConfigError(f"{folder} holds the rows of another encoder; choose another folder")
    file.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def read_representation(folder: Path) -> Representation:
    """Return whose rows a folder holds.

    Raises:
        ConfigError: nobody's.
    """
    try:
        said = json.loads((folder / "representation.json").read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder} holds no encoded speech; make it with "
            "facewire_training.recipes.tokens_to_faces.encode"
        ) from error
    try:
        said |= {"rate": Fraction(said["rate"]), "middle": Fraction(said["middle"])}
        return Representation(**said)
    except (TypeError, LookupError, ValueError, ZeroDivisionError) as error:
        raise ConfigError(
            f"{folder / 'representation.json'} is damaged; encode into another folder"
        ) from error


def write_delay(folder: Path, encoder: SpeechEncoder) -> None:
    """Note how far past each row the encoder of a folder's rows hears.

    Of one that hears whole utterances that is nothing: it has no `delay`.
    """
    rows: int = getattr(encoder, "delay", 0)
    seconds = rows / encoder.representation.rate
    (folder / DELAY).write_text(f"{float(1000 * seconds):g}\n", encoding="utf-8")


def read_delay_ms(folder: Path) -> float:
    """Return how far past each row of a folder was heard.

    Raises:
        ConfigError: nobody has noted it.
    """
    try:
        return float((folder / DELAY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder} does not say how far past each row its encoder hears: start its encoding "
            "again, which keeps what is whole and adds that"
        ) from error


def write_encoded(
    folder: Path, name: str, shard: Shard, utterances: NDArray[np.int64], encoder: SpeechEncoder
) -> Iterator[int]:
    """Encode a shard's utterances, and yield how many are done; what is whole is kept.

    Args:
        folder: of the representation.
        name: of the shard, such as `validation/librispeech`.
        shard: the audio.
        utterances: which of it.
        encoder: it takes the shard's own rate.

    Raises:
        OSError: there is no room for them.
    """
    told = [int(u) for u in utterances]
    about: dict[str, object] = {"fingerprint": shard.fingerprint, "utterances": told}
    if _read_about(folder, name, about) is not None:
        yield len(utterances)
        return
    representation = encoder.representation
    rate = encoder.sample_rate
    lengths = np.diff(shard.starts)[utterances]
    counts = [representation.rows(int(length), rate) for length in lengths]
    starts = np.cumsum([0, *counts])
    file = folder / f"{name}.npy"
    file.parent.mkdir(parents=True, exist_ok=True)
    kind = np.uint16 if representation.is_ids else np.float16
    wide = representation.codebooks or representation.width
    # What is said of rows that are written anew holds no more.
    (folder / f"{name}.json").unlink(missing_ok=True)
    rows = new_mapped(file, kind, (int(starts[-1]), wide))
    # Utterances of one length need no padding.
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), BATCH):
        chosen = order[first : first + BATCH]
        encoded = encoder.encode([shard.audio(int(utterances[place])) for place in chosen])
        for place, piece in zip(chosen, encoded, strict=True):
            rows[starts[place] : starts[place + 1]] = piece
        yield first + len(chosen)
    rows.flush()
    (folder / f"{name}.json").write_text(
        json.dumps(about | {"starts": [int(s) for s in starts]}) + "\n", encoding="utf-8"
    )


def load_encoded(folder: Path, name: str, shard: Shard) -> EncodedShard:
    """Map a shard's rows into memory.

    Raises:
        ConfigError: they are not there, or of other audio.
    """
    about = _read_about(folder, name, {"fingerprint": shard.fingerprint})
    if about is None:
        raise ConfigError(
            f"{folder} has no rows of {name} as it is now; make them with "
            "facewire_training.recipes.tokens_to_faces.encode"
        )
    try:
        rows = np.load(folder / f"{name}.npy", mmap_mode="r")
        starts = np.array(about["starts"], np.int64)
        utterances = np.array(about["utterances"], np.int64)
    except (OSError, ValueError, LookupError) as error:
        raise ConfigError(_damaged(folder, name)) from error
    fits = len(starts) == len(utterances) + 1 and starts[-1] == len(rows) and rows.ndim == 2
    if not fits or np.any(np.diff(starts) < 0) or np.any(utterances >= len(shard)):
        raise ConfigError(_damaged(folder, name))
    return EncodedShard(rows, starts, utterances)


def _damaged(folder: Path, name: str) -> str:
    return f"the rows of {name} in {folder} are damaged; remove {name}.json there, encode it again"


def _read_about(folder: Path, name: str, wanted: dict[str, object]) -> dict[str, list[int]] | None:
    """Return what is said of a shard's rows, or None unless all that is wanted holds."""
    try:
        about: dict[str, list[int]] = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    if any(about.get(key) != value for key, value in wanted.items()):
        return None
    return about
