"""Phones from a classical recogniser, then our procedural animation: what rules alone can do.

CMU PocketSphinx (BSD) decodes phones with its own US English models while the speech comes in; a
frame is animated from the phones that are known at its time. It may wait for a better guess.

Where the true phones were aligned by PocketSphinx too, with the same models, it is flattered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from facewire import arkit
from facewire.frames import StreamSpec, Weights
from facewire_engines.phones.phone_set import phone_index
from facewire_training.animation.procedural import animate
from facewire_training.data.corpora.corpus import SAMPLE_RATE, SILENCE, Utterance
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

BLOCK = 320
"""Samples that are decoded at once: 20 ms."""

_STEPS_A_SECOND = 100
_REMEMBERED = 8
"""Phones before a frame that still may shape it."""
_HELD_S = 0.5
"""How far the last known phone is taken to go on: beyond all that can be seen of its end."""


@dataclass(frozen=True)
class Allphone:
    """Phones with a bigram over phones; no words are known to it."""

    wait_ms: float = 0.0
    """How long after a frame's time its phones are asked for."""

    @property
    def name(self) -> str:
        """What the row is called."""
        return f"pocketsphinx {self.wait_ms:g} ms"

    def missing(self) -> str | None:
        """Return in one sentence what has to be installed first, if anything."""
        if find_spec("pocketsphinx") is None:
            return f"{self.name} is left out: pip install pocketsphinx"
        return None

    @cached_property
    def _decoder(self) -> tuple[Any, str]:
        """Return the decoder, and the mean cepstrum that it starts with."""
        pocketsphinx = import_module("pocketsphinx")
        models = Path(pocketsphinx.get_model_path())
        phones = next(models.rglob("en-us-phone.lm.bin"))
        # The beams that PocketSphinx's documentation gives for phone decoding.
        decoder = pocketsphinx.Decoder(
            lm=None, allphone=str(phones), lw=2.0, beam=1e-20, pbeam=1e-20, loglevel="FATAL"
        )
        return decoder, decoder.get_cmn(False)

    def __call__(self, utterance: Utterance, frame_rate: Fraction) -> Take:
        """Decode block by block; a frame sees the blocks that have ended `wait_ms` after it."""
        spec = StreamSpec(SAMPLE_RATE, frame_rate)
        weights: Weights = np.zeros((spec.frame_count(len(utterance.samples)), arkit.COUNT), "f4")
        wait = round(self.wait_ms * SAMPLE_RATE / 1000)
        frame = 0
        known: tuple[PhoneInterval, ...] = ()
        for heard, phones in self._decoded(utterance):
            while frame < len(weights) and spec.timestamp(frame) + wait < heard:
                weights[frame] = _face(known, spec.timestamp(frame) / SAMPLE_RATE)
                frame += 1
            known = phones
        for rest in range(frame, len(weights)):
            weights[rest] = _face(known, spec.timestamp(rest) / SAMPLE_RATE)
        return Take(weights, frame_rate, tuple(utterance.phones))

    def _decoded(self, utterance: Utterance) -> Iterator[tuple[int, tuple[PhoneInterval, ...]]]:
        """Yield after each block how many samples were heard, and the last phones by then."""
        samples = np.round(np.clip(utterance.samples, -1, 1) * 32767).astype(np.int16)
        decoder, mean = self._decoder
        # What was heard before must not matter.
        decoder.set_cmn(mean)
        decoder.start_utt()
        for start in range(0, len(samples) - BLOCK + 1, BLOCK):
            decoder.process_raw(samples[start : start + BLOCK].tobytes())
            yield start + BLOCK, _phones(decoder.seg() or ())
        decoder.end_utt()


def _phones(segments: Any) -> tuple[PhoneInterval, ...]:
    """Return the last segments of a hypothesis as phones; noises are silence."""
    last = list(segments)[-_REMEMBERED:]
    return tuple(
        PhoneInterval(
            segment.start_frame / _STEPS_A_SECOND,
            (segment.end_frame + 1) / _STEPS_A_SECOND,
            SILENCE if segment.word.startswith("+") else phone_index(segment.word),
        )
        for segment in last
    )


def _face(known: tuple[PhoneInterval, ...], now_s: float) -> Weights:
    """Return the face [52] at a moment; the last phone is taken to last."""
    if not known:
        return np.zeros(arkit.COUNT, np.float32)
    *before, last = known
    held = PhoneInterval(last.start_s, max(last.end_s, now_s) + _HELD_S, last.phone_index)
    # A later guess may begin after this frame: what was before it counts then.
    return np.asarray(animate([*before, held], np.array([now_s]))[0])
