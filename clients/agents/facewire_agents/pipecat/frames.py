# pyright: reportMissingImports=false
"""Frames of ours in a Pipecat pipeline."""

from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import DataFrame, OutputTransportMessageFrame, SystemFrame

from facewire_agents.faces import SpeechRun


@dataclass(frozen=True, slots=True, eq=False)
class SoundMark:
    """Stands before a piece of sound in the transport's queue, and says which it is."""

    run: SpeechRun
    first: int
    """First source sample of the run."""
    last: int
    """The one after its last."""
    duration_ns: int
    """Of the piece as the transport plays it, with what it is filled up with."""


@dataclass
class SoundMarkFrame(DataFrame):
    """Comes out of the transport when it takes the piece of sound that follows.

    Without a pts, so that it goes through the queue of the sound and is dropped with it.
    """

    mark: SoundMark = field(kw_only=True)


@dataclass
class FaceMessageFrame(OutputTransportMessageFrame):
    """The same, and the faces of the piece for whoever is at the transport's other end."""

    mark: SoundMark = field(kw_only=True)


@dataclass
class FaceInterruptedFrame(SystemFrame):
    """Goes upstream after an interruption: what was heard of the speech."""

    context_id: str
    sample: int | None
    """The last sample that was heard, at `sample_rate`; None if none was."""
    sample_rate: int
    at_ms: float
    """How long the speech was heard."""
    word: str
    """The last word that had begun; empty where the TTS tells no words with times."""
    text: str
    """All words that had begun."""


MarkFrame = SoundMarkFrame | FaceMessageFrame


def mark_of(frame: Any) -> SoundMark | None:
    """Return the mark that a frame carries, if it carries one."""
    return frame.mark if isinstance(frame, (SoundMarkFrame, FaceMessageFrame)) else None
