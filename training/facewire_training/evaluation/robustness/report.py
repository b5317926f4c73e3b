"""The result of a run, as values and as JSON."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from facewire.errors import ConfigError

Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class RobustnessRow:
    """One condition."""

    name: str
    kind: str
    """A value of `conditions.Kind`."""
    about: str
    """How much was heard."""
    figures: Values
    """By the keys of `table.COLUMNS`; none of them is nan."""


@dataclass(frozen=True, slots=True)
class RobustnessReport:
    """What was measured, when, where and by which command."""

    command: str
    date: str
    machine: str
    setting: str
    """Engine, look-ahead, frame rate, number of utterances and seed, in words."""
    rows: list[RobustnessRow] = field(default_factory=list)
    speech: str = ""
    """A hash of what was said; empty in reports of before it was told."""

    def goes_on(self, other: "RobustnessReport") -> bool:
        """Tell whether the rows of another report are of the same setting and speech."""
        return (self.setting, self.speech) == (other.setting, other.speech)


def read_robustness(path: Path) -> RobustnessReport:
    """Read a report that `facewire bench robustness --json` wrote.

    Raises:
        ConfigError: the file is missing, or is something else.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        rows = [RobustnessRow(**row) for row in content.pop("rows")]
        return RobustnessReport(**content, rows=rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no report of `facewire bench robustness --json` ({error})"
        ) from error
