"""Styles: what they decide, and what the rules keep saying in each of them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.corpora.corpus import SILENCE, Utterance
from facewire_training.data.shards import load, write
from facewire_training.data.styles import DECIDES, STYLES, decided, parse_styles, style_of
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.model.batches import BatchConfig, Batches
from facewire_training.phones import PhoneInterval


def test_a_style_is_named_with_its_share() -> None:
    assert not parse_styles([]).any()
    shares = parse_styles(["facegood=0.25", "grid=1", "grid:width=0.5"])
    jaw, pucker = arkit.INDEX["jawOpen"], arkit.INDEX["mouthPucker"]
    assert shares[:, jaw].tolist() == [1.0, 0.25]
    assert shares[:, pucker].tolist() == [0.5, 0.25]
    with pytest.raises(ConfigError, match="no group of shapes 'jaw'; there are width"):
        parse_styles(["grid:jaw=1"])
    with pytest.raises(ConfigError, match="no style 'gird'; there are grid, facegood"):
        parse_styles(["gird=1"])
    for share in ("nan", "9", "-1", ""):
        with pytest.raises(ConfigError, match="give a number from 0 to 1"):
            parse_styles([f"grid={share}"])


def test_a_style_decides_what_was_seen_of_its_speaker() -> None:
    assert not decided(style_of("librispeech")).any()
    for name in STYLES:
        shapes = decided(style_of(name))
        assert {arkit.NAMES[i] for i in np.flatnonzero(shapes)} == set(DECIDES[name])
        assert not shapes[arkit.INDEX["browInnerUp"]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds again and again: silence, "aa", "m", "aa", silence."""
    folder = tmp_path_factory.mktemp("corpus")
    labels = ((0.0, 0.8, "sil"), (0.8, 1.1, "aa"), (1.1, 1.2, "m"), (1.2, 1.5, "aa"))
    phones = tuple(PhoneInterval(a, b, _class(name)) for a, b, name in labels)
    rng = np.random.default_rng(0)
    spoken = [
        Utterance(f"u{i}", rng.normal(0, 0.05, 32_000).astype(np.float32), phones, "s", "flite")
        for i in range(8)
    ]
    write(folder / "flite", spoken, {"seed": 0})
    (shard,) = load(folder)
    save_targets(folder, shard, make_targets(shard))
    return folder


def test_rules_say_rest_and_contact_in_every_style(corpus: Path) -> None:
    config = BatchConfig(
        batch=12, hops=240, in_style=1.0, slowest=1.0, fastest=1.0, after_others=0, wandering=0
    )
    batch = Batches(corpus, config, seed=1, steps=1)[0]
    jaw, brow = arkit.INDEX["jawOpen"], arkit.INDEX["browInnerUp"]
    labels = batch["labels"].numpy()
    trust, contact = batch["trust"].numpy(), batch["contact"].numpy()
    assert set(batch["style"].sum(dim=1).tolist()) == {1.0}
    assert contact[labels == _class("m")].max() > 0.9
    assert contact[batch["curves"].numpy().max(axis=2) < 0.01].max() == 0
    assert (trust[..., brow] == 1).all()
    assert (trust[..., jaw][labels == _class("aa")] < 0.2).mean() > 0.9
    still = batch["curves"].numpy().max(axis=2) < 0.01
    assert still.any()
    assert (trust[still] == 1).all()


def test_plain_crops_are_all_the_rules_say(corpus: Path) -> None:
    config = BatchConfig(batch=6, hops=240, in_style=0.0, after_others=0, wandering=0)
    batch = Batches(corpus, config, seed=1, steps=1)[0]
    assert batch["style"].abs().max() == 0
    assert batch["contact"].abs().max() == 0
    assert batch["trust"].min() == 1


def _class(name: str) -> int:
    from facewire_engines.phones.phone_set import INDEX

    return SILENCE if name == "sil" else INDEX[name]
