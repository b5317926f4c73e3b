"""What docs/emotion.md says of lips that speak with emotion, and of emotion in a voice."""

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


class VoiceEmotionReport(msgspec.Struct, frozen=True):
    """What `facewire_training.evaluation.voice_emotion --json` wrote."""

    date: str
    command: str
    speakers: int
    changes: dict[str, Row]


def heard_in_the_voice(found: VoiceEmotionReport) -> str:
    """Return what is told of a voice by what is done to it."""
    rows = [
        [
            change,
            f"{row['arousal']:+.2f}",
            f"{row['valence']:+.2f}",
            f"{100 * row['more than usual']:.0f} %" if place else "",
            f"{row['shown']:.2f}",
        ]
        for place, (change, row) in enumerate(found.changes.items())
    ]
    made = f"`{found.command}`, {found.date}: {found.speakers} speakers who read."
    headings = ["a voice", "arousal", "valence", "arousal rises in", "shares in all"]
    return f"{table(headings, rows)}\n\n{made}"
