"""The 25 Hz ids of a corpus, beside its shards.

    python -m facewire_training.recipes.cosyvoice.token_shards --corpus runs/corpus \
        --s3 speech_tokenizer_v2.onnx --out runs/cosyvoice2/tokens

With `--s3`, CosyVoice's own tokenizer hears the audio (docs/cosyvoice.md says how to install it;
its weights come with CosyVoice2-0.5B or Fun-CosyVoice3-0.5B). With `--stand-in`, ids of the same
shape come from the phones: see `stand_in`. The validation speakers' are written to
`OUT/validation`.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire.errors import ConfigError
from facewire_engines.cosyvoice.tokens import COSYVOICE2, COSYVOICE3, STAND_IN, VOCABULARY
from facewire_training.animation.effort import effort_from_audio
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.data.shards import UNKNOWN, Shard, load
from facewire_training.recipes.cosyvoice.stand_in import StandInTokenizer, load_stand_in
from facewire_training.speech_encoders.upstream.s3_package import S3, load_s3

Tokenize = Callable[[Shard, int], NDArray[np.int32]]

SILENCE_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class TokenShard:
    """The ids of a shard's utterances, end to end."""

    space: str
    """What the ids mean."""
    silence: int
    """The id of digital silence."""
    ids: NDArray[np.int32]
    """[T]."""
    first: NDArray[np.int64]
    """[N + 1]: utterance `i` is `ids[first[i]:first[i + 1]]`."""

    def tokens(self, index: int) -> NDArray[np.int32]:
        """Return the ids of an utterance, [T]."""
        return self.ids[self.first[index] : self.first[index + 1]]


def write(path: Path, shard: Shard, space: str, silence: int, tokenize: Tokenize) -> TokenShard:
    """Tokenize a shard and write its ids, whole or not at all."""
    pieces = [
        tokenize(shard, index) for index in track(range(len(shard)), description=shard.corpus)
    ]
    first = np.cumsum([0] + [len(piece) for piece in pieces], dtype=np.int64)
    ids = np.concatenate(pieces).astype(np.int32)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    np.savez(
        partial,
        ids=ids,
        first=first,
        space=np.array(space),
        silence=np.array(silence),
        made_of=np.array(shard.fingerprint),
    )
    partial.rename(path)
    return TokenShard(space, silence, ids, first)


def fits(path: Path, shard: Shard) -> bool:
    """Tell whether there are ids, made of what the shard holds now."""
    if not path.is_file():
        return False
    with np.load(path) as found:
        return bool("made_of" in found and found["made_of"] == shard.fingerprint)


def load_tokens(folder: Path, shard: Shard) -> TokenShard:
    """Read the ids of a shard.

    Raises:
        ConfigError: they have not been made, or were made of other audio or phones, or some are out
            of range.
    """
    path = folder / f"{shard.corpus}.npz"
    if not fits(path, shard):
        raise ConfigError(
            f"{path} does not hold the tokens of {shard.corpus} as it is now; run "
            "python -m facewire_training.recipes.cosyvoice.token_shards"
        )
    with np.load(path) as found:
        ids = found["ids"]
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < VOCABULARY:
            raise ConfigError(
                f"{path} holds tokens from {ids.min()} to {ids.max()}, but there are {VOCABULARY}; "
                "delete it and make it anew"
            )
        return TokenShard(str(found["space"]), int(found["silence"]), ids, found["first"])


def from_sound(tokenizer: S3) -> Tokenize:
    """Return what hears an utterance."""
    return lambda shard, index: tokenizer.ids(shard.audio(index))


def from_phones(tokenizer: StandInTokenizer) -> Tokenize:
    """Return what reads an utterance's phones, and hears how hard they are said."""

    def tokenize(shard: Shard, index: int) -> NDArray[np.int32]:
        labels = shard.tokens(index)
        effort = effort_from_audio(shard.audio(index), SAMPLE_RATE)[: len(labels)]
        return tokenizer.ids(labels, np.pad(effort, (0, len(labels) - len(effort)), mode="edge"))

    return tokenize


def _chosen(options: argparse.Namespace) -> tuple[str, int, Tokenize]:
    """Return the space, its silence and the tokenizer."""
    if options.s3:
        heard = load_s3(options.s3)
        quiet = heard.ids(np.zeros(int(SILENCE_S * SAMPLE_RATE), np.float32))
        space = COSYVOICE3 if heard.third else COSYVOICE2
        return space.name, int(quiet[len(quiet) // 2]), from_sound(heard)
    made = load_stand_in(options.stand_in)
    quiet = made.ids(np.zeros(100, np.int64), np.zeros(100, np.float32))
    return STAND_IN.name, int(quiet[len(quiet) // 2]), from_phones(made)


def main() -> None:
    """Parse the command line, and make the ids of every shard that lacks them."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the ids")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--s3", type=Path, help="speech_tokenizer_v2.onnx or _v3.onnx")
    kind.add_argument("--stand-in", type=Path, help="file that ...cosyvoice.stand_in wrote")
    options = parser.parse_args()
    space, silence, tokenize = _chosen(options)
    for folder in (Path(), Path("validation")):
        for shard in load(options.corpus / folder):
            path = options.out / folder / f"{shard.corpus}.npz"
            if options.stand_in and (shard.labels == UNKNOWN).any():
                print(f"{shard.corpus}: left out, its phones are not known")
            elif not fits(path, shard):
                made = write(path, shard, space, silence, tokenize)
                used = len(np.unique(made.ids))
                print(f"{path}: {len(made.ids)} tokens, {used} of the codes")


if __name__ == "__main__":
    run_command(main)
