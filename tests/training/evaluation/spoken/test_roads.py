"""Roads to the face of a voice: the same sentence by phones, by latents, and by its sound."""

import os
from argparse import ArgumentTypeError
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.latents.decoder import load_latent_decoder
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.voices.hibari.package import load_hibari
from facewire_engines.voices.hibari.voice import HibariVoice
from facewire_training.data.corpora.corpus import TOKEN_SIZE
from facewire_training.evaluation.performers import oracle
from facewire_training.evaluation.spoken.roads import (
    RATE,
    Said,
    from_latents,
    from_phones,
    gap_correlation,
    named_folder,
    score,
    speak,
)

TEXT = "Bob bought my puppy a map. Pam put plum jam by my bed."


@pytest.fixture(scope="module")
def engine() -> PhonesEngine:
    return load_embedded()


@pytest.fixture(scope="module")
def said(engine: PhonesEngine) -> Said:
    try:
        hibari = load_hibari("")
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))
    decoder = load_latent_decoder(engine.token_decoder())
    return speak(TEXT, HibariVoice(hibari, decoder=decoder))


def test_every_road_has_a_face_for_the_same_time(said: Said, engine: PhonesEngine) -> None:
    decoder = load_latent_decoder(engine.token_decoder())
    assert len(said.latents) * TOKEN_SIZE * 5 == len(said.utterance.samples) * 4
    takes = [from_phones(said, engine), from_latents(said, decoder), oracle(said.utterance, RATE)]
    assert len({len(take) for take in takes}) == 1
    starts = [phone.start_s for phone in said.utterance.phones]
    assert starts == sorted(starts)
    assert starts[-1] < said.utterance.duration_s


def test_lips_are_closest_to_the_oracle_by_phones_then_by_latents(
    said: Said, engine: PhonesEngine
) -> None:
    decoder = load_latent_decoder(engine.token_decoder())
    truth = [oracle(said.utterance, RATE)]
    phones = score([said], lambda one: from_phones(one, engine), truth)
    latents = score([said], lambda one: from_latents(one, decoder), truth)
    mixed = Said(said.latents[::-1].copy(), said.utterance)
    backwards = score([mixed], lambda one: from_latents(one, decoder), truth)
    assert phones.closed == latents.closed == 1
    assert phones.gap_r > 0.95
    assert latents.gap_r > 0.9
    assert backwards.gap_r < 0.6
    assert backwards.closed < 1
    assert np.isclose(gap_correlation(truth, truth), 1.0)


def test_a_model_has_a_name_and_a_folder() -> None:
    assert named_folder("one=runs/a=b") == ("one", Path("runs/a=b"))
    for wrong in ("one", "=a", "one="):
        with pytest.raises(ArgumentTypeError, match="is not NAME=FOLDER"):
            named_folder(wrong)
