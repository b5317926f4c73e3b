"""What every training shows and keeps: its progress, and a checkpoint that no crash can halve."""

from collections.abc import Mapping
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def show_progress() -> Progress:
    """Return a bar of steps, with what the training says of itself before it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )


def write_checkpoint(state: Mapping[str, object], path: Path) -> None:
    """Write a file of torch's so that a crash in the middle leaves the last one whole."""
    partial = path.with_suffix(".tmp")
    torch.save(dict(state), partial)
    partial.replace(path)
