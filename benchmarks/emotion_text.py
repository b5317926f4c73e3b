"""What docs/emotion.md says of the lips of a speaker who feels something."""

import msgspec

from docs_sections import table

Row = dict[str, float]
_SHARES = ("rounding AUC", "moved")
"""What is no rate."""


class EmotionReport(msgspec.Struct, frozen=True):
    """What `facewire_training.evaluation.emotions --json` wrote."""

    date: str
    command: str
    utterances: int
    emotions: dict[str, Row]


def lips_by_emotion(found: EmotionReport) -> str:
    """Return what the lips do by emotion."""
    names = list(found.emotions["neutral"])
    rows = [
        [
            feels,
            *(f"{v:.2f}" if name in _SHARES else f"{100 * v:.1f} %" for name, v in row.items()),
        ]
        for feels, row in found.emotions.items()
    ]
    made = f"`{found.command}`, {found.date}: {found.utterances} utterances of validation speakers."
    return f"{table(['wholly felt', *names], rows)}\n\n{made}"
