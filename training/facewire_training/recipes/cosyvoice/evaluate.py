"""Lips of an exported decoder of CosyVoice's ids, on speakers that were never trained on.

    python -m facewire_training.recipes.cosyvoice.evaluate --corpus runs/corpus \
        --tokens runs/cosyvoice2/tokens --model runs/cosyvoice2/model

Prints a row for each look-ahead. The true phones, animated by rules, are the reference.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from facewire.errors import ConfigError
from facewire.tokens import TokenChunk
from facewire_engines.cosyvoice.decoder import CosyVoiceDecoder, load_decoder
from facewire_training.animation.effort import effort_from_audio
from facewire_training.animation.procedural import animate
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import Shard, load_one
from facewire_training.evaluation.metrics.errors.weight_error import lip_vertex_error
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.openness import labial_auc
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.metrics.motion.steadiness import jitter
from facewire_training.evaluation.metrics.motion.timing import gap_lag_ms
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.option_ranges import COUNT, LOOKAHEADS_MS
from facewire_training.recipes.cosyvoice.token_shards import TokenShard, load_tokens
from facewire_training.take import Take

FRAME_RATE = Fraction(30)


def decoded(
    decoder: CosyVoiceDecoder, shard: Shard, ids: TokenShard, index: int, lookahead_ms: float
) -> Take:
    """Return the face of an utterance."""
    session = decoder.session(frame_rate=FRAME_RATE, lookahead_ms=lookahead_ms)
    chunk = TokenChunk(ids.tokens(index), decoder.space, 0, 0, decoder.sample_rate)
    frames = session.push(chunk) + session.flush()
    return Take(np.stack([f.weights for f in frames]), FRAME_RATE, shard.phones(index))


def oracle(shard: Shard, index: int, count: int) -> Take:
    """Return the face that rules make of the true phones."""
    times = np.arange(count) / float(FRAME_RATE)
    effort = effort_from_audio(shard.audio(index), SAMPLE_RATE)
    places = np.minimum((times * 100).astype(int), len(effort) - 1)
    phones = shard.phones(index)
    return Take(animate(phones, times, effort[places]), FRAME_RATE, phones)


def figures(takes: Sequence[Take], references: Sequence[Take]) -> dict[str, float]:
    """Return what the columns show."""
    return {
        "closure %": 100 * closure_rate(takes),
        "by luck %": 100 * luck_rate(takes),
        "false %": 100 * false_closure_rate(takes),
        "rounding AUC": rounding_auc(takes),
        "labial AUC": labial_auc(takes),
        "jitter": jitter(takes),
        "lag ms": gap_lag_ms(takes, references),
        "LVE": lip_vertex_error(takes, references),
    }


def main() -> None:
    """Parse the command line, and print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--tokens", type=Path, required=True, help="what token_shards wrote")
    parser.add_argument("--model", type=Path, required=True, help="what export wrote")
    parser.add_argument(
        "--lookaheads", type=LOOKAHEADS_MS, default="0,40,80,120,160,240,320", help="in ms"
    )
    parser.add_argument("--utterances", type=COUNT, default=40, help="how many, spread evenly")
    options = parser.parse_args()
    decoder = load_decoder(options.model)
    shard = load_one(options.corpus / "validation" / "librispeech")
    ids = load_tokens(options.tokens / "validation", shard)
    if ids.space != decoder.space.name:
        raise ConfigError(f"{options.model} does not decode {ids.space} tokens")
    chosen = np.linspace(0, len(shard) - 1, min(options.utterances, len(shard))).astype(int)
    table = Table("look-ahead ms")
    rows: dict[str, list[Take]] = {"oracle": []}
    for lookahead_ms in options.lookaheads:
        rows[f"{lookahead_ms:g}"] = [
            decoded(decoder, shard, ids, int(index), lookahead_ms)
            for index in track(chosen, description=f"{lookahead_ms:g} ms", transient=True)
        ]
    some = next(iter(takes for takes in rows.values() if takes))
    rows["oracle"] = [
        oracle(shard, int(i), len(take)) for i, take in zip(chosen, some, strict=True)
    ]
    for name, takes in rows.items():
        values = figures(takes, rows["oracle"])
        if len(table.columns) == 1:
            for column in values:
                table.add_column(column, justify="right")
        table.add_row(name, *(f"{value:.3g}" for value in values.values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    run_command(main)
