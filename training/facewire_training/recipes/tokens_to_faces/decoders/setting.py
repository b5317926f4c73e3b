"""What a decoder is made for: whose rows, at which frame rate, in windows of which length."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import torch
from torch import Tensor

from facewire import arkit
from facewire_training.recipes.tokens_to_faces.decoders.decoder import Speech
from facewire_training.speech_encoders.encoder import Representation


@dataclass(frozen=True, slots=True)
class Setting:
    """Fixed when a training begins, and kept with its checkpoint."""

    representation: Representation
    frame_rate: Fraction = Fraction(30)
    seconds: int = 10
    """The longest window that is learned from: what comes later has positions never seen."""

    def frames_of(self, rows: Tensor) -> Tensor:
        """Return how many frames so many rows have, at least one: the whole periods in them.

        Of CosyVoice's ids at 30 frames a second that is floor(1.2 times the ids), as in the paper.
        """
        rate = self.frame_rate / self.representation.rate
        found = torch.div(rows * rate.numerator, rate.denominator, rounding_mode="floor")
        return found.clamp(min=1)


def in_windows(
    faces: Callable[[Speech, int], Tensor], speech: Speech, frames: int, setting: Setting
) -> Tensor:
    """Decode utterances of any length in the fewest windows of about equal whole seconds.

    Who else is in the batch changes nothing.

    Args:
        faces: decodes windows `[W, N, ...]` to so many frames each, `[W, F, 52]`.
        speech: of B utterances.
        frames: wanted of each.
        setting: says how long a window may be.

    Returns:
        `[B, frames, 52]`.
    """
    rate, frame_rate = setting.representation.rate, setting.frame_rate
    windows: list[tuple[int, slice, slice]] = []
    for place, rows in enumerate(speech.lengths.tolist()):
        seconds = max(Fraction(rows) / rate, Fraction(1, 1000))
        count = ceil(seconds / setting.seconds)
        length = ceil(seconds / count)
        row_cuts = [min(round(k * length * rate), rows) for k in range(count)] + [rows]
        cuts = [min(ceil(k * length * frame_rate), frames) for k in range(count)] + [frames]
        spans = zip(pairwise(row_cuts), pairwise(cuts), strict=True)
        windows += [(place, slice(*a), slice(*b)) for a, b in spans]
    lengths = torch.tensor([max(span.stop - span.start, 1) for _, span, _ in windows])
    longest = max(span.stop - span.start for _, _, span in windows)
    rows = speech.rows.new_zeros((len(windows), int(lengths.max()), speech.rows.shape[2]))
    for window, (place, span, _) in enumerate(windows):
        rows[window, : span.stop - span.start] = speech.rows[place, span]
    told = faces(Speech(rows, lengths.to(speech.lengths.device)), longest)
    whole = told.new_zeros((len(speech.rows), frames, arkit.COUNT))
    for window, (place, _, span) in enumerate(windows):
        whole[place, span] = told[window, : span.stop - span.start]
    return whole


def within(lengths: Tensor, count: int) -> Tensor:
    """Return bool `[B, count]`, which places lie before the end of each."""
    return torch.arange(count, device=lengths.device) < lengths[:, None]


def to_frames(rows: Tensor, row_counts: Tensor, frame_counts: Tensor, frames: int) -> Tensor:
    """Interpolate `[B, N, D]` linearly to `[B, frames, D]`: first on first, last on last.

    Each utterance by its own lengths `[B]`; past its last frame stands its last row.
    """
    at = torch.arange(frames, device=rows.device, dtype=torch.float64)
    ratio = (row_counts - 1).clamp(min=0) / (frame_counts - 1).clamp(min=1).to(torch.float64)
    places = torch.minimum(at * ratio[:, None], (row_counts - 1).clamp(min=0)[:, None])
    low = places.long()
    high = torch.minimum(low + 1, (row_counts - 1).clamp(min=0)[:, None])
    share = (places - low).to(rows.dtype)[..., None]
    every = torch.arange(len(rows), device=rows.device)[:, None]
    return rows[every, low] * (1 - share) + rows[every, high] * share
