"""An encoder in windows is compared with itself over the whole, by whoever has one."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import Representation, SpeechEncoder
from facewire_training.speech_encoders.networks.hubert_checkpoints import random_hubert
from facewire_training.speech_encoders.windowed_agreement import measure_agreement, rows_of

Speech = NDArray[np.float32]
RIGHTS = (0, 80, 640)


def test_right_context_helps_whichever_encoder(encoder: SpeechEncoder, speech: Speech) -> None:
    count, luck, found = measure_agreement(encoder, speech, RIGHTS, left_ms=1000, every_ms=160)
    rate = encoder.representation.rate
    assert count == len(
        range(int(rate), int(4 * rate - Fraction(64, 100) * rate), int(rate * 16 / 100))
    )
    assert [agreement.right_ms for agreement in found] == list(RIGHTS)
    if encoder.representation.is_ids:
        shares = [np.mean(agreement.equal) for agreement in found]
        assert len(luck) == len(found[0].equal) == encoder.representation.codebooks
        assert 0 <= shares[0] < shares[-1] <= 1
    else:
        assert luck == ()
        assert found[0].error > found[-1].error >= 0


def test_a_context_that_is_no_whole_row_is_one_sentence(speech: Speech) -> None:
    labels = Representation("labels", "labels", Fraction(25), codebooks=1)
    assert rows_of(160, labels) == 4
    with pytest.raises(ConfigError, match=r"20 ms are not whole rows of labels at 25 Hz; choose"):
        rows_of(20, labels)


def test_speech_that_is_too_short_is_one_sentence(encoder: SpeechEncoder, speech: Speech) -> None:
    with pytest.raises(ConfigError, match=r"0.5 s of speech are too short for windows of 2000"):
        measure_agreement(encoder, speech[:8_000])


def run(*words: str) -> subprocess.CompletedProcess[str]:
    module = "facewire_training.speech_encoders.windowed_agreement"
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


def test_the_command_prints_a_table_and_writes_it_down(tmp_path: Path) -> None:
    random_hubert("tiny").save_pretrained(tmp_path / "weights")
    words = ["--left-ms", "400", "--right-ms", "0", "200", "--every-ms", "800"]
    file = str(tmp_path / "a.json")
    weights = str(tmp_path / "weights")
    ended = run("--encoder", "hubert", "--weights", weights, *words, "--json", file)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(Path(file).read_text())
    errors = [agreement["error"] for agreement in report["agreements"]]
    assert [f"{error:.1%}" for error in errors] == [
        line.split()[1] for line in ended.stdout.splitlines()[1:3]
    ]
    assert not report["random"]
    assert report["weights"] == "weights"
    assert "random" not in ended.stdout


def test_what_has_no_random_weights_is_one_sentence() -> None:
    ended = run("--encoder", "small-codec", "--random")
    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "error: small-codec has no random weights to show; choose from hubert, speechtokenizer, "
        "wavtokenizer, cosyvoice2"
    )
