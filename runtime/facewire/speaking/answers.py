"""What a conversation tells, besides what is shown and heard."""

from dataclasses import dataclass

from facewire.speaking.turn import Turn


@dataclass(frozen=True, slots=True)
class Cut:
    """What an interrupt did."""

    turn: int
    sample: int | None
    """The last sample of the turn that was heard; None if none was."""
    frame: int | None
    """Index of the last frame that counts; None if the turn had not begun, so that all do."""
    at_ms: float
    """How long after the turn began that was."""
    speech_ms: float
    """How much of the turn's own speech was heard: less, if it had to wait for more."""
    dropped: tuple[int, ...]
    """Turns that stood behind it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a turn cannot be done; the stream goes on."""

    turn: int
    """Its number; 0 if it is about none."""
    message: str
    """In one sentence."""
    error: Exception | None = None
    """What failed, if anything did."""


@dataclass(frozen=True, slots=True)
class NotInterrupted:
    """There was no turn to stop."""

    turn: int
    known: bool
    """Whether there was such a turn, which is over."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The stream stands still before this sample."""

    sample: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The stream goes on with this sample, at this time in ns."""

    sample: int
    when: int


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """All of a turn has left."""

    turn: Turn


Answer = Cut | NotInterrupted | Paused | Resumed | Problem | TurnEnd
