"""What docs/text.md says of the lips of the embedded voice."""

import msgspec


class VoiceReport(msgspec.Struct, frozen=True):
    """What `python -m facewire_training.evaluate_voice --json` wrote."""

    date: str
    command: str
    contacts: int
    closed: float
    vowels_shut: float


def closures(usual: VoiceReport, fast: VoiceReport, slow: VoiceReport, breathy: VoiceReport) -> str:
    """Return how often lips close as the voice says p, b and m."""
    worst = max(report.vowels_shut for report in (usual, fast, slow, breathy))
    return (
        f"It speaks a hundred sentences full of p, b and m, and compares the face with the voice's "
        f"own phone times: the lips close on {_percent(usual.closed)} of {usual.contacts} "
        f"({_percent(fast.closed)} at 250 words a minute, {_percent(slow.closed)} at 30 faces a "
        f"second), and are shut on at most {_percent(worst)} of the open vowels. The voice `f2` "
        "with `en-gb` has breath in its closures, which hides where they begin: "
        f"{_percent(breathy.closed)} ({usual.date})."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
