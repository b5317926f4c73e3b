"""What docs/text.md says of the embedded voice: its lips, and when its faces are there."""

import msgspec

from speech_timeline import Timeline


class VoiceReport(msgspec.Struct, frozen=True):
    """What `python -m facewire_training.evaluation.voice --json` wrote."""

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


def typed(found: Timeline) -> str:
    """Return when faces were there while somebody typed."""
    ahead_s = found.speech_s - (found.last_face_made_s - found.first_face_s)
    return (
        f"A client on the same machine types {found.words} words to `/speak`, one every 200 ms "
        f"(`{found.command}`, {found.date}, {found.machine.processor}). The last word was typed "
        f"after {found.last_word_s:.2f} s; the tokens of its clause, and with them the last face, "
        f"were there after {found.last_face_made_s:.2f} s, {ahead_s:.1f} s before the end of the "
        f"{found.speech_s:.1f} s of sound."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
