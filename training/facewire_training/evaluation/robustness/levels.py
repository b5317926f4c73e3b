"""Levels that change: a speaker who drops his voice, and speech after something louder."""

from dataclasses import dataclass, replace

import numpy as np

from facewire.frames import Samples
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, Utterance
from facewire_training.evaluation.robustness.channels import music_of
from facewire_training.phones import PhoneInterval

USUAL_DBFS = -20.0
"""Active level of speech before it drops, and of what is louder."""
QUIET_DBFS = -33.0
"""Active level of speech after something louder."""
BEFORE_S = 6.0
"""How much is said, at most, before a voice drops."""
LOUDER_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class LevelChange:
    """The same speech, after a change of level and without it."""

    changed: Utterance
    usual: Utterance
    """As long, with the same phones at the same times."""
    moment_s: float
    """When the first sound at the new level begins."""


def drop(first: Utterance, second: Utterance, by_db: float) -> LevelChange:
    """Let one speaker say two things, the second of them `by_db` more quietly.

    Args:
        first: what is said before; its last `BEFORE_S` are taken.
        second: what is said after, by the same speaker.
        by_db: how far the voice drops.
    """
    kept = min(round(BEFORE_S * SAMPLE_RATE), len(first.samples))
    before, after = first.samples[len(first.samples) - kept :], second.samples
    usual = at_level(before, USUAL_DBFS), at_level(after, USUAL_DBFS)
    lowered = usual[0], usual[1] * np.float32(10 ** (-by_db / 20))
    return _joined(second, usual, lowered)


def after_talker(second: Utterance, talker: Utterance) -> LevelChange:
    """Let another person talk for 3 s, at -20 dBFS, before quiet speech."""
    count = round(LOUDER_S * SAMPLE_RATE)
    start = round(_first_sound_s(talker) * SAMPLE_RATE)
    loud = at_level(np.resize(talker.samples[start:], count), USUAL_DBFS)
    return _after(second, loud)


def after_music(second: Utterance, seed: int) -> LevelChange:
    """Let music play for 3 s, at -20 dBFS, before quiet speech."""
    count = round(LOUDER_S * SAMPLE_RATE)
    music = music_of(count, seed) * np.float32(10 ** (USUAL_DBFS / 20))
    return _after(second, np.clip(music, -1, 1).astype(np.float32))


def at_level(samples: Samples, dbfs: float) -> Samples:
    """Return samples whose active part has a level, cut at full scale."""
    level = active_level(samples)
    gain = 10 ** (dbfs / 20) / level if level > 0 else 1.0
    return np.asarray(np.clip(samples * gain, -1, 1), np.float32)


def _after(second: Utterance, loud: Samples) -> LevelChange:
    quiet = at_level(second.samples, QUIET_DBFS)
    return _joined(second, (np.zeros_like(loud), quiet), (loud, quiet))


def _joined(
    second: Utterance, usual: tuple[Samples, Samples], changed: tuple[Samples, Samples]
) -> LevelChange:
    """Put two parts one after the other; only what is said in the second has phones."""
    offset_s = len(usual[0]) / SAMPLE_RATE
    phones = (
        PhoneInterval(0.0, offset_s, SILENCE),
        *(
            PhoneInterval(p.start_s + offset_s, p.end_s + offset_s, p.phone_index)
            for p in second.phones
        ),
    )
    made = [
        replace(second, samples=np.concatenate(parts), phones=phones) for parts in (changed, usual)
    ]
    return LevelChange(made[0], made[1], offset_s + _first_sound_s(second))


def _first_sound_s(utterance: Utterance) -> float:
    sounds = (phone.start_s for phone in utterance.phones if phone.label != "sil")
    return next(sounds, 0.0)
