"""Who hears phones in whole recordings: the embedded model's encoder, or a teacher."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_engines.phones.engine import ENCODER_INPUTS, PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP

Floats = NDArray[np.float32]
Recognise = Callable[[Samples], Floats]
"""Maps audio at 16 kHz, [T * 160], to the probability of each class at each token, [T, 40]."""

AGE = 8
"""Tokens of hindsight, 10 ms each, at which the encoder is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Recogniser:
    """Somebody who hears phones."""

    recognise: Recognise
    name: str
    """Another one has another."""


def recogniser(teacher: Path | None) -> Recogniser:
    """Return the teacher that a folder holds, or the embedded model if there is no folder.

    Raises:
        ConfigError: the folder holds no teacher, or its Whisper is not installed.
    """
    if teacher is None:
        return Recogniser(partial(embedded_posteriors, load_embedded()), "embedded")
    # torch is imported for a teacher only.
    from facewire_training.data.teacher.probe import load_teacher
    from facewire_training.data.teacher.whisper import installed_model

    found = load_teacher(teacher, installed_model())
    return Recogniser(found.hear, found.fingerprint)


def embedded_posteriors(engine: PhonesEngine, samples: Samples) -> Floats:
    """Return what the embedded model's encoder hears 80 ms after it was said, [T, 40]."""
    classes, _ = hear(engine, samples, AGE)
    found: Floats = classes[0, AGE:, AGE]
    return found


def hear(engine: PhonesEngine, samples: Samples, silence: int) -> tuple[Floats, Floats]:
    """Let the encoder hear whole audio at once, and so many hops of silence after it.

    Returns:
        What it says of classes, [1, T + silence, 17, 40], and of effort, [1, T + silence, 17].
    """
    hops = len(samples) // HOP
    padded = np.pad(samples[: hops * HOP], (0, silence * HOP))[None].astype(np.float32)
    feeds = dict(zip(ENCODER_INPUTS, (padded, *engine.past), strict=True))
    classes, effort, *_ = engine.encoder.run(feeds)
    return classes, effort
