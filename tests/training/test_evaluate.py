import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facewire_engines.phone_set import INDEX
from facewire_training.corpora.corpus import Utterance
from facewire_training.evaluate import evaluate, main
from facewire_training.performers import volume_meter
from facewire_training.phones import PhoneInterval
from facewire_training.scorecard import cells, verdict

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def spoken(name: str, seed: int) -> Utterance:
    """Make a sentence of syllables whose loudness goes with their vowels, with a pause after it."""
    rng = np.random.default_rng(seed)
    labels = ["sil", *rng.choice(["p", "aa", "uw", "s", "iy", "m", "ae", "f", "t"], 60), "sil"]
    ends = 0.1 * np.arange(1, len(labels) + 1)
    phones = [
        PhoneInterval(end - 0.1, end, INDEX[label]) for label, end in zip(labels, ends, strict=True)
    ]
    phones.append(PhoneInterval(float(ends[-1]), float(ends[-1]) + 1.0, 0))
    loud = np.array([0.2 if label in ("aa", "ae", "uw", "iy") else 0.02 for label in labels])
    level = np.concatenate([np.repeat(loud, 1600), np.zeros(16_000)])
    samples = (level * np.sin(np.arange(len(level)) * 0.2)).astype(np.float32)
    return Utterance(name, samples, tuple(phones), "nobody", "made")


def test_the_oracle_knows_and_a_volume_meter_does_not() -> None:
    utterances = [spoken("one", 1), spoken("two", 2)]
    rows = evaluate(utterances, {"volume meter": volume_meter}, Fraction(60))
    oracle, meter = rows["oracle"], rows["volume meter"]
    assert oracle["closure"] == 1.0
    assert oracle["false_closure"] == 0.0
    assert oracle["teeth_on_lip"] == 1.0
    assert oracle["rounding_auc"] > 0.9 > meter["rounding_auc"]
    assert oracle["labial_auc"] > meter["labial_auc"]
    assert oracle["stillness"] == 0.0
    assert oracle["lag_ms"] == 0.0
    assert all(verdict(oracle, oracle).values())
    assert len(cells(oracle)) == len(oracle) == len(meter)


def test_a_missing_corpus_is_one_sentence_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "cannot read" in capsys.readouterr().out


@pytest.mark.skipif(
    not (DATA / "librispeech").is_dir(), reason="needs librispeech/ in FACEWIRE_DATA"
)
def test_the_command_prints_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    command = ["--data", str(DATA), "--utterances", "4", "--json", str(out), "--frame-rate", "30"]
    assert main([*command, "--lookahead-ms", "80"]) == 0
    printed = capsys.readouterr().out
    assert "--utterances 4" in printed
    assert "at 30 frames per second" in printed
    rows = json.loads(out.read_text())["rows"]
    assert rows["oracle"]["closure"] == 1.0
    assert rows["oracle"]["gap_auc"] > 0.93
    assert rows["volume meter"]["rounding_auc"] < 0.7
