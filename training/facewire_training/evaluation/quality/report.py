"""The result of a run, as values and as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facewire.errors import ConfigError
from facewire_training.evaluation.quality.run import RowScores, SetScores


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, when, and by which command."""

    command: str
    date: str
    frame_rate: str
    noise_db: float | None
    sets: tuple[SetScores, ...]
    machine: str = ""
    """What it was measured on. No figure depends on it but by rounding."""

    def heading(self) -> list[str]:
        """Return what belongs above every table of the report."""
        noise = "" if self.noise_db is None else f", voices {self.noise_db:g} dB below the speech"
        where = f"; {self.machine}" if self.machine else ""
        return [self.command, f"{self.date}, {self.frame_rate} frames per second{noise}{where}"]


def read_report(path: Path) -> Report:
    """Read a report that `facewire bench quality --json` wrote.

    Raises:
        ConfigError: the file is missing, or is something else.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        sets = tuple(_set(item) for item in content.pop("sets"))
        return Report(**content, sets=sets)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no report of `facewire bench quality --json` ({error})"
        ) from error


def _set(content: dict[str, Any]) -> SetScores:
    rows = {name: RowScores(**row) for name, row in content.pop("rows").items()}
    return SetScores(**content, rows=rows)
