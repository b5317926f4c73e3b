"""What docs/face.md says of how a face moves: against a person, and at each articulation."""

import msgspec

from docs_sections import table

Row = dict[str, float]
MOVEMENTS = {
    "deviation": "in speech",
    "pause_deviation": "in pauses",
    "speed": "per second, in speech",
    "pause_speed": "in pauses",
}


class MotionReport(msgspec.Struct, frozen=True):
    """What `facewire_training.evaluation.face_motion.measure --json` wrote."""

    date: str
    command: str
    clips: int
    person: dict[str, Row]
    shown: dict[str, Row]


class ArticulationReport(msgspec.Struct, frozen=True):
    """What `facewire_training.evaluation.articulation --json` wrote."""

    date: str
    command: str
    split: str
    amounts: dict[str, Row]
    as_people: Row


def motion_table(found: MotionReport) -> str:
    """Return how far and how fast each part of the face moves, his and ours."""
    rows = [
        [measure, *(f"{his[name]:.2f} / {found.shown[measure][name]:.2f}" for name in MOVEMENTS)]
        for measure, his in found.person.items()
        if measure != "blinks"
    ]
    blinks = ", ".join(
        f"{'his' if face is found.person else 'ours'} {face['blinks']['a_minute']:.0f}"
        for face in (found.person, found.shown)
    )
    made = (
        f"`{found.command}` ({found.date}, {found.clips} validation clips of GRID's speaker), in "
        f"mm, and degrees of the head, his / ours. Blinks a minute: {blinks}."
    )
    return f"{made}\n\n{table(['from its median', *MOVEMENTS.values()], rows)}"


def articulation_table(found: ArticulationReport) -> str:
    """Return what each articulation does to the amplitude and to the closures."""
    people = list(found.as_people)
    rows = [
        [
            amount,
            *(f"{v:.2f}" if name in people else f"{100 * v:.1f} %" for name, v in row.items()),
        ]
        for amount, row in found.amounts.items()
    ]
    names = list(next(iter(found.amounts.values())))
    header = ["articulation", *(f"gap, by {n}'s" if n in people else n for n in names)]
    alike = ", ".join(f"{name}'s at {value:.2f}" for name, value in found.as_people.items())
    return (
        f"{table(header, rows)}\n\nThe embedded model's lips open as far as people's, {alike} "
        f"(`{found.command}`, {found.date}: 95th percentile of the gap in speech)."
    )
