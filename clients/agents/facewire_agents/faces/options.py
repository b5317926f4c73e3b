"""How the face of an agent is made, and where it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.stream.engine import Engine

LOOKAHEAD_MS = 160
"""What engines can hear ahead at most."""
LATENCY_MS = 10_000
"""More than any transport takes."""


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """How the face of an agent is made, and where it is shown."""

    server: str = ""
    """Address of a `facewire serve` that makes the faces, such as "ws://127.0.0.1:8765"; by default
    they are made in this process."""
    engine: str | Engine = "phones"
    """As `--engine` names it, or one that is loaded, for many agents in a process."""
    frame_rate: str | float = 60
    """Faces a second: 30, "30000/1001" ..."""
    lookahead_ms: float = 150.0
    """How far ahead of a face its speech is heard; the sound waits for its faces."""
    alignment: bool = False
    """Whether the words that a TTS gives with times make the face surer (docs/alignment.md); it
    hears 260 ms ahead then."""
    language: str = "en-us"
    """Of those words."""
    idle: bool = True
    """Whether eyes blink, and brows and head move a little."""
    seed: int | None = None
    """Which idle motion; None for one of its own."""
    profile: Path | None = None
    """TOML file with gains and offsets; of a server, it is the server's."""
    outputs: Sequence[str] = ()
    """Where faces go while they are heard, as `--out` names them: "livelink://127.0.0.1" ..."""
    page: int | None = None
    """Port of a page that shows the face, with its sound; 0 for any, None for none."""
    output_latency_ms: float = 0.0
    """From the moment when the transport takes a sound until it is heard."""

    def __post_init__(self) -> None:
        """See whether they can be met.

        Raises:
            ConfigError: a number is out of its range.
        """
        parse_frame_rate(str(self.frame_rate))
        # Written so that what is no number is refused, too.
        if not 0 <= self.lookahead_ms <= LOOKAHEAD_MS:
            raise ConfigError(f"lookahead_ms is 0 to {LOOKAHEAD_MS}, not {self.lookahead_ms}")
        if not 0 <= self.output_latency_ms <= LATENCY_MS:
            raise ConfigError(
                f"output_latency_ms is 0 to {LATENCY_MS}, not {self.output_latency_ms}"
            )
