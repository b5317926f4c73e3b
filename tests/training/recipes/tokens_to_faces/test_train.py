"""Trainings of a few steps: they learn, resume to the bit, and stop in one sentence."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError, FacewireError
from facewire_training.recipes.tokens_to_faces.batches import BatchConfig, Batches
from facewire_training.recipes.tokens_to_faces.checkpoint import RunConfig, decode_config, open_run
from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss
from facewire_training.recipes.tokens_to_faces.decoders.registry import DECODERS
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.processes import Processes
from facewire_training.recipes.tokens_to_faces.train import main, take_step, train
from facewire_training.recipes.tokens_to_faces.training import Training, schedule
from facewire_training.speech_encoders.rows.encoded import read_representation
from facewire_training.training_run import hold_folder

CPU = Processes(torch.device("cpu"))
MODULE = "facewire_training.recipes.tokens_to_faces.train"
SIZES = {"width": 32, "layers": 1, "heads": 4, "feed_forward": 64, "head": 64}


def small(encoded: Path, decoder: str, **changes: object) -> RunConfig:
    preset = DECODERS[decoder].presets["narrow"]
    names = {name: size for name, size in SIZES.items() if hasattr(preset.network, name)}
    config = RunConfig(
        decoder,
        replace(preset.network, **names),
        Setting(read_representation(encoded), seconds=2),
        batches=BatchConfig(batch=4),
        steps=60,
        rate=2e-3,
    )
    return replace(config, **changes)  # type: ignore[arg-type] # fields by name


def run(config: RunConfig, corpus: Path, encoded: Path, folder: Path, **how: int) -> None:
    train(config, Batches(corpus, encoded, config.batches, config.setting, 0), folder, CPU, **how)


def logged(folder: Path) -> list[int]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.mark.parametrize("regions", ["joint", "two"])
@pytest.mark.parametrize("rows", ["ids", "features"])
@pytest.mark.parametrize("decoder", sorted(DECODERS.keys() - {"distilled-diffusion"}))
def test_a_run_learns_and_opens(
    corpus: Path, tmp_path: Path, decoder: str, rows: str, regions: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    encoded: Path = request.getfixturevalue(rows)
    config = small(encoded, decoder, regions=regions)
    batches = Batches(corpus, encoded, config.batches, config.setting, 0)
    held = [batches.draw(step) for step in range(1000, 1008)]

    def loss(training: Training) -> float:
        with torch.no_grad():
            drawn = torch.Generator().manual_seed(0)
            parts = [training._losses(batch, drawn)["total"] for batch in held]
        return float(torch.stack(parts).mean())

    before = loss(Training(config, tmp_path / "none", CPU))
    train(config, batches, tmp_path, CPU)
    assert loss(Training(config, tmp_path, CPU)) < 0.75 * before
    opened = open_run(tmp_path)
    assert (opened.config, opened.step, opened.frame_rate) == (config, 60, Fraction(30))
    assert not opened.module.training
    speech = held[0].speech
    with torch.no_grad():
        told = [
            opened.decoder.faces(speech, 60, torch.Generator().manual_seed(1)) for _ in range(2)
        ]
    assert told[0].shape == (4, 60, 52)
    assert bool(told[0].isfinite().all())
    assert torch.equal(*told)
    assert logged(tmp_path) == [0, 10, 20, 30, 40, 50, 59]


def test_a_stopped_run_ends_as_if_it_had_not_been(corpus: Path, ids: Path, tmp_path: Path) -> None:
    config = small(ids, "transformer", steps=12)
    run(config, corpus, ids, tmp_path / "whole")
    run(config, corpus, ids, tmp_path / "parts", stop_after=5)
    run(config, corpus, ids, tmp_path / "parts")
    whole, parts = (open_run(tmp_path / name).module.state_dict() for name in ("whole", "parts"))
    for name, value in whole.items():
        assert torch.equal(value, parts[name]), name


def test_a_finished_run_goes_on_to_more_steps(
    corpus: Path, ids: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for steps in ("4", "9", "9"):
        words = command(corpus, ids, tmp_path, "--steps", steps)[1:]
        monkeypatch.setattr(sys, "argv", words)
        main()
    opened = open_run(tmp_path)
    assert (opened.step, opened.config.steps) == (9, 9)
    assert logged(tmp_path) == [0, 3, 8]
    made_by = (tmp_path / "command.txt").read_text().split(" && ")
    assert ["--steps 4" in made_by[0], "--steps 9" in made_by[1]] == [True, True]
    assert len(made_by) == 2


def test_a_disk_that_is_full_leaves_the_last_checkpoint(
    corpus: Path, ids: Path, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource", reason="needs a POSIX system, which limits files")
    config = small(ids, "transformer", steps=9)
    run(config, corpus, ids, tmp_path, stop_after=4)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(ConfigError, match="make room, and start the same command again"):
            run(config, corpus, ids, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert open_run(tmp_path).step == 4
    assert not list(tmp_path.glob("*.tmp"))
    run(config, corpus, ids, tmp_path)
    assert open_run(tmp_path).step == 9


def test_two_trainings_do_not_write_one_run(
    corpus: Path, ids: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", command(corpus, ids, tmp_path, "--steps", "2")[1:])
    with hold_folder(tmp_path), pytest.raises(ConfigError, match="another process writes to"):
        main()
    assert not (tmp_path / "checkpoint.pt").exists()
    main()
    assert open_run(tmp_path).step == 2


def test_the_parts_of_the_loss_can_be_set(
    corpus: Path, ids: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ("--steps", "1", "--set", "loss.mouth_state=5", "--set", "loss.velocity=0")
    monkeypatch.setattr(sys, "argv", command(corpus, ids, tmp_path, *more)[1:])
    main()
    assert open_run(tmp_path).config.network.loss == MotionLoss(mouth_state=5.0, velocity=0.0)
    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line)["mouth_state"] > 0


def command(corpus: Path, encoded: Path, folder: Path, *more: str) -> list[str]:
    sizes = [part for name, size in SIZES.items() for part in ("--set", f"{name}={size}")]
    return [
        "-m", MODULE, "--corpus", str(corpus), "--encoded", str(encoded), "--run", str(folder),
        "--preset", "narrow", "--batch", "4", "--seconds", "2", *sizes, *more,
    ]  # fmt: skip


KILLED = """
import os, signal, sys
from facewire_training.recipes.tokens_to_faces import train
take_step = train.take_step

def take_one_and_perhaps_die(training, batches):
    parts = take_step(training, batches)
    if training.step == 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return parts

train.take_step = take_one_and_perhaps_die
train.main()
"""
"""The command, killed when it has taken two steps past a checkpoint."""


@pytest.mark.slow
def test_a_killed_run_goes_on(corpus: Path, ids: Path, tmp_path: Path) -> None:
    line = command(corpus, ids, tmp_path / "killed", "--steps", "40", "--save-every", "3")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *line[2:]], stdout=subprocess.DEVNULL, timeout=100
    )
    assert killed.returncode == -signal.SIGKILL
    assert open_run(tmp_path / "killed").step == 6
    subprocess.run([sys.executable, *line], check=True, capture_output=True, timeout=100)
    whole = command(corpus, ids, tmp_path / "whole", "--steps", "40")
    subprocess.run([sys.executable, *whole], check=True, capture_output=True, timeout=100)
    one, other = (open_run(tmp_path / name).module.state_dict() for name in ("killed", "whole"))
    for name, value in one.items():
        assert torch.equal(value, other[name]), name
    assert logged(tmp_path / "killed") == [0, 10, 20, 30, 39]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(corpus: Path, ids: Path, tmp_path: Path) -> None:
    more = ("--steps", "6", "--set", "dropout=0", "--rate", "1e-3")
    one = command(corpus, ids, tmp_path / "one", *more)
    subprocess.run([sys.executable, *one], check=True, capture_output=True, timeout=100)
    two = command(corpus, ids, tmp_path / "two", *more)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    program = [sys.executable, *torchrun, *two[1:]]
    subprocess.run(program, check=True, capture_output=True, timeout=110)
    ours, theirs = (open_run(tmp_path / name).module.state_dict() for name in ("one", "two"))
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], atol=2e-5, rtol=1e-3)


def test_the_rate_rises_and_falls_as_half_a_cosine(ids: Path) -> None:
    config = small(ids, "transformer", steps=110, warm_up=10, rate=1e-4)
    assert schedule(config, 0) == pytest.approx(0.1)
    assert schedule(config, 10) == 1
    assert schedule(config, 60) == pytest.approx(0.505)
    assert schedule(config, 110) == pytest.approx(0.01)


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_batch(
    corpus: Path, features: Path, tmp_path: Path
) -> None:
    config = small(features, "transformer", steps=9)
    run(config, corpus, features, tmp_path, stop_after=4)
    batches = Batches(corpus, features, config.batches, config.setting, 0)
    broken = batches.sources[0].encoded
    object.__setattr__(broken, "rows", np.full_like(broken.rows, np.nan))
    with pytest.raises(FacewireError, match=r"batch 4 \(made/u\d at .* is not a number"):
        train(config, batches, tmp_path, CPU)
    assert open_run(tmp_path).step == 4
    assert all(bool(w.isfinite().all()) for w in open_run(tmp_path).module.state_dict().values())


def test_other_settings_and_damaged_runs_are_refused(
    corpus: Path, ids: Path, tmp_path: Path
) -> None:
    config = small(ids, "transformer", steps=4)
    run(config, corpus, ids, tmp_path, stop_after=1)
    with pytest.raises(ConfigError, match=r"other settings \(steps 4, now 3\)"):
        run(replace(config, steps=3), corpus, ids, tmp_path)
    with pytest.raises(ConfigError, match=r"other settings \(seed 0, now 1\)"):
        run(replace(config, steps=5, seed=1), corpus, ids, tmp_path)
    with pytest.raises(ConfigError, match="holds no checkpoint"):
        open_run(tmp_path / "nothing")
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="is damaged"):
        open_run(tmp_path)
    with pytest.raises(ConfigError, match="does not know"):
        decode_config(config.encode().replace('"transformer"', '"another"'))
    assert decode_config(config.encode()) == config
    # What is new since a run began, and as it was then, is no other setting.
    older = json.loads(config.encode())
    del older["network"]["levels"]
    assert decode_config(json.dumps(older)) == config


def test_the_command_refuses_in_one_sentence(
    corpus: Path, ids: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for more, said in {
        ("--set", "colour=2"): "transformer has no colour; it has width,",
        ("--set", "heads=many"): "transformer cannot be made so",
        ("--set", "heads=3"): "transformer cannot be made so: embed_dim must be divisible",
        ("--set", "loss=l1"): "transformer has no loss; it has width,",
        ("--set", "loss.mouth_state=-1"): "loss.mouth_state is -1.0; give 0 to",
        ("--set", "dropout=nan"): "dropout is nan; give 0 to 1",
        ("--set", "feed_forward=0"): "feed_forward is 0; give 1 to",
        ("--corpora", "other"): "holds no rows of other",
        ("--encoded", str(tmp_path)): "holds no encoded speech",
    }.items():
        monkeypatch.setattr(sys, "argv", command(corpus, ids, tmp_path / "run", *more)[1:])
        with pytest.raises(ConfigError, match=said):
            main()


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["transformer", "gru-diffusion"])
def test_published_sizes_take_steps(corpus: Path, ids: Path, tmp_path: Path, decoder: str) -> None:
    preset = DECODERS[decoder].presets["paper"]
    setting = Setting(read_representation(ids), seconds=preset.seconds)
    config = RunConfig(
        decoder, preset.network, setting, batches=BatchConfig(batch=1), steps=3, rate=preset.rate
    )
    run(config, corpus, ids, tmp_path)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [0, 2]
    assert open_run(tmp_path).step == 3


def test_a_gpu_that_is_too_small_is_one_sentence(corpus: Path, ids: Path, tmp_path: Path) -> None:
    config = small(ids, "transformer")
    training = Training(config, tmp_path, CPU)

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")

    training._losses.register_forward_pre_hook(full)
    batches = Batches(corpus, ids, config.batches, config.setting, 0)
    with pytest.raises(ConfigError, match=r"too little memory for --batch 4 of 2 s; try --batch 2"):
        take_step(training, batches)
