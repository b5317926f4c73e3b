"""Whether the times of a turn can be meant in the unit that they were read in."""

from collections.abc import Sequence

AHEAD_S = 60.0
"""Nobody knows times so far ahead of the audio before any that are nearer."""
FEWEST = 3
"""So many different times tell something."""
SMALLEST_SHARE = 1 / 500
"""Of its audio, in which all times lie only if they are in a unit that is far too small."""
SMALLEST_S = 0.1
"""The same of long audio."""
FAR = 10
"""So many times as long as its audio no turn is, if a single one of its times lies within it."""


def wrong_unit(starts: Sequence[float], audio_s: float, *, complete: bool) -> str | None:
    """Return in one sentence why times are of no use, or None if they may be right.

    Args:
        starts: of all that came for a turn, in seconds after its first sample, in any order.
        audio_s: how much audio of the turn came.
        complete: whether that is all of it.
    """
    if not starts:
        return None
    if complete and audio_s and _lie_past(audio_s, starts):
        return (
            f"nearly all times lie past the end of the turn's {audio_s:.1f} s of audio, the last "
            f"one at {max(starts):.1f} s; are they in ms where their format wants seconds, or is "
            "offset_ms wrong?"
        )
    ahead_s = audio_s + AHEAD_S
    if not complete and len(starts) > 1 and sum(start <= ahead_s for start in starts) <= 1:
        return (
            f"the times lie more than {AHEAD_S:g} s ahead of the audio, the last one at "
            f"{max(starts):.1f} s; are they in ms where their format wants seconds, or is "
            "offset_ms wrong?"
        )
    within_s = min(audio_s * SMALLEST_SHARE, SMALLEST_S)
    if complete and len(set(starts)) >= FEWEST and max(map(abs, starts)) <= within_s:
        return (
            f"all times lie within the first {1000 * max(map(abs, starts)):.1g} ms of the turn's "
            f"{audio_s:.1f} s of audio; are they in seconds where their format wants ms or ticks?"
        )
    return None


def _lie_past(end_s: float, starts: Sequence[float]) -> bool:
    within = sum(start <= end_s for start in starts)
    return within <= len(starts) // 10 or (within == 1 and max(starts) > FAR * end_s)
