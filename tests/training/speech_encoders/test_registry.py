"""Encoders are opened from what `facewire models pull` got or registered, or from what is named."""

from pathlib import Path

import pytest
import torch

from facewire.errors import EngineError
from facewire_engines.store.published import find_model
from facewire_engines.store.record import default_store
from facewire_engines.store.registering import register
from facewire_training.speech_encoders.networks.hubert_checkpoints import random_hubert
from facewire_training.speech_encoders.registry import open_encoder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_weights_that_were_registered_are_found_by_themselves(tmp_path: Path) -> None:
    model = random_hubert("tiny")
    model.config.save_pretrained(tmp_path / "mine")
    torch.save(model.state_dict(), tmp_path / "mine" / "pytorch_model.bin")
    register(find_model("hubert"), tmp_path / "mine", default_store(), lambda *_: None)
    assert open_encoder("hubert").representation.width == 32
    assert open_encoder("hubert", tmp_path / "mine").representation.name == "hubert"


@pytest.mark.parametrize("name", ["hubert", "speechtokenizer", "wavtokenizer", "cosyvoice2"])
def test_weights_that_nobody_pulled_are_one_sentence(name: str) -> None:
    for encoder in (name, *([] if name == "hubert" else [f"{name}-features"])):
        with pytest.raises(EngineError, match=f"is missing; .* facewire models pull {name}$"):
            open_encoder(encoder)
