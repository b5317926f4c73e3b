"""What `facewire bench listen make` is asked for."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from facewire.errors import ConfigError
from facewire.settings.lookahead import DELAYED_MS
from facewire_training.evaluation.listening.study import ANCHOR, STILL, Kind

AUTO, MISMATCHED, NO_ANCHOR = "auto", "mismatched", "none"
"""Anchors that are made here, or none."""


class UpperFace(StrEnum):
    """What eyes, brows and head do, where it is the mouth that is rated."""

    SAME = "same"
    """What the reference's do, in all faces; without a reference, the first system's."""
    OWN = "own"
    """What each system makes of them."""
    REST = "rest"


MOST_SCREENS = 40
"""How many each rater gets, unless somebody wants more."""
QUESTIONS = {
    Kind.MUSHRA: "How well does each face fit the speech?",
    Kind.PAIRS: "Which face fits the speech better?",
}
TITLE = "Faces that speak"
CONSENT = """\
You will watch drawn faces speak short sentences, and rate how well they fit the speech.
We keep your ratings, how often you played each face, how long each screen took, and the code that \
you are given: nothing else about you or your device.
You can stop at any time by closing the page; what you have sent by then is kept under that code.
"""


@dataclass(frozen=True, slots=True)
class EngineSystem:
    """A system whose faces an engine makes."""

    name: str
    engine: str
    """As `--engine` names it."""
    lookahead_ms: float = DELAYED_MS


@dataclass(frozen=True, slots=True)
class MakeRequest:
    """Which faces of which sounds are rated how."""

    audio: Path
    """A folder of sounds, one a sentence."""
    out: Path
    recordings: tuple[tuple[str, Path], ...] = ()
    """Systems with a folder of recorded faces each, called like the sounds."""
    engines: tuple[EngineSystem, ...] = ()
    reference: str = ""
    anchor: str = AUTO
    """A system, or `AUTO`, `MISMATCHED` or `NO_ANCHOR`."""
    kind: Kind = Kind.MUSHRA
    frame_rate: Fraction | None = None
    """None: that of all recordings, or 60."""
    upper_face: UpperFace = UpperFace.SAME
    idle: bool = True
    """Whether faces of engines blink and move their head."""
    screens: int | None = None
    """For each rater; None: one of each trial, at most `MOST_SCREENS`."""
    checks: int = 2
    practice: str = ""
    """A sentence; empty: the shortest."""
    title: str = TITLE
    question: str = ""
    consent: str = CONSENT
    seed: int = 0


def parse_recordings(text: str) -> tuple[str, Path]:
    """Read `SYSTEM=FOLDER`.

    Raises:
        ConfigError: it is not that.
    """
    name, sign, folder = text.partition("=")
    if not sign or not folder:
        raise ConfigError(f"--recordings {text} is not SYSTEM=FOLDER")
    return system_name(name), Path(folder).expanduser()


def parse_engine(text: str) -> EngineSystem:
    """Read `NAME=ENGINE[:FOLDER][,lookahead=MS]`.

    Raises:
        ConfigError: it is not that.
    """
    name, sign, rest = text.partition("=")
    engine, *settings = rest.split(",")
    if not sign or not engine:
        raise ConfigError(f"--system {text} is not NAME=ENGINE[:FOLDER][,lookahead=MS]")
    lookahead_ms = DELAYED_MS
    for setting in settings:
        key, _, value = setting.partition("=")
        try:
            if key.strip() != "lookahead":
                raise ValueError
            lookahead_ms = float(value)
        except ValueError:
            raise ConfigError(
                f"--system {text}: after the engine there may be lookahead=MS, not {setting!r}"
            ) from None
    return EngineSystem(system_name(name), engine, lookahead_ms)


def system_name(name: str) -> str:
    """Return the name of a system, which is also that of a folder.

    Raises:
        ConfigError: it cannot be.
    """
    name = name.strip()
    plain = name.replace(" ", "").replace("-", "").replace("_", "").replace(".", "")
    if not plain.replace("+", "").isalnum() or len(name) > 40 or name.startswith("."):
        raise ConfigError(
            f"{name!r} is no name of a system; take letters, digits, spaces and - _ . +"
        )
    if name.lower() in {ANCHOR, STILL}:
        raise ConfigError(f"{name!r} is what the study calls a face of its own; take another name")
    return name
