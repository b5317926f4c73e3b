"""Blinks, brows and all that moves beside the mouth, of faces as they are shown."""

import math
from collections.abc import Sequence

from facewire_training.data.adapters.clip import Clip
from facewire_training.evaluation.metrics.errors.weight_error import face_dynamics_deviation
from facewire_training.evaluation.metrics.motion.whole_face import (
    blink_rate,
    brow_pitch_correlation,
    moving_shares,
    still_shapes,
)
from facewire_training.evaluation.quality.scores import Details, Values
from facewire_training.evaluation.quality.whole_face.pitch import knows_pitch, pitch_of
from facewire_training.take import Take


def whole_face_scores(
    takes: Sequence[Take], clips: Sequence[Clip], references: Sequence[Take] | None
) -> tuple[Values, Details]:
    """Return the figures of faces as they are shown, and which shapes move, and how often."""
    shares, still = moving_shares(takes), still_shapes(takes)
    values = {"blinks": blink_rate(takes), "shapes_moving": float(len(shares) - len(still))}
    if knows_pitch():
        pitches = [pitch_of(clip.utterance.samples) for clip in clips]
        values["brow_pitch_r"] = brow_pitch_correlation(takes, pitches)
    if references is not None:
        values["fdd"] = face_dynamics_deviation(takes, references)
    never = {name: shares[name] for name in still}
    details = {"share of frames in which a shape moves": shares, "never moves": never}
    known = {key: value for key, value in values.items() if not math.isnan(value)}
    return known, {name: found for name, found in details.items() if found}
