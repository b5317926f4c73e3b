from pathlib import Path

import numpy as np
import pytest
import torch

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.recipes.perception.reader import (
    FILE,
    LipReader,
    ReaderConfig,
    load_reader,
    prepare,
    save_reader,
)
from facewire_training.recipes.perception.renderer import LOOK
from facewire_training.recipes.perception.seen_speech import UNTOLD, Seen
from facewire_training.recipes.perception.train_reader import (
    ReadingConfig,
    recognition,
    some_looks,
    train_reader,
)
from facewire_training.recipes.tokens_to_faces.probes.visemes import VISEMES

SMALL = ReaderConfig(channels=(4, 8), width=16, layers=2)
LABELS = list(VISEMES)


def spoken(clips: int, seed: int) -> list[Seen]:
    """Return clips of shut, open and rounded mouths, each held for a fifth of a second."""
    rng = np.random.default_rng(seed)
    poses = {"PP": {"jawOpen": 0.05}, "aa": {"jawOpen": 0.45}, "U": {"mouthPucker": 0.8}}
    found = []
    for _ in range(clips):
        said = rng.choice(list(poses), 12)
        faces = np.zeros((len(said) * 5, arkit.COUNT), np.float32)
        for place, name in enumerate(said):
            for shape, weight in poses[name].items():
                faces[place * 5 : place * 5 + 5, arkit.INDEX[shape]] = weight
        found.append(Seen(faces, np.repeat([LABELS.index(name) for name in said], 5)))
    return found


def test_pictures_are_prepared_as_lip_readers_want_them() -> None:
    picture = torch.full((1, 96, 96), 0.421)
    picture[0, 4, 4] = 1.0
    ready = prepare(picture)
    assert ready.shape == (1, 88, 88)
    assert float(ready[0, 0, 0]) == pytest.approx((1 - 0.421) / 0.165)
    assert float(ready[0, 1:].abs().max()) == pytest.approx(0.0)


@pytest.mark.parametrize("memory", ["convolutions", "gru"])
@pytest.mark.parametrize("front", ["pictures", "weights"])
def test_a_reader_says_something_of_every_frame(front: str, memory: str) -> None:
    reader = LipReader(ReaderConfig(front, memory, (4, 8), width=16, layers=2))
    faces = torch.rand(2, 7, arkit.COUNT)
    assert reader(faces).shape == (2, 7, len(VISEMES))
    assert reader.features(faces).shape == (2, 7, 16)


def test_a_reader_of_weights_does_not_see_the_eyes() -> None:
    reader = LipReader(ReaderConfig("weights", width=16))
    faces = torch.rand(1, 5, arkit.COUNT, requires_grad=True)
    reader(faces).square().sum().backward()
    assert faces.grad is not None
    used = faces.grad.abs().sum((0, 1)) > 0
    assert not used[arkit.INDEX["eyeBlinkLeft"]]
    assert used[arkit.INDEX["tongueOut"]]


@pytest.mark.parametrize("front", ["pictures", "weights"])
def test_a_reader_learns_to_tell_mouths_apart(front: str) -> None:
    torch.manual_seed(0)
    reader = LipReader(ReaderConfig(front, channels=(4, 8), width=16, layers=2))
    before = recognition(reader, spoken(4, seed=1))
    config = ReadingConfig(steps=30, rate=1e-2, crops=4, frames=20)
    train_reader(reader, spoken(6, seed=0), spoken(6, seed=2), config)
    after = recognition(reader, spoken(4, seed=1))
    assert after["recognised"] > max(0.7, before["recognised"] + 0.2)


def test_recognition_counts_what_is_told_alone() -> None:
    torch.manual_seed(0)
    reader = LipReader(ReaderConfig("weights", width=16))
    faces = np.zeros((10, arkit.COUNT), np.float32)
    read = reader(torch.from_numpy(faces)[None])[0].argmax(-1).numpy()
    half = read.copy()
    half[5:] = (half[5:] + 1) % len(VISEMES)
    half[:2] = UNTOLD
    found = recognition(reader, [Seen(faces, half.astype(np.int64))])
    assert found["recognised"] == pytest.approx(3 / 8)


def test_looks_differ_and_stay_within_grey() -> None:
    looks = some_looks(200, np.random.default_rng(0))
    assert looks.shape == (200, len(LOOK))
    assert looks[:, :5].min() >= 0
    assert looks[:, :5].max() <= 1
    assert (looks.std(0) > 0).all()


def test_a_saved_reader_reads_the_same_and_is_frozen(tmp_path: Path) -> None:
    reader = LipReader(SMALL).eval()
    save_reader(reader, tmp_path / FILE)
    again = load_reader(tmp_path / FILE)
    faces = torch.rand(1, 6, arkit.COUNT)
    assert torch.equal(again(faces), reader(faces))
    assert not any(weight.requires_grad for weight in again.parameters())


def test_what_is_no_reader_is_refused(tmp_path: Path) -> None:
    torch.save({"something": 1}, tmp_path / FILE)
    with pytest.raises(ConfigError, match="no lip reader; train one"):
        load_reader(tmp_path / FILE)
    with pytest.raises(ConfigError, match="no reader of 'sound'"):
        LipReader(ReaderConfig("sound"))
