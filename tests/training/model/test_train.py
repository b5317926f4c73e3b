"""The whole recipe on a minute of data: targets, two runs, resuming, export, and the engine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnxscript", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire.frames import AudioChunk
from facewire_engines.phones.engine import load_phones
from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.shards import write
from facewire_training.model.batches import BatchConfig, Batches
from facewire_training.model.checkpoint import begin, learned, width_of
from facewire_training.model.encoder import Encoder, EncoderConfig
from facewire_training.model.export import data_of, load_run
from facewire_training.model.networks import TrainConfig, hear
from facewire_training.model.record import heard
from facewire_training.model.train import take_step, train, united_commands

RUN = ("--batch", "2", "--hops", "90", "--threads", "1")


def run(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"facewire_training.{module}", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_recipe_makes_an_engine_and_resumes_to_the_bit(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write(corpus / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    run("data.targets", "--corpus", corpus)
    run("model.train", "--corpus", corpus, "--run", tmp_path / "a", "--steps", "2",
        "--only", "encoder", "--width", "96", *RUN)  # fmt: skip
    joint = ("--corpus", corpus, "--begin-with", tmp_path / "a", "--steps", "4", *RUN)
    run("model.train", "--run", tmp_path / "whole", *joint)
    run("model.train", "--run", tmp_path / "parts", *joint, "--stop-after", "2")
    run("model.train", "--run", tmp_path / "parts", *joint, "--workers", "2")
    assert width_of(tmp_path / "whole") == 96
    whole, parts = load_run(tmp_path / "whole"), load_run(tmp_path / "parts")
    for ours, theirs in zip(whole, parts, strict=True):
        for name, value in ours.state_dict().items():
            torch.testing.assert_close(value, theirs.state_dict()[name], atol=0, rtol=0)
    run("model.train", "--corpus", corpus, "--run", tmp_path / "styled", "--begin-with",
        tmp_path / "whole", "--steps", "3", "--only", "styles", *RUN)  # fmt: skip
    for ours, theirs in zip(whole, load_run(tmp_path / "styled"), strict=True):
        for name, value in ours.state_dict().items():
            same = torch.equal(value, theirs.state_dict()[name])
            assert same != name.startswith("styles"), name
    rows = (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [0]
    model = tmp_path / "model"
    run("model.export", "--run", tmp_path / "whole", "--corpus", corpus, "--out", model)
    engine = load_phones(model)
    assert engine.manifest.command.count("facewire_training.model.train") == 2
    frames = engine.session().push(AudioChunk(np.zeros(16_000, np.float32), 0, 16_000))
    assert len(frames) == 56


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_batch(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write(corpus / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    config = TrainConfig(encoder=EncoderConfig(width=16))
    (tmp_path / "broken").mkdir()
    training = begin(config, tmp_path / "broken")
    training.average["encoder.head.bias"].fill_(torch.nan)
    training.save(tmp_path / "broken")
    (tmp_path / "broken" / "command.txt").write_text("none")
    words = ("--corpus", corpus, "--run", tmp_path / "run", "--begin-with", tmp_path / "broken",
             "--steps", "2", "--only", "encoder", *RUN)  # fmt: skip
    command = [sys.executable, "-m", "facewire_training.model.train", *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert result.returncode == 2, result.stderr
    assert "of batch 0 is no number; nothing was learned from it" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_a_gpu_that_is_too_small_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    config = TrainConfig(
        encoder=EncoderConfig(width=16), batches=BatchConfig(batch=4, hops=90), part="encoder"
    )
    training = begin(config, tmp_path / "run")

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")

    training.model.encoder.gru.register_forward_pre_hook(full)
    batch = Batches(tmp_path, config.batches, 0, 1, False)[0]
    with pytest.raises(ConfigError, match=r"too little memory for --batch 4; try --batch 2$"):
        take_step(training, batch)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_decoder_learns_from_what_its_encoder_was_recorded_to_hear(tmp_path: Path) -> None:
    corpus, record = tmp_path / "corpus", tmp_path / "heard"
    write(corpus / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    run("data.targets", "--corpus", corpus)
    for name, seed in (("a", "0"), ("b", "1")):
        run("model.train", "--corpus", corpus, "--run", tmp_path / name, "--steps", "1",
            "--seed", seed, *RUN)  # fmt: skip
    run("model.record", "--run", tmp_path / "a", "--corpus", corpus, "--out", record,
        "--steps", "2", "--batch", "2")  # fmt: skip
    learns = ("--corpus", corpus, "--only", "decoder", "--recorded", record, "--steps", "3", *RUN)
    run("model.train", "--run", tmp_path / "c", "--begin-with", tmp_path / "a", *learns)
    before, after = load_run(tmp_path / "a"), load_run(tmp_path / "c")
    for name, value in before[0].state_dict().items():
        assert torch.equal(value, after[0].state_dict()[name]), name
    changed = [
        not torch.equal(v, after[1].state_dict()[n]) for n, v in before[1].named_parameters()
    ]
    assert sum(changed) > len(changed) / 2
    settings = json.loads((tmp_path / "c" / "config.json").read_text())
    assert settings["batches"] == json.loads((record / "record.json").read_text())["batches"]
    command = [sys.executable, "-m", "facewire_training.model.train", "--run", tmp_path / "d",
               "--begin-with", tmp_path / "b", *learns]  # fmt: skip
    refused = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=200)
    assert refused.returncode != 0
    assert "is of another encoder" in refused.stderr


def test_what_was_recorded_is_what_is_heard(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write(corpus / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    run("data.targets", "--corpus", corpus)
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(width=16)).eval()
    data = Batches(corpus, BatchConfig(batch=2, hops=90), seed=3, steps=2)
    first, second = heard(encoder, data, batch=2, carried_share=0.0)
    for step, rows in enumerate((first, second)):
        batch = data[step]
        with torch.no_grad():
            scores, effort, _ = hear(encoder, batch["samples"], encoder.past(2)[-1], batch["warp"])
        torch.testing.assert_close(rows["scores"], scores.half(), atol=0.02, rtol=0.01)
        torch.testing.assert_close(rows["heard_effort"], effort.half(), atol=0.01, rtol=0.01)
        torch.testing.assert_close(rows["curves"], batch["curves"].half())
        assert torch.equal(rows["labels"].long(), batch["labels"])


def test_what_runs_have_in_common_is_told_once() -> None:
    assert united_commands(["a && b && c", "a && b && d && c"]) == ["a", "b", "c", "d", "c"]
    assert united_commands(["a && b", "a && b"]) == ["a", "b"]
    assert united_commands(["a && b", "a"]) == ["a", "b"]
    assert united_commands(["a", "b && a"]) == ["a", "b", "a"]
    assert united_commands([]) == []


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A run of one step, beside its corpus."""
    write(tmp_path / "corpus" / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    config = TrainConfig(**SMALL, steps=2)
    train(config, tmp_path / "corpus", tmp_path / "run", stop_after=1, workers=0)
    return tmp_path


SMALL: dict[str, Any] = {
    "encoder": EncoderConfig(width=16),
    "batches": BatchConfig(batch=2, hops=90, shares=(("nospeech", 1.0),)),
    "part": "encoder",
}


def test_a_run_goes_on_only_as_it_began(begun: Path) -> None:
    corpus, folder = begun / "corpus", begun / "run"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name, value in (
        ("learning_rate", 0.5),
        ("seed", 9),
        ("encoder", EncoderConfig(width=32)),
        ("batches", BatchConfig(batch=4, hops=90, shares=(("nospeech", 1.0),))),
    ):
        other = TrainConfig(**{**SMALL, name: value}, steps=2)
        with pytest.raises(ConfigError, match=f"begun with other settings of {name}"):
            train(other, corpus, folder, workers=0, made_by="no")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    longer = TrainConfig(**SMALL, steps=3)
    train(longer, corpus, folder, workers=0)
    assert begin(longer, folder).step == 3


def test_a_run_has_one_corpus(begun: Path) -> None:
    speech = NoSpeech(hours=0.01, seed=2).utterances()
    write(begun / "other" / "nospeech", speech, {"seed": 2})
    with pytest.raises(ConfigError, match="has another nospeech than the one that"):
        train(TrainConfig(**SMALL, steps=2), begun / "other", begun / "run", workers=0)
    with pytest.raises(ConfigError, match="has another nospeech than the one that"):
        data_of(begun / "run", begun / "other")
    assert [source.name for source in data_of(begun / "run", begun / "corpus")]


def test_other_kinds_of_training_are_refused(tmp_path: Path) -> None:
    torch.save({"network": {}, "config": {}}, tmp_path / "checkpoint.pt")
    for use in (width_of, learned, load_run, lambda run: begin(TrainConfig(**SMALL), run)):
        with pytest.raises(ConfigError, match="another kind of training"):
            use(tmp_path)


def test_mistakes_on_the_command_line_are_one_sentence(tmp_path: Path) -> None:
    for module, words, says in (
        ("train", ["--corpora", "nosuch"], "no corpus 'nosuch'; --corpora takes librispeech, "),
        ("train", ["--hops", "60"], "--hops is '60'; give a whole number from 80"),
        ("export", ["--out", "model"], "no training is in run; give its folder with --run"),
    ):
        command = [sys.executable, "-m", f"facewire_training.model.{module}"]
        command += ["--corpus", "corpus", "--run", "run", *words]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert told.returncode == 2, told.stderr
        assert says in told.stderr
        assert "Traceback" not in told.stderr
