"""Measure the decoders of runs of `model.train` as `ablation` measures its own.

    python -m facewire_training.recipes.perception.judge_runs --data DATA --corpus runs/corpus \
        --judge runs/judge runs/plain runs/read

What they decode was heard by the embedded model's encoder, at 80 ms, so a run has to have kept it.
"""

from pathlib import Path

import torch

from facewire.errors import ConfigError
from facewire_engines.phones.engine import load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.model.export import load_run
from facewire_training.option_ranges import COUNT, THREADS
from facewire_training.recipes.perception.ablation import (
    held_out_captures,
    held_out_rules,
    measure,
    print_rows,
    truth_row,
)
from facewire_training.recipes.perception.reader import FILE, load_reader


def main() -> None:
    """Measure and print."""
    parser = make_parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of model.train")
    parser.add_argument("--data", type=Path, required=True, help="holds librispeech/, grid_s1/")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--judge", type=Path, required=True, help="that no decoder learned from")
    parser.add_argument("--validation", type=COUNT, default=30, help="clips of each to measure on")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    names = [run.name for run in options.runs]
    if len(set(names)) < len(names):
        raise ConfigError("two runs have the same name; rename one of the folders")
    judge, engine = load_reader(options.judge / FILE), load_embedded()
    decoders = {run.name: load_run(run)[1] for run in options.runs}
    rules = held_out_rules(engine, options.data, options.validation)
    captured = held_out_captures(engine, options.data, options.corpus, options.validation)
    rows = {"the true face": truth_row(judge, rules, captured)}
    for name, decoder in decoders.items():
        rows[name] = measure(decoder.eval(), judge, rules, captured)
    print_rows(rows)


if __name__ == "__main__":
    run_command(main)
