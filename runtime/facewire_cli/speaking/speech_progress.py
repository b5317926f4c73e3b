"""How far a text is said, word by word."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from facewire.clock import Clock
from facewire.speaking.voice import Span
from facewire_cli.progress import minutes, showing_progress

_LONGEST = 20
"""Characters of a word that are shown."""


class SpeechProgress:
    """Counts what has been said, and shows it if somebody wants to see it."""

    def __init__(self, total: int) -> None:
        """Begin; `total` is how many words there are, 0 if nobody knows."""
        self._total = total
        self._said = 0
        self._seconds = 0.0
        self._word = ""
        self._show: Callable[[float], None] = lambda said: None

    @contextmanager
    def shown(self, console: Console, clock: Clock) -> Iterator[None]:
        """Show it until the body is left."""
        with showing_progress(
            console, "speech", self._total, clock, describe=lambda said: self._description
        ) as self._show:
            yield

    def hear(self, seconds: float) -> None:
        """Note how many seconds have been spoken."""
        self._seconds = seconds
        self._show(self._said)

    def say(self, words: Sequence[Span]) -> None:
        """Note words that have been said."""
        self._said += len(words)
        if words:
            self._word = words[-1].label[:_LONGEST]
            self._show(self._said)

    @property
    def _description(self) -> str:
        """Some voices tell no words."""
        if not self._said:
            return minutes(self._seconds)
        of = f" of {self._total:,}" if self._total else ""
        return f"{minutes(self._seconds)}, {self._said:,}{of} words: {self._word}"
