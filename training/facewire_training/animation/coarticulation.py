"""How neighbouring phones share the face: dominance functions after Cohen & Massaro 1993.

"Modeling coarticulation in synthetic visual speech", Models and Techniques in Computer Animation,
Springer. Every phone `s` has, for every axis, a target `T`, and a dominance that is high during
the phone and decays on both sides; an axis is the mean of the targets, weighted by dominance:

    F(t) = sum_s D_s(t) T_s / sum_s D_s(t)

They let dominance decay exponentially from the middle of the phone. Here it is flat during the
phone and decays exponentially outside of it, joined smoothly, so that `F` has no corners:

    D_s(t) = a_s / ((1 + exp((start_s - t) / onset_s)) (1 + exp((t - end_s) / offset_s)))

A slow onset makes an axis anticipate (rounding), a low dominance makes it give way (k, g, h), and
short phones fall short of their targets by themselves. `F` is a function of time alone: any frame
rate samples the same curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire_training.animation.procedural_targets import AXES, Targets
from facewire_training.phones import PhoneInterval

Floats = NDArray[np.float64]

REACH = 8
"""How many phones on each side of a moment have a say in it."""

_BEYOND_S = 5.0
"""How long the silence lasts that is added before the first phone and after the last."""

_FIRST_PART = 0.5
"""The share of a diphthong that is its first part."""


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Phones in order and without holes, silence at both ends, diphthongs in two parts."""

    start_s: Floats
    """[S]"""
    end_s: Floats
    """[S]"""
    phone: NDArray[np.int64]
    """[S] classes."""
    row: NDArray[np.int64]
    """[S] rows of the table of targets."""


def segment(phones: Sequence[PhoneInterval], targets: Targets) -> Segments:
    """Lay phones out in time.

    What no phone covers is silence; silences that touch become one.

    Raises:
        ValueError: the phones overlap by more than a microsecond or are out of order.
    """
    laid = _without_holes(phones)
    start = np.array([item[0] for item in laid])
    end = np.array([item[1] for item in laid])
    phone = np.array([item[2] for item in laid], np.int64)
    split = targets.second[phone] != phone
    again = np.repeat(np.arange(len(phone)), np.where(split, 2, 1))
    is_second = np.concatenate(([False], again[1:] == again[:-1]))
    is_first = split[again] & ~is_second
    middle = start + _FIRST_PART * (end - start)
    return Segments(
        start_s=np.where(is_second, middle[again], start[again]),
        end_s=np.where(is_first, middle[again], end[again]),
        phone=phone[again],
        row=np.where(is_second, targets.second[phone[again]], phone[again]),
    )


def _without_holes(phones: Sequence[PhoneInterval]) -> list[tuple[float, float, int]]:
    """Return start, end and class of each phone, silences merged and made where missing."""
    first = phones[0].start_s if phones else 0.0
    laid: list[tuple[float, float, int]] = [(first - _BEYOND_S, first, 0)]
    last = phones[-1].end_s if phones else first
    ends = [(p.start_s, p.end_s, p.phone_index) for p in phones]
    for start, end, phone in [*ends, (last, last + _BEYOND_S, 0)]:
        reached = laid[-1][1]
        if start < reached - 1e-6:
            raise ValueError(f"a phone starts at {start} s, before the last one ends")
        if start > reached + 1e-6:
            _append(laid, (reached, start, 0))
        _append(laid, (start, end, phone))
    return laid


def _append(laid: list[tuple[float, float, int]], item: tuple[float, float, int]) -> None:
    if item[2] == 0 and laid[-1][2] == 0:
        laid[-1] = (laid[-1][0], item[1], 0)
    else:
        laid.append(item)


def blend(
    segments: Segments, times_s: Floats, targets: Targets, effort: Floats | None = None
) -> Floats:
    """Return the axes at each time, `[T]` to `[T, 7]`, from phones and the effort of each, [S]."""
    wanted, dominance = _wanted(segments, targets, effort)
    onset, offset = targets.onset_s[segments.row], targets.offset_s[segments.row]
    here = np.searchsorted(segments.end_s, times_s, side="right")
    total = np.zeros((len(times_s), len(AXES)))
    mass = np.zeros_like(total)
    for step in range(-REACH, REACH + 1):
        inside = np.clip(here + step, 0, len(segments.row) - 1)
        before = (segments.start_s[inside] - times_s)[:, None] / onset[inside]
        after = (times_s - segments.end_s[inside])[:, None] / offset[inside]
        falls = (1 + np.exp(np.minimum(before, 40))) * (1 + np.exp(np.minimum(after, 40)))
        share = dominance[inside] / falls
        share[here + step != inside] = 0.0
        total += share * wanted[inside]
        mass += share
    return total / np.maximum(mass, 1e-12)


def _wanted(segments: Segments, targets: Targets, effort: Floats | None) -> tuple[Floats, Floats]:
    """Return targets and dominance of each segment, [S, 7], with effort and pauses applied."""
    wanted = targets.target[segments.row].copy()
    dominance = targets.dominance[segments.row].copy()
    if effort is not None:
        wanted *= 1 + (effort * targets.follows[segments.phone])[:, None] * targets.effort
    short, long = targets.pause_s
    silent = segments.phone == 0
    fullness = np.clip((segments.end_s - segments.start_s - short) / (long - short), 0, 1)[silent]
    for axis, pause in (("jaw", targets.pause_jaw), ("gap", targets.pause_gap)):
        wanted[silent, AXES.index(axis)] = pause * (1 - fullness)
    dominance[silent] *= (0.25 + 0.75 * fullness)[:, None]
    return wanted, dominance
