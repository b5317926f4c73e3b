"""What docs/text.md says of the embedded voices: their lips, words and times."""

import msgspec

from speech_timeline import Timeline


class VoiceReport(msgspec.Struct, frozen=True):
    """What `python -m facewire_training.evaluation.voice --json` wrote."""

    date: str
    command: str
    contacts: int
    closed: float
    vowels_shut: float


class NaturalReport(VoiceReport, frozen=True):
    """The same with `--live` and `--words`."""

    real_time_factor: float
    times: dict[str, float]
    words: dict[str, int]


class OffsetsReport(msgspec.Struct, frozen=True):
    """What `python -m facewire_training.evaluation.spoken.offsets --json` wrote."""

    date: str
    command: str
    sentences: int
    graph: dict[str, float]
    rule: dict[str, float]
    classes: dict[str, dict[str, float]]


def natural(found: NaturalReport, offsets: OffsetsReport) -> str:
    """Return how the natural voice does."""
    times, words, rule = found.times, found.words, offsets.rule
    worst = min(offsets.classes.items(), key=_within)
    rows = [
        ("lips closed on its own p b m", f"{_percent(found.closed)} of {found.contacts}"),
        ("open vowels open", _percent(1 - found.vowels_shut)),
        (
            "words that Whisper tiny.en hears rightly, tongue twisters among them",
            f"{_percent(words['right'] / words['words'])} of {words['words']}",
        ),
        ("phones that are heard within 50 ms of their time", _percent(rule["within_50"])),
        ("of the worst class of phones", f"{_percent(_within(worst))} ({worst[0]})"),
        ("time to speak, as a share of the time it lasts", f"{found.real_time_factor:.3f}"),
        ("first face after the text", f"{times['first_face_ms']:.0f} ms"),
        ("first sound after the text", f"{times['first_sound_ms']:.0f} ms"),
        ("the worst face of a turn, before its sound", f"{times['face_lead_ms']:.0f} ms"),
        (
            f"the worst face of all {times['turns']:.0f} turns, likewise (below 0: too late)",
            f"{times['worst_lead_ms']:.0f} ms",
        ),
    ]
    table = "".join(f"| {what} | {value} |\n" for what, value in rows)
    return (
        f"| the natural voice, a hundred sentences | |\n|---|---|\n{table}\n"
        f"`{found.command}`, {found.date}; `{offsets.command}`, {offsets.date}. Its graph alone is "
        f"{offsets.graph['median_ms']:.0f} ms late in the median; by the rule that was measured, "
        f"{rule['median_ms']:+.0f} ms, and half of its phones are within "
        f"{rule['half_within_ms']:.0f} ms. Times are those of a sentence in real time, in the "
        f"median of {times['turns']:.0f}, on a machine that does other things too."
    )


def _within(item: tuple[str, dict[str, float]]) -> float:
    return item[1]["within_50"]


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
