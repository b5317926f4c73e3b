"""The contacts that must happen: lips on lips for p b m, lower lip on teeth for f v.

Viewers forgive much, but not a p with open lips (JALI, Edwards et al. 2016, calls it a hard
constraint, above co-articulation). Each contact is a window of time in [0, 1] that is 1 while it
lasts; the lips close in time for the phone to begin shut, a stop lets go before it ends, and the
ramps shorten in fast speech so that the vowel in between is still seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import INDEX
from facewire_training.animation.coarticulation import Segments

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contact:
    """When a phone's contact is whole, and how long the lips need to get there."""

    begin: float
    """Share of the phone at which the contact is whole."""
    release: float
    """Share of the phone at which it begins to end."""
    approach_s: float
    """Seconds before `begin` in which the lips travel, at most."""
    leave_s: float
    """Seconds after `release`, at most."""


LIPS: dict[str, Contact] = {
    "p": Contact(0.15, 0.50, 0.110, 0.100),
    "b": Contact(0.15, 0.55, 0.110, 0.100),
    "m": Contact(0.15, 0.80, 0.110, 0.110),
}
"""Stops are shut in their first part and burst in the last; a nasal is shut throughout."""

LIP_ON_TEETH: dict[str, Contact] = {
    "f": Contact(0.25, 0.75, 0.110, 0.110),
    "v": Contact(0.25, 0.72, 0.105, 0.105),
}

HOLD_S = 0.030
"""The shortest contact: it must be seen at 30 frames a second."""

_NEIGHBOUR_SHARES = np.array([0.75, 0.15])
"""How much of the next phone's duration, and of the one after it, a ramp may take."""

_SHORTEST_RAMP_S = 0.055


def contact_window(segments: Segments, times_s: Floats, contacts: dict[str, Contact]) -> Floats:
    """Return how whole the contact is at each time, [T] in [0, 1]."""
    strength = np.zeros(len(times_s))
    for phone, contact in contacts.items():
        for at in np.flatnonzero(segments.phone == INDEX[phone]):
            corners = _corners(segments, int(at), contact)
            low, high = np.searchsorted(times_s, corners[[0, 3]])
            window = ramp_window(times_s[low:high], corners)
            strength[low:high] = np.maximum(strength[low:high], window)
    return strength


def _corners(segments: Segments, at: int, contact: Contact) -> Floats:
    """Return when the approach begins, the contact is whole, is released, and is over."""
    start, end = segments.start_s[at], segments.end_s[at]
    whole = start + contact.begin * (end - start)
    release = max(start + contact.release * (end - start), whole + HOLD_S)
    durations = segments.end_s - segments.start_s
    approach = _ramp_s(durations[:at][::-1], contact.approach_s)
    leave = _ramp_s(durations[at + 1 :], contact.leave_s)
    return np.array([whole - approach, whole, release, release + leave])


def _ramp_s(neighbours_s: Floats, longest_s: float) -> float:
    """Return the duration of a ramp from those of the neighbours that it runs into, [2+]."""
    room = float(np.dot(_NEIGHBOUR_SHARES[: len(neighbours_s)], neighbours_s[:2]))
    return min(max(room, _SHORTEST_RAMP_S), longest_s)


def ramp_window(times_s: Floats, corners: Floats) -> Floats:
    """Return 0 outside the outer corners, 1 between the inner ones, half a cosine in between."""
    ramp = np.interp(times_s, corners, [0.0, 1.0, 1.0, 0.0])
    return 0.5 - 0.5 * np.cos(np.pi * ramp)
