"""Commands whose outputs fail, or that are killed: what they leave, and what they say of it."""

import os
import pty
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from facewire.errors import FacewireError
from facewire.recordings.live_link_table import read_csv
from facewire.speaking.voices import load_voice

FACEWIRE = (sys.executable, "-m", "facewire")
CLIP = resources.files("facewire") / "assets" / "demo.flac"
SENTENCE = "Bob bought my puppy a map."


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Three seconds, as 180 frames."""
    with resources.as_file(CLIP) as clip:
        samples, rate = soundfile.read(clip)
    path = tmp_path / "in.wav"
    soundfile.write(path, samples[: 3 * rate], rate)
    return path


def limited(size: int) -> Callable[[], None]:
    """Return what lets no file of a child grow further, as a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def start(*arguments: str | Path, cwd: Path, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*FACEWIRE, *map(str, arguments)], cwd=cwd, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def run(*arguments: str | Path, cwd: Path, **options: Any) -> tuple[int, str, str]:
    """Run a command; return its status, and what it said."""
    with start(*arguments, cwd=cwd, **options) as process:
        out, err = process.communicate(timeout=100)
    assert "Traceback" not in err
    return process.returncode, out, err


def last(err: str) -> str:
    return err.splitlines()[-1]


def wrote(out: str) -> list[str]:
    return re.findall(r"^wrote (.*)$", out, re.MULTILINE)


def frames(path: Path) -> int:
    if path.suffix == ".csv":
        return len(read_csv(path).weights)
    if path.suffix == ".jsonl":
        return len(path.read_text().splitlines()) - 1
    with np.load(path) as archive:
        return len(archive["weights"])


def until_recorded(path: Path, size: int = 30_000) -> None:
    """Wait until so many bytes are in a file; a second of faces has more."""
    for _ in range(600):
        if path.exists() and path.stat().st_size > size:
            return
        time.sleep(0.1)
    pytest.fail(f"nothing gets into {path}")


def test_a_full_disk_is_said_last_with_what_can_be_used(speech: Path, tmp_path: Path) -> None:
    outputs = ("-o", "a.csv", "-o", "a.npz", "-o", "a.jsonl")
    status, out, err = run("animate", speech, *outputs, cwd=tmp_path, preexec_fn=limited(60_000))
    assert status == 1
    assert wrote(out) == ["a.npz"]
    assert frames(tmp_path / "a.npz") == 180
    for name in ("a.csv", "a.jsonl"):
        said = re.search(
            rf"{name} is not whole \(File too large\): its first (\d+) frames \((.*?) s\) can be",
            last(err),
        )
        assert said is not None, err
        assert frames(tmp_path / name) == int(said[1]) > 60
        assert float(said[2]) == pytest.approx(int(said[1]) / 60, abs=0.01)
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.jsonl", "a.npz", "in.wav"]


def test_an_archive_that_does_not_fit_can_be_recovered(speech: Path, tmp_path: Path) -> None:
    status, out, err = run(
        "animate", speech, "-o", "a.npz", cwd=tmp_path, preexec_fn=limited(30_000)
    )
    assert status == 1
    assert not wrote(out)
    said = re.search(
        r"a\.npz is not whole .*: (\d+) frames .* `(facewire recover (.*))`", last(err)
    )
    assert said is not None, err
    assert sorted(os.listdir(tmp_path)) == ["a.npz.part", "in.wav"]
    status, out, _ = run("recover", said[3], cwd=tmp_path)
    assert status == 0
    assert frames(tmp_path / "a.npz") == int(said[1]) > 60
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "in.wav"]


@pytest.mark.parametrize("interrupted", [False, True])
def test_live_goes_on_without_a_recorder_that_fails_and_ends_with_1(
    interrupted: bool, speech: Path, tmp_path: Path
) -> None:
    arguments = ("live", "--no-page", "-o", "a.csv", "-o", "npz:a.npz")
    if not interrupted:
        status, out, err = run(
            *arguments, "--input", speech, cwd=tmp_path, preexec_fn=limited(100_000)
        )
        assert frames(tmp_path / "a.npz") == 180
    else:
        with start(*arguments, "--demo", cwd=tmp_path, preexec_fn=limited(100_000)) as process:
            until_recorded(tmp_path / "a.csv", 98_000)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=100)
        status = process.returncode
    assert status == 1, err
    assert wrote(out) == ["a.npz"]
    assert last(err).startswith("facewire: a.csv is not whole (File too large): its first ")
    assert f"its first {frames(tmp_path / 'a.csv')} frames" in last(err)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_a_recording_gets_it_whole(end: signal.Signals, tmp_path: Path) -> None:
    outputs = ("-o", "a.csv", "-o", "npz:a.npz", "-o", "jsonl:a.jsonl")
    with start("live", "--demo", "--no-page", *outputs, cwd=tmp_path) as process:
        until_recorded(tmp_path / "a.csv")
        process.send_signal(end)
        out, err = process.communicate(timeout=100)
    assert process.returncode == 128 + end, err
    assert wrote(out) == ["a.csv", "a.npz", "a.jsonl"]
    counts = {frames(tmp_path / name) for name in wrote(out)}
    assert len(counts) == 1
    assert f"{counts.pop()} frames of " in out
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.jsonl", "a.npz"]


def test_a_terminal_that_is_closed_ends_a_recording_in_order(tmp_path: Path) -> None:
    outputs = ("-o", "a.csv", "-o", "npz:a.npz")
    terminal, inside = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", *FACEWIRE, "live", "--demo", "--no-page", *outputs],
        cwd=tmp_path, stdin=inside, stdout=inside, stderr=inside,
    ) as process:  # fmt: skip
        os.close(inside)
        until_recorded(tmp_path / "a.csv")
        os.close(terminal)
        process.wait(timeout=100)
    assert process.returncode == 128 + signal.SIGHUP
    assert frames(tmp_path / "a.csv") == frames(tmp_path / "a.npz")
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.npz"]


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_leaves_recordings_that_can_be_read(seed: int, tmp_path: Path) -> None:
    outputs = ("-o", "a.csv", "-o", "npz:a.npz", "-o", "jsonl:a.jsonl")
    with start("live", "--demo", "--no-page", *outputs, cwd=tmp_path) as process:
        until_recorded(tmp_path / "a.csv")
        time.sleep(random.Random(seed).uniform(0, 1.5))
        process.kill()
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "a.jsonl", "a.npz.part"]
    status, out, err = run("recover", "a.npz.part", cwd=tmp_path)
    assert status == 0, err
    counts = [frames(tmp_path / name) for name in ("a.csv", "a.npz", "a.jsonl")]
    assert f"wrote {tmp_path / 'a.npz'}: {counts[1]} frames" in out
    assert min(counts) > 30
    weights = read_csv(tmp_path / "a.csv").weights[: min(counts)]
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_allclose(archive["weights"][: min(counts)], weights, atol=1e-6)


def test_a_recording_is_not_overwritten_by_its_own_face(speech: Path, tmp_path: Path) -> None:
    before = speech.read_bytes()
    for arguments in (["animate", "in.wav", "--overwrite"], ["live", "--input", "in.wav"]):
        for output in ("csv:in.wav", "npz:./in.wav"):
            status, _, err = run(*arguments, "-o", output, cwd=tmp_path)
            assert status == 2
            assert "in.wav is what is read; name another file to write" in last(err)
    status, _, err = run("animate", "in.wav", "-o", "d.csv", "-o", "d.csv", cwd=tmp_path)
    assert status == 2
    assert "are one file" in last(err)
    assert speech.read_bytes() == before
    assert os.listdir(tmp_path) == ["in.wav"]


def test_a_take_that_exists_is_kept(speech: Path, tmp_path: Path) -> None:
    take = tmp_path / "take.csv"
    take.write_text("an earlier take")
    live = ("live", "--no-page", "--input", "in.wav", "-o", "csv:take.csv")
    status, out, err = run(*live, cwd=tmp_path)
    assert status == 0, err
    assert "take.csv is kept; this recording goes to take-2.csv" in " ".join(err.split())
    assert wrote(out) == ["take-2.csv"]
    status, _, err = run("animate", "in.wav", "-o", "take.csv", cwd=tmp_path)
    assert status == 2
    assert "take.csv exists; give another name, or --overwrite" in last(err)
    assert take.read_text() == "an earlier take"
    status, out, err = run("animate", "in.wav", "-o", "take.csv", "--overwrite", cwd=tmp_path)
    assert status == 0, err
    assert frames(take) == frames(tmp_path / "take-2.csv") == 180


def test_an_output_that_cannot_be_opened_leaves_the_others_as_they_were(
    speech: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.csv").write_text("what was there")
    outputs = ("-o", "old.csv", "-o", "new.npz", "-o", "new.jsonl", "-o", "/proc/x.csv")
    status, _, err = run("animate", "in.wav", *outputs, "--overwrite", cwd=tmp_path)
    assert status == 2
    assert last(err) == (
        "facewire: cannot write /proc/x.csv (No such file or directory); record somewhere else"
    )
    assert (tmp_path / "old.csv").read_text() == "what was there"
    assert sorted(os.listdir(tmp_path)) == ["in.wav", "old.csv"]


@pytest.mark.parametrize("name", ["a.csv", "a.npz", "a.jsonl"])
def test_a_disk_that_is_read_only_is_said_to_be_one(
    name: str, speech: Path, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir()
    mount = "mount -t tmpfs none locked && mount -o remount,ro locked"
    apart = ("unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh")
    if subprocess.run([*apart, "true"], cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    result = subprocess.run(
        [*apart, *FACEWIRE, "animate", str(speech), "-o", f"locked/{name}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert re.fullmatch(
        rf"facewire: cannot write \S*{name}\S* \(Read-only file system\); .*", last(result.stderr)
    )


@pytest.mark.parametrize("name", ["take[red].csv", "a b.csv", os.fsdecode(b"caf\xe9.csv")])
def test_odd_names_are_written_and_said(name: str, speech: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    status, out, err = run("animate", "in.wav", "-o", name, cwd=tmp_path, env=environment)
    assert status == 0, err
    assert frames(tmp_path / name) == 180
    assert wrote(out) == [name.encode(errors="backslashreplace").decode()]
    status, out, err = run("animate", "in.wav", "-o", name, cwd=tmp_path, env=environment)
    assert status == 2
    assert "exists" in last(err)


def test_sound_and_words_fail_each_for_itself(tmp_path: Path) -> None:
    try:
        load_voice(language="en-us", voice="", rate=175, pitch=50)
    except FacewireError as error:
        pytest.skip(str(error))
    outputs = ("-o", "a.wav", "-o", "a.tsv", "-o", "a.csv")
    status, out, err = run("say", SENTENCE, *outputs, cwd=tmp_path, preexec_fn=limited(30_000))
    assert status == 1, err
    assert wrote(out) == ["a.tsv"]
    samples, rate = soundfile.read(tmp_path / "a.wav")
    said = f"a.wav is not whole (File too large): its first {len(samples) / rate:.2f} s can be used"
    assert said in last(err)
    assert f"its first {frames(tmp_path / 'a.csv')} frames" in last(err)
    status, _, err = run("say", SENTENCE, "-o", "a.tsv", cwd=tmp_path)
    assert status == 2
    assert "a.tsv exists" in last(err)
