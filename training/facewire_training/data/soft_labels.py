"""What a teacher hears in each token of a shard: how probable it finds every class.

Beside the shard `CORPUS/` lie `CORPUS.soft.npy` (uint8 [T, 40], 255 is certain; a row adds up to
about 255) and `CORPUS.soft.json`, which says of which content of the shard they were made and by
whom. `python -m facewire_training.data.teacher.label` writes them for recorded speech. What has
none (synthesised speech, sounds without speech) has exact labels, which say more.

A trainer reads them as it reads labels, at the same places:

    soft = load_soft(folder, shard)                      # None where no teacher was asked
    rows = probabilities(soft[places])                   # float32 [len(places), 40]

The teacher heard the clean recording, both past and future of each token.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.shards import Shard

CERTAIN = 255
"""What a probability of 1 is written as."""


def load_soft(folder: Path, shard: Shard) -> NDArray[np.uint8] | None:
    """Map what a teacher heard in a shard into memory, [T, 40]; None if none was asked.

    Raises:
        ConfigError: it heard other audio, or other phones, than the shard has now.
    """
    about = _path(folder, shard, "soft.json")
    if not about.is_file():
        return None
    if not labelled(folder, shard):
        raise ConfigError(
            f"a teacher has heard another {shard.corpus} than there is now; run "
            "python -m facewire_training.data.teacher.label again"
        )
    rows: NDArray[np.uint8] = np.load(_path(folder, shard, "soft.npy"), mmap_mode="r")
    return rows


def probabilities(rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return rows [..., 40] as probabilities that add up to 1; rows of zeros stay so."""
    numbers = rows.astype(np.float32)
    sums = numbers.sum(axis=-1, keepdims=True)
    total: NDArray[np.float32] = numbers / np.maximum(sums, 1)
    return total


def quantised(found: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return probabilities [T, 40] as they are kept; no row becomes all zeros."""
    return np.round(found * CERTAIN).astype(np.uint8)


def labelled(folder: Path, shard: Shard, teacher: str | None = None) -> bool:
    """Tell whether a teacher (this one, if it is named) has heard the shard as it is now."""
    try:
        said = json.loads(_path(folder, shard, "soft.json").read_text(encoding="utf-8"))
        asked = teacher in (None, said["teacher"])
        return bool(asked and said["made_of"] == shard.fingerprint)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def save_soft(folder: Path, shard: Shard, rows: NDArray[np.uint8], teacher: str) -> None:
    """Write beside a shard what a teacher heard in it.

    Args:
        folder: the folder that holds the shard's.
        shard: what was heard.
        rows: [T, 40], as `quantised` gives them.
        teacher: fingerprint of the teacher.

    Raises:
        ValueError: there is not a row for every token.
    """
    if rows.shape != (len(shard.labels), len(PHONES)):
        raise ValueError(f"{rows.shape} for {len(shard.labels)} tokens")
    about = _path(folder, shard, "soft.json")
    # Written last: its presence says that the rows are whole.
    about.unlink(missing_ok=True)
    np.save(_path(folder, shard, "soft.npy"), rows)
    said = {"made_of": shard.fingerprint, "teacher": teacher}
    about.write_text(json.dumps(said) + "\n", encoding="utf-8")


def _path(folder: Path, shard: Shard, end: str) -> Path:
    return folder / f"{shard.corpus}.{end}"
