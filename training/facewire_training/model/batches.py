"""Random crops of the corpora, augmented, with everything the losses need. Seeded by step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from facewire.face.lips import linear_gap
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.augmentation.channel import augment, reverberate
from facewire_training.data.augmentation.levels import (
    FALL_DB,
    RISE_DB,
    follow,
    is_fall,
    unsettled,
    wander,
)
from facewire_training.data.augmentation.voice import change_voice, vibrate
from facewire_training.data.corpora.corpus import SILENCE
from facewire_training.data.shards import UNKNOWN, Shard, load
from facewire_training.data.soft_labels import load_soft, probabilities
from facewire_training.data.splits import check_training
from facewire_training.data.styles import STYLES, decided, style_of
from facewire_training.data.targets import ShardTargets, fits, load_targets, no_targets
from facewire_training.model.encoder import WARPS
from facewire_training.model.frontend import HOP

Floats = NDArray[np.float32]

_AT_REST = 0.01
"""Rules that move no weight further than this mean rest, in every style."""
_MEETING = 0.1
"""Lips whose gap is below this are about to meet."""
_SAME_ROOM = 0.15
"""Share of joined crops of which both parts ring on in one room."""
_FAINT = 0.1
"""How far the rules are to be believed about what a captured speaker decides."""


NO_SPEECH = "nospeech"
"""The corpus of sounds in which nobody speaks."""

SHARES: tuple[tuple[str, float], ...] = (
    ("librispeech", 0.24),
    ("readings", 0.20),
    ("voices", 0.10),
    ("speechocean", 0.09),
    ("flite", 0.10),
    ("espeak", 0.06),
    ("world", 0.05),
    ("song", 0.05),
    ("festival", 0.03),
    ("nospeech", 0.08),
)
"""How often each corpus is drawn: people before synthesisers, and many of them."""

CAPTURE_SHARES: tuple[tuple[str, float], ...] = (("grid", 0.7), ("facegood", 0.3))
"""How often each corpus of captured faces is drawn, among those."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A stretch of a corpus, with T tokens."""

    samples: Floats
    """[T * 160]."""
    labels: NDArray[np.uint8]
    """[T], 255 where nobody knows the phone."""
    effort: Floats
    """[T]."""
    curves: Floats
    """[T, 52]."""
    trust: Floats
    """[T, 52], how far the curves are to be believed, 0 to 1."""
    contact: Floats
    """[T], 1 where the lips must meet whatever the style says."""
    style: Floats
    """[2], as `styles` says."""
    soft: NDArray[np.uint8]
    """[T, 40], what a teacher heard, as `soft_labels` keeps it; all 0 where none was asked."""


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """What a batch is made of."""

    batch: int = 64
    """Crops in a batch."""
    hops: int = 320
    """Length of a crop in hops of 10 ms."""
    slowest: float = 0.88
    fastest: float = 1.16
    """Speed, and with it pitch and vocal tract, are changed by a factor in this range."""
    higher: float = 0.15
    """Share of crops whose pitch and formants are raised together, up to those of children."""
    highest: float = 1.55
    """By what factor at most."""
    sung: float = 0.04
    """Share of crops that are drawn out, with vibrato, as if they were sung."""
    plain: float = 0.15
    """Share of crops that get no noise, room or codec."""
    after_others: float = 0.3
    """Share of crops that begin with another sound, most often a louder one."""
    wandering: float = 0.2
    """Share of the other crops whose level changes on the way."""
    own_tract: float = 0.4
    """Share of crops whose vocal tract keeps its length."""
    gain_db: tuple[float, float] = (-30.0, 6.0)
    """Range of the level, against the recording's own."""
    in_style: float = 0.5
    """Share of the crops animated by rules that are to be shown in somebody's style."""
    shares: tuple[tuple[str, float], ...] = SHARES
    """How often each corpus is drawn; those that were not prepared are left out."""


class Batches(Dataset[dict[str, torch.Tensor]]):
    """Batch `n` is always the same for the same seed, so a run can be resumed anywhere."""

    def __init__(
        self, folder: Path, config: BatchConfig, seed: int, steps: int, faces: bool = True
    ) -> None:
        self.config = config
        self.seed = seed
        self.steps = steps
        shards = [shard for shard in load(folder) if shard.corpus in dict(config.shares)]
        for shard in shards:
            check_training(shard)
        self.shards: Sequence[tuple[Shard, ShardTargets]] = [
            (shard, load_targets(folder, shard))
            if faces or fits(folder, shard)
            else (shard, no_targets(shard))
            for shard in shards
        ]
        self.soft = {shard.corpus: load_soft(folder, shard) for shard in shards}
        shares = np.array([dict(config.shares)[shard.corpus] for shard in shards])
        self.shares = shares / shares.sum()

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        """Return samples `[B, T * 160]`, labels and effort `[B, T]`, curves `[B, T, 52]` with what
        of them is known, and the warp of each crop `[B]`.
        """
        rng = np.random.default_rng((self.seed, step))
        said = [self._crop(rng) for _ in range(self.config.batch)]
        voices, sounds = [crop.samples for crop in said], self._sounds(rng)
        plain = rng.random(len(said)) < self.config.plain
        heard = [
            crop if keep else replace(crop, samples=augment(crop.samples, rng, voices, sounds))
            for crop, keep in zip(said, plain, strict=True)
        ]
        crops = [self._at_levels(crop, heard, sounds, rng) for crop in heard]
        gains = 10 ** (rng.uniform(*self.config.gain_db, len(crops)) / 20)
        loud = np.stack([crop.samples for crop in crops]) * gains[:, None]
        own = rng.random(len(crops)) < self.config.own_tract
        warp = np.where(own, 0, rng.integers(0, len(WARPS), len(crops)))
        batch = {
            "samples": torch.from_numpy(np.clip(loud, -1, 1).astype(np.float32)),
            "labels": torch.from_numpy(np.stack([c.labels for c in crops]).astype(np.int64)),
            "effort": torch.from_numpy(np.stack([c.effort for c in crops])),
            "curves": torch.from_numpy(np.stack([c.curves for c in crops])),
            "trust": torch.from_numpy(np.stack([c.trust for c in crops])),
            "contact": torch.from_numpy(np.stack([c.contact for c in crops])),
            "style": torch.from_numpy(np.stack([c.style for c in crops])),
            "warp": torch.from_numpy(warp),
        }
        if any(rows is not None for rows in self.soft.values()):
            heard_by_teacher = np.stack([crop.soft for crop in crops])
            batch["soft"] = torch.from_numpy(probabilities(heard_by_teacher))
        return batch

    def _sounds(self, rng: np.random.Generator) -> list[Floats]:
        """Return a few stretches in which nobody speaks, if there are any to draw from."""
        hops = self.config.hops
        return [
            shard.samples[start * HOP : (start + hops) * HOP].astype(np.float32) / 32768.0
            for shard, _ in self.shards
            if shard.corpus == NO_SPEECH
            for start in rng.integers(0, max(len(shard.labels) - hops, 1), 6)
        ]

    def _at_levels(
        self, crop: Crop, others: Sequence[Crop], sounds: Sequence[Floats], rng: np.random.Generator
    ) -> Crop:
        """Let another voice or sound come before a crop, or let its level change on the way."""
        if rng.random() < self.config.after_others:
            sound = sounds[int(rng.integers(len(sounds)))] if sounds else None
            if sound is None or rng.random() < 0.7:
                before = others[int(rng.integers(len(others)))]
            else:
                before = silent(sound, crop)
            at = int(rng.uniform(0.15, 0.6) * self.config.hops)
            return joined(before, crop, at, float(rng.uniform(-RISE_DB, FALL_DB)), rng)
        if rng.random() < self.config.wandering:
            levels = wander(len(crop.samples), rng)
            moved = crop.samples * 10 ** (levels.gain_db / 20)
            return doubtful(replace(crop, samples=moved.astype(np.float32)), levels.falls)
        return crop

    def _crop(self, rng: np.random.Generator) -> Crop:
        """Cut a random stretch out of a random corpus, in a random voice."""
        hops = self.config.hops
        shard, targets = self.shards[rng.choice(len(self.shards), p=self.shares)]
        factor, tempo, sings = self._voice(rng)
        need = int(np.ceil(hops * tempo)) + 4
        start = int(rng.integers(0, len(shard.labels) - need))
        samples = shard.samples[start * HOP : (start + need) * HOP].astype(np.float32) / 32768.0
        samples, moved = change_voice(samples, need, factor, tempo)
        if sings:
            samples = vibrate(samples, rng)
        places = start + moved[:hops]
        curves = targets.curves[places].astype(np.float32)
        known = np.asarray(targets.known[places])
        style, trust, contact = self._styled(shard.corpus, curves, known, rng)
        return Crop(
            samples=samples[: hops * HOP],
            labels=np.asarray(shard.labels[places]),
            effort=targets.effort[places].astype(np.float32),
            curves=curves,
            trust=trust,
            contact=contact,
            style=style,
            soft=self._taught(shard, places),
        )

    def _taught(self, shard: Shard, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return what a teacher heard in some tokens, `[T, 40]`, or zeros."""
        rows = self.soft[shard.corpus]
        if rows is None:
            return np.zeros((len(places), len(PHONES)), np.uint8)
        return np.asarray(rows[places])

    def _voice(self, rng: np.random.Generator) -> tuple[float, float, bool]:
        """Return by how much a crop is higher, by how much faster, and whether it is sung."""
        config, kind = self.config, rng.random()
        if kind < config.higher:
            return rng.uniform(1.1, config.highest), rng.uniform(config.slowest, 1.1), False
        if kind < config.higher + config.sung:
            return rng.uniform(0.95, 1.3), rng.uniform(0.3, 0.6), True
        speed = rng.uniform(config.slowest, config.fastest) if rng.random() < 0.6 else 1.0
        return speed, speed, False

    def _styled(
        self, corpus: str, curves: Floats, known: NDArray[np.bool_], rng: np.random.Generator
    ) -> tuple[Floats, Floats, Floats]:
        """Return the style of a crop, how far its curves are then true, and where lips must meet.

        Of speech whose face was not captured, rules say how a style treats what was never seen of
        it: rest, contacts, tongue and brows, and, faintly, all else.
        """
        free = np.zeros(len(curves), np.float32)
        if corpus in STYLES or rng.random() >= self.config.in_style:
            return style_of(corpus), known.astype(np.float32), free
        style = style_of(STYLES[int(rng.integers(len(STYLES)))])
        resting = curves.max(axis=1, keepdims=True) < _AT_REST
        faint = np.where(decided(style), _FAINT, 1.0)
        met = np.clip(1 - (curves @ linear_gap()) / _MEETING, 0.0, 1.0)
        spoken = np.where(resting[:, 0], 0.0, met)
        return style, np.where(resting, 1.0, faint).astype(np.float32), spoken.astype(np.float32)


def silent(sound: Floats, like: Crop) -> Crop:
    """Return a sound in which nobody speaks as a crop, of the length and style of another."""
    hops = len(like.labels)
    return Crop(
        samples=sound,
        labels=np.full(hops, SILENCE, np.uint8),
        effort=np.full(hops, -1, np.float32),
        curves=np.zeros_like(like.curves),
        trust=np.ones_like(like.trust),
        contact=np.zeros(hops, np.float32),
        style=like.style,
        soft=np.zeros_like(like.soft),
    )


def joined(before: Crop, crop: Crop, at: int, fall_db: float, rng: np.random.Generator) -> Crop:
    """Return what is heard before up to a hop, and a crop from there on, so far below it.

    What was before keeps its phones; its face counts only if it is of the same style.
    """
    samples = follow(before.samples, crop.samples, at * HOP, fall_db)
    if rng.random() < _SAME_ROOM:
        samples = np.clip(reverberate(samples, rng), -1, 1)
    alike = np.array_equal(before.style, crop.style)
    parts = {
        name: np.concatenate((getattr(before, name)[:at], getattr(crop, name)[at:]))
        for name in ("labels", "effort", "curves", "trust", "contact", "soft")
    }
    if not alike:
        parts["trust"][:at] = parts["contact"][:at] = 0.0
    both = replace(crop, samples=samples, **parts)
    return doubtful(both, (at * HOP,)) if is_fall(fall_db) else both


def doubtful(crop: Crop, falls: tuple[int, ...]) -> Crop:
    """Return a crop of which nothing is known just after its level has fallen."""
    lost = unsettled(falls, len(crop.labels))
    return replace(
        crop,
        labels=np.where(lost, UNKNOWN, crop.labels).astype(np.uint8),
        trust=np.where(lost[:, None], 0, crop.trust).astype(np.float32),
        contact=np.where(lost, 0, crop.contact).astype(np.float32),
        soft=np.where(lost[:, None], 0, crop.soft).astype(np.uint8),
    )
