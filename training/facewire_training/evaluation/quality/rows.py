"""The systems that stand side by side, by the names that `--rows` knows."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire.stream.engines import load_engine
from facewire_engines.phones.token_session import MAX_LOOKAHEAD_MS
from facewire_training.animation.effort import FRAME_S, SMOOTHING_S
from facewire_training.data.recognisers import recogniser
from facewire_training.evaluation import peers
from facewire_training.evaluation.performers import (
    Performer,
    Provisional,
    Streamed,
    Taught,
    oracle,
    volume_meter,
)

logger = logging.getLogger(__name__)

CAPTURED = "captured"
"""The row of the true faces, where a set has them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system at one setting."""

    name: str
    perform: Performer
    delay_ms: float | None
    """How long after its own timestamp a frame is available; None if that has no meaning."""
    hears: bool = True
    """Whether it works from the sound, and so from the noise in it."""
    lookahead_ms: float | None = None
    """Where a dial was set."""
    shown: Performer | None = None
    """The same with the face stage's idle motion, if it has one."""


def _oracle() -> Row:
    return Row("oracle", oracle, None, hears=False)


def _meter() -> Row:
    centred_ms = 1000 * (FRAME_S + SMOOTHING_S) / 2
    return Row("volume meter", volume_meter, centred_ms + 10)


LATE = "late-oracle"
"""The rows of the oracle as late as each look-ahead makes an engine: the best there is live."""

TEACHER = "teacher"
"""The row of the embedded model's decoder on what a teacher hears, who knows whole recordings."""

PEERS = "peers"
"""Every other system that is installed (`facewire_training.evaluation.peers`)."""

BASELINES: dict[str, Callable[[], Row]] = {"oracle": _oracle, "meter": _meter}
"""What is no engine. The meter averages around each frame, and steps by 10 ms."""


def make_rows(
    names: tuple[str, ...],
    lookaheads_ms: tuple[float, ...],
    *,
    provisional: bool = False,
    teacher: Path | None = None,
) -> list[Row]:
    """Return the rows of the names, engines once for each look-ahead.

    Args:
        names: of systems.
        lookaheads_ms: of engines.
        provisional: whether engines are also shown at once, corrected by each look-ahead.
        teacher: the run of the teacher whose row is asked for, if it is.

    Raises:
        ConfigError: a name is not known, a look-ahead out of range, or there is no teacher.
        EngineError: an engine cannot be loaded.
    """
    if min(lookaheads_ms) < 0:
        raise ConfigError(
            f"a look-ahead of {min(lookaheads_ms):g} ms is out of range: give at least 0"
        )
    rows: list[Row] = []
    for name in names:
        if name in BASELINES:
            rows.append(BASELINES[name]())
        elif name == PEERS:
            rows += _peers()
        elif name == LATE:
            rows += [Row(late_oracle(ms), oracle, ms, hears=False) for ms in lookaheads_ms]
        elif name == TEACHER:
            rows.append(_taught(teacher, min(max(lookaheads_ms), MAX_LOOKAHEAD_MS)))
        elif name != CAPTURED:
            rows += _engine(name, lookaheads_ms, provisional=provisional)
    return rows


def late_oracle(late_ms: float) -> str:
    """Return the name of the row of an oracle that is late."""
    return f"oracle, {late_ms:g} ms late"


def _taught(teacher: Path | None, lookahead_ms: float) -> Row:
    if teacher is None:
        raise ConfigError("the row teacher needs --teacher RUN, which training/README.md makes")
    perform = Taught(recogniser(teacher).recognise, lookahead_ms)
    return Row(f"a teacher's rows, {lookahead_ms:g} ms", perform, None)


def _peers() -> list[Row]:
    for reason in peers.absent():
        logger.warning("a row is left out: %s", reason)
    return [Row(peer.name, peer.perform, peer.delay_ms) for peer in peers.performers()]


def _engine(name: str, lookaheads_ms: tuple[float, ...], *, provisional: bool) -> list[Row]:
    try:
        engine = load_engine(name)
    except ConfigError as error:
        others = ", ".join((CAPTURED, PEERS, LATE, TEACHER, *BASELINES))
        raise ConfigError(f"{error}, or one of {others}") from error
    for lookahead_ms in lookaheads_ms:
        engine.session(lookahead_ms=lookahead_ms).close()
    # A frame leaves with the last whole hop inside its look-ahead, 3.3 ms before the look-ahead's
    # end on average at 60 frames a second; hearing to receiving takes as long (docs/latency.md).
    plain = [
        Row(
            name=f"{engine.name} {ahead:g} ms",
            perform=Streamed(engine, ahead),
            delay_ms=ahead,
            lookahead_ms=ahead,
            shown=Streamed(engine, ahead, shown=True),
        )
        for ahead in lookaheads_ms
    ]
    corrected = [
        Row(f"{engine.name} at once, corrected {ahead:g} ms later", Provisional(engine, ahead), 0.0)
        for ahead in lookaheads_ms
        if provisional and ahead
    ]
    return plain + corrected
