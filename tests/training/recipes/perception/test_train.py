import json
from pathlib import Path

import pytest
import torch

from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.shards import write
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.model.train import train_as_told, train_parser
from facewire_training.recipes.perception.reader import LipReader, ReaderConfig
from facewire_training.recipes.perception.train import reading_criterion


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    shard = write(folder / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    save_targets(folder, shard, make_targets(shard))
    return folder


def first_losses(corpus: Path, run: Path, weight: float) -> dict[str, float]:
    """Train for one step with a reader, and return what its first batch cost."""
    words = ["--corpus", str(corpus), "--run", str(run), "--steps", "1", "--batch", "4"]
    words += ["--hops", "90", "--threads", "1", "--workers", "0", "--width", "16"]
    torch.manual_seed(0)
    reader = LipReader(ReaderConfig("weights", width=16)).eval().requires_grad_(False)
    criteria = [reading_criterion(reader, weight, every=1)] if weight else []
    train_as_told(train_parser(None).parse_args(words), criteria)
    found: dict[str, float] = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    return found


def test_the_embedded_model_learns_with_a_reader_and_does_not_keep_it(
    corpus: Path, tmp_path: Path
) -> None:
    none, once, twice = (
        first_losses(corpus, tmp_path / f"{weight:g}", weight) for weight in (0.0, 1.0, 2.0)
    )
    for road in ("live", "tokens"):
        read = once[road] - none[road]
        assert 0 < read < 2
        assert twice[road] - none[road] == pytest.approx(2 * read, abs=1e-4)
    assert once["phones"] == none["phones"]
    kept = [torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in "01"]
    assert kept[0]["model"].keys() == kept[1]["model"].keys()


def test_every_nth_crop_is_read_at_the_frame_rate_of_its_batch() -> None:
    torch.manual_seed(0)
    reader = LipReader(ReaderConfig("weights", width=16)).eval().requires_grad_(False)
    criterion = reading_criterion(reader, 3.0, every=2)
    raw, truth = torch.rand(4, 31, 52), torch.rand(4, 31, 52)
    truth[::2] = raw[::2]
    trust = torch.ones_like(raw)
    assert float(criterion(raw, truth, trust, 60)) == pytest.approx(0.0, abs=1e-4)
    truth = 1 - raw
    assert float(criterion(raw, truth, trust, 60)) != float(criterion(raw, truth, trust, 30))
