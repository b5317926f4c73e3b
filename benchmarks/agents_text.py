"""What docs/agents.md says of faces in step with the sound of Pipecat and LiveKit."""

import msgspec

from docs_sections import how, table
from facewire_cli.bench.machine import Machine


class AgentRun(msgspec.Struct, frozen=True):
    """Of one framework."""

    framework: str
    """With its version."""
    spoken_s: float
    faces: int
    """Of that speech."""
    offset_ms: float
    """Between a face and its sound, at most; it is never more, in either direction."""
    interruptions: int
    rest_ms: float
    """From an interruption until the face is at rest, at most."""
    shown_after: int
    """Faces of speech that were shown after an interruption."""
    sample_error: int
    """Samples between the last one that was played and the one that was told, at most."""
    first_sound_ms: float
    """From the first audio of the TTS until the transport has sound, in real time; the median."""


class AgentReport(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    date: str
    command: str
    machine: Machine
    runs: list[AgentRun]


def agents_table(found: AgentReport) -> str:
    """Return the table of `agents_in_step.py`."""
    rows = [
        [
            run.framework,
            f"{run.faces} faces of {run.spoken_s:.0f} s: {run.offset_ms:.1f} ms",
            f"{run.interruptions}: {run.rest_ms:.0f} ms",
            f"{run.shown_after}",
            f"{run.sample_error}",
            f"{run.first_sound_ms:.0f} ms",
        ]
        for run in found.runs
    ]
    header = [
        "", "a face and its sound, at most apart", "interruptions, at rest after at most",
        "faces of speech after them", "samples off in what was heard", "sound waits for its faces",
    ]  # fmt: skip
    return f"{how(found.command, found.date, found.machine)}\n\n{table(header, rows)}"
