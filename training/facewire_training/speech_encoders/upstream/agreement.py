"""Whether ids here are those of what the encoders' authors publish, on weights of your own.

The same weights and the same sound go to both. S3 is compared three ways: its published graph in
onnxruntime, the same weights in torch, and the package s3tokenizer. Ends with status 1 if fewer ids
are equal than `--at-least`.

Examples:

    python -m facewire_training.speech_encoders.upstream.agreement --encoder cosyvoice2 \
        --weights speech_tokenizer_v2.onnx --input sentences --json agreement.json

    python -m facewire_training.speech_encoders.upstream.agreement --encoder wavtokenizer \
        --weights WavTokenizer_small_320_24k_4096.ckpt --wavtokenizer CLONE
"""

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from facewire.errors import ConfigError
from facewire.report_file import command_line, today, write_report
from facewire.sources.sound_file import SoundFile
from facewire_training.bundled_speech import bundled_speech
from facewire_training.command import make_parser, run_command
from facewire_training.option_ranges import THREADS, number, whole_number
from facewire_training.speech_encoders.encoder import SpeechEncoder
from facewire_training.speech_encoders.s3 import open_s3
from facewire_training.speech_encoders.speechtokenizer import open_speechtokenizer
from facewire_training.speech_encoders.upstream.judges import (
    Judge,
    judge_s3,
    judge_speechtokenizer,
    judge_wavtokenizer,
    version_of,
)
from facewire_training.speech_encoders.wavtokenizer import open_wavtokenizer

SOUNDS = (".wav", ".flac", ".ogg", ".opus", ".mp3")
SAMPLE_RATE = 16_000
LONGEST_S = 30
"""Of what is compared: past it the package s3tokenizer loses ids (docs/speech-encoders.md)."""


class Comparison(msgspec.Struct, frozen=True):
    """Of the ids of two."""

    one: str
    other: str
    rows: int
    """That both have."""
    lacking: int
    """Rows that only one of them has."""
    equal: tuple[float, ...]
    """Share of equal ids, of each codebook."""


class UpstreamReport(msgspec.Struct, frozen=True):
    """What the command measured."""

    encoder: str
    weights: str
    sha256: str
    recordings: int
    seconds: float
    comparisons: tuple[Comparison, ...]


def compare(
    sayers: dict[str, Judge], speech: Sequence[NDArray[np.float32]]
) -> tuple[Comparison, ...]:
    """Let each say the ids of all utterances, and compare every two of them.

    Args:
        sayers: what says ids, by name.
        speech: utterances `[T]` at 16 kHz.

    Raises:
        ConfigError: the speech has no ids.
    """
    said = {
        name: [say(samples) for samples in track(speech, description=name, transient=True)]
        for name, say in sayers.items()
    }
    return tuple(_compare(*two, said[two[0]], said[two[1]]) for two in combinations(said, 2))


def _compare(
    one: str,
    other: str,
    mine: Sequence[NDArray[np.integer]],
    theirs: Sequence[NDArray[np.integer]],
) -> Comparison:
    pairs = list(zip(mine, theirs, strict=True))
    shared = [min(len(a), len(b)) for a, b in pairs]
    if not sum(shared):
        raise ConfigError("the speech is too short for an id; give longer recordings")
    equal = np.concatenate(
        [a[:count] == b[:count] for (a, b), count in zip(pairs, shared, strict=True)]
    )
    lacking = sum(abs(len(a) - len(b)) for a, b in pairs)
    return Comparison(one, other, sum(shared), lacking, tuple(map(float, equal.mean(0))))


def check_equal(comparisons: Sequence[Comparison], at_least: float) -> None:
    """Refuse too few equal ids.

    Raises:
        ConfigError: there are fewer than this share of them.
    """
    worst = min(comparisons, key=lambda found: np.mean(found.equal))
    share = float(np.mean(worst.equal))
    if share < at_least:
        raise ConfigError(
            f"{worst.one} and {worst.other} agree on {share:.3%} of the ids, where {at_least:.3%} "
            "were expected; please report it, with the table above"
        )


def _sayers(arguments: argparse.Namespace) -> dict[str, Judge]:
    weights: Path = arguments.weights
    device: str = arguments.device
    if arguments.encoder == "cosyvoice2":
        return {
            "onnxruntime": judge_of(open_s3(weights, library="onnxruntime")),
            "torch": judge_of(open_s3(weights, device, library="torch")),
            version_of("s3tokenizer"): judge_s3(weights),
        }
    if arguments.encoder == "speechtokenizer":
        ours = judge_of(open_speechtokenizer(weights, device))
        return {"Facewire": ours, version_of("speechtokenizer"): judge_speechtokenizer(weights)}
    ours = judge_of(open_wavtokenizer(weights, device))
    return {"Facewire": ours, "its clone": judge_wavtokenizer(weights, arguments.wavtokenizer)}


def judge_of(encoder: SpeechEncoder) -> Judge:
    """Return what says the ids of one of ours."""

    def say(samples: NDArray[np.float32]) -> NDArray[np.integer]:
        (ids,) = encoder.encode([samples])
        return ids.astype(np.int32)

    return say


def _recordings(path: Path | None, most: int) -> Iterator[NDArray[np.float32]]:
    """Yield sounds at 16 kHz, cut after `LONGEST_S`.

    Raises:
        ConfigError: there are none.
    """
    if path is None:
        yield bundled_speech().numpy()
        return
    files = sorted(f for f in path.iterdir() if f.suffix in SOUNDS) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"{path} holds no sound ({', '.join(SOUNDS)}); name another folder")
    for file in files[:most]:
        pieces = [chunk.samples for chunk in SoundFile(file, SAMPLE_RATE)]
        if pieces:
            yield np.concatenate(pieces)[: LONGEST_S * SAMPLE_RATE]


def show(report: UpstreamReport) -> None:
    """Print a report."""
    table = Table(box=None, pad_edge=False)
    for title in ("", "rows", "lacking", "ids equal", "of each codebook"):
        table.add_column(title, justify="left" if not title else "right")
    for found in report.comparisons:
        table.add_row(
            f"{found.one} and {found.other}",
            str(found.rows),
            str(found.lacking),
            f"{np.mean(found.equal):.3%}",
            " ".join(f"{share:.3%}" for share in found.equal) if len(found.equal) > 1 else "",
        )
    console = Console()
    console.print(table)
    console.print(
        f"{report.encoder} ({report.weights}, sha256 {report.sha256[:12]}); {report.recordings} "
        f"recordings, {report.seconds:.1f} s",
        soft_wrap=True,
    )


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line, compare, and print."""
    parser = make_parser(__doc__)
    names = ("cosyvoice2", "speechtokenizer", "wavtokenizer")
    parser.add_argument("--encoder", choices=names, required=True, help="which one")
    parser.add_argument("--weights", type=Path, required=True, help="its published weights")
    parser.add_argument("--wavtokenizer", type=Path, metavar="CLONE", help="of its repository")
    parser.add_argument("--input", type=Path, help="a sound or a folder; default: the bundled clip")
    parser.add_argument(
        "--most", type=whole_number(1, 1_000_000), default=200, help="recordings (%(default)s)"
    )
    parser.add_argument(
        "--at-least", type=number(0, 1), default=0.999, help="share of equal ids (%(default)s)"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of ours")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything down")
    run_command(lambda: _measure(parser.parse_args(words)))


def _measure(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    speech = list(_recordings(arguments.input, arguments.most))
    comparisons = compare(_sayers(arguments), speech)
    report = UpstreamReport(
        encoder=arguments.encoder,
        weights=arguments.weights.name,
        sha256=_digest(arguments.weights),
        recordings=len(speech),
        seconds=sum(map(len, speech)) / SAMPLE_RATE,
        comparisons=comparisons,
    )
    show(report)
    if arguments.json:
        made = {"date": today(), "command": command_line()}
        write_report(arguments.json, made | msgspec.to_builtins(report))
    check_equal(comparisons, arguments.at_least)


def _digest(weights: Path) -> str:
    """Return the sha256 of the weights, which are the largest file of a folder."""
    files = [file for file in weights.iterdir() if file.is_file()] if weights.is_dir() else []
    path = max(files, key=lambda file: file.stat().st_size, default=weights)
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


if __name__ == "__main__":
    main()
