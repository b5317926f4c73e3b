"""What goes on from one step to the next: memory, the running mean, and what is written down."""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_training.model.batches import BatchConfig
from facewire_training.model.checkpoint import Training, begin, learned, width_of
from facewire_training.model.decoder import DecoderConfig
from facewire_training.model.encoder import EncoderConfig
from facewire_training.model.networks import PARTS, TrainConfig


def small(carried: float = 0.6, average: float = 0.9, begin_with: str = "") -> TrainConfig:
    return TrainConfig(
        encoder=EncoderConfig(bands=8, channels=8, kernel=3, width=8, layers=2),
        decoder=DecoderConfig(embedding=8, width=8, layers=1),
        batches=BatchConfig(batch=400, hops=90),
        carried=carried,
        average=average,
        begin_with=begin_with,
    )


def test_crops_begin_with_the_memory_of_others_or_with_none(tmp_path: Path) -> None:
    training = begin(small(), tmp_path)
    training.hidden = torch.arange(1.0, 401)[None, :, None].expand(2, 400, 8)
    carried = training.carried(torch.Generator().manual_seed(0))
    assert carried.shape == (2, 400, 8)
    owners = carried[0, :, 0]
    kept = owners > 0
    assert 0.5 < kept.float().mean() < 0.7
    assert torch.equal(carried[1, :, 7], owners)
    assert len(set(owners[kept].tolist())) == int(kept.sum())
    assert (owners[kept] == torch.arange(1.0, 401)[kept]).float().mean() < 0.1
    again = training.carried(torch.Generator().manual_seed(0))
    assert torch.equal(again, carried)


def test_the_first_batch_begins_in_silence(tmp_path: Path) -> None:
    assert not begin(small(), tmp_path).carried(torch.Generator().manual_seed(0)).any()


def moved(training: Training, by: float) -> None:
    with torch.no_grad():
        for weight in training.model.parameters():
            weight.add_(by)
    training.step += 1
    training.take_average()


def test_the_running_mean_follows_the_weights(tmp_path: Path) -> None:
    training = begin(small(average=0.75), tmp_path)
    name = "encoder.head.bias"
    first = training.average[name].clone()
    moved(training, 1.0)  # keeps 2 / 11
    torch.testing.assert_close(training.average[name], first + 9 / 11)
    training.step = 1000
    moved(training, 1.0)  # keeps 3 / 4
    torch.testing.assert_close(training.average[name], first + 9 / 11 * 0.75 + 2 * 0.25)


def test_a_checkpoint_brings_everything_back(tmp_path: Path) -> None:
    training = begin(small(), tmp_path)
    moved(training, 0.5)
    training.hidden = torch.rand(2, 400, 8)
    training.save(tmp_path)
    back = begin(small(), tmp_path)
    assert back.step == 1
    assert torch.equal(back.hidden, training.hidden)
    for name, value in training.model.state_dict().items():
        assert torch.equal(back.model.state_dict()[name], value)
        assert torch.equal(back.average[name], training.average[name])
    later = begin(small(begin_with=str(tmp_path)), tmp_path / "later")
    name = "encoder.head.bias"
    assert torch.equal(later.model.state_dict()[name], training.average[name])
    assert torch.equal(learned(tmp_path)[name], training.average[name])
    assert later.step == 0


@pytest.mark.parametrize("part", PARTS)
def test_what_does_not_learn_has_no_gradient(part: str, tmp_path: Path) -> None:
    training = begin(replace(small(), part=part), tmp_path)
    learns = {name for name, w in training.model.named_parameters() if w.requires_grad}
    assert learns
    assert all(name.startswith(PARTS[part]) for name in learns)
    left = {name for name, _ in training.model.named_parameters()} - learns
    assert not any(name.startswith(PARTS[part]) for name in left)


def test_a_run_may_begin_with_the_decoder_of_another(tmp_path: Path) -> None:
    runs = []
    for seed in (1, 2):
        run = tmp_path / str(seed)
        run.mkdir()
        begin(replace(small(), seed=seed), run).save(run)
        runs.append(str(run))
    both = begin(replace(small(), begin_with=runs[0], decoder_of=runs[1]), tmp_path / "both")
    for name, value in both.model.state_dict().items():
        origin = runs[name.startswith("decoder.")]
        assert torch.equal(value, learned(Path(origin))[name]), name
    for name, value in both.average.items():
        assert torch.equal(value, both.model.state_dict()[name])


def test_a_run_that_begins_with_a_wider_one_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    wide = replace(small(), encoder=replace(small().encoder, width=12))
    begin(wide, tmp_path / "wide").save(tmp_path / "wide")
    assert width_of(tmp_path / "wide") == 12
    with pytest.raises(ConfigError, match=r"wide holds wider networks .*; leave --width, or begin"):
        begin(small(begin_with=str(tmp_path / "wide")), tmp_path / "narrow")
