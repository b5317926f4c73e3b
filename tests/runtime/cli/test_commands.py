"""The command line as a user meets it: real processes, real files, real sockets."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.runtime.cli.started import FACEWIRE, address, start
from websockets.asyncio.client import connect

from facewire.face.lips import SHUT, lip_gap
from facewire.recordings.live_link_table import read_csv

CLIP = Path(str(resources.files("facewire") / "assets" / "demo.flac"))


def facewire(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*FACEWIRE, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100)


def fails_with_one_sentence(
    result: subprocess.CompletedProcess[str], status: int, *parts: str
) -> None:
    assert result.returncode == status, result.stderr
    said = result.stderr.strip().splitlines()
    lines = [line for line in said if line and not line.startswith("back-end ")]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("facewire: ")
    for part in parts:
        assert part in lines[0]


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Two seconds of the clip, as 48 kHz stereo."""
    samples, rate = soundfile.read(CLIP)
    path = tmp_path / "short.wav"
    stereo = np.repeat(np.repeat(samples[8_000:40_000], 3)[:, None], 2, axis=1)
    soundfile.write(path, stereo, 3 * rate)
    return path


def test_animate_writes_every_kind_of_file(short: Path, tmp_path: Path) -> None:
    outputs = ("-o", "a.csv", "-o", "a.npz", "-o", "jsonl:a.jsonl")
    result = facewire("animate", short, *outputs, "--no-idle", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "real-time factor" in result.stdout
    recorded = read_csv(tmp_path / "a.csv")
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_allclose(arrays["weights"], recorded.weights, atol=1e-4)
        assert arrays["weights"].shape == (120, 52)
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) >= 120


def test_live_makes_the_same_frames_as_animate(short: Path, tmp_path: Path) -> None:
    facewire("animate", short, "-o", "offline.npz", "--seed", "3", cwd=tmp_path)
    result = facewire(
        "live", "--input", short, "--no-page", "-o", "npz:live.npz", "--seed", "3", cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "offline.npz") as offline, np.load(tmp_path / "live.npz") as live:
        assert live["weights"].shape == offline["weights"].shape
        np.testing.assert_allclose(live["weights"], offline["weights"], atol=1e-5)


def test_articulation_opens_the_mouth_and_closes_the_same_lips(short: Path, tmp_path: Path) -> None:
    gaps = []
    for amount in ("0.7", "1", "1.4"):
        options = ("--no-idle", "--articulation", amount)
        facewire("animate", short, "-o", f"{amount}.npz", *options, cwd=tmp_path)
        with np.load(tmp_path / f"{amount}.npz") as arrays:
            gaps.append(lip_gap(arrays["weights"]))
    lazy, usual, clear = gaps
    assert lazy.max() < 0.85 * usual.max() < 0.85 * 0.85 * clear.max()
    # Where gaps are a hair from the limit, rounding decides.
    sure = np.abs(usual - SHUT) > 0.005
    for gap in (lazy, clear):
        np.testing.assert_array_equal(gap[sure] <= SHUT, usual[sure] <= SHUT)
    result = facewire("animate", short, "-o", "x.npz", "--articulation", "3", cwd=tmp_path)
    assert result.returncode == 2
    assert "--articulation 3" in result.stderr


@pytest.mark.parametrize(
    ("options", "frames"), [(["--frame-rate", "30000/1001"], 60), (["--frame-rate", "24"], 48)]
)
def test_the_frame_rate_is_a_setting(
    short: Path, tmp_path: Path, options: Sequence[str], frames: int
) -> None:
    facewire("animate", short, "-o", "a.npz", *options, cwd=tmp_path)
    with np.load(tmp_path / "a.npz") as arrays:
        assert len(arrays["weights"]) == frames


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["animate", "missing.wav", "-o", "a.csv"], ["missing.wav", "check the path"]),
        (["animate", "text.wav", "-o", "a.csv"], ["text.wav"]),
        (["animate", "short.wav", "-o", "a.xyz"], ["a.xyz", "csv"]),
        (["animate", "short.wav", "-o", "osc://127.0.0.1:9000"], ["csv"]),
        (["animate", "short.wav", "-o", "no/such/folder/a.csv"], ["no/such/folder"]),
        (["animate", "short.wav", "-o", "a.csv", "--frame-rate", "fast"], ["fast", "60"]),
        (["animate", "short.wav", "-o", "a.csv", "--lookahead-ms", "500"], ["500", "160"]),
        (["animate", "short.wav", "-o", "a.csv", "--lookahead-ms", "nan"], ["--lookahead-ms nan"]),
        (["animate", "short.wav", "-o", "a.csv", "--style", "grid"], ["phones has no styles"]),
        (["serve", "--port", "0", "--style", "grid=0.3"], ["phones has no styles; leave"]),
        (["animate", "short.wav", "-o", "a.csv", "--seed", "-1"], ["--seed -1", "at least 0"]),
        (["serve", "--port", "99999"], ["--port 99999", "at most 65535"]),
        (["animate", "short.wav", "-o", "a.csv", "--engine", "x"], ["'x'", "phones"]),
        (["animate", "short.wav", "-o", "a.csv", "--settings", "typo.toml"], ["prot", "port"]),
        (["live", "--demo", "--input", "short.wav"], ["--demo"]),
        (["live", "--input", "short.wav", "--out", "nonsense://x"], ["nonsense"]),
        (["live", "--demo", "--port", "0", "--out", "csv:no/such/folder/a.csv"], ["no/such"]),
    ],
)
def test_a_users_mistake_is_one_sentence_and_status_2(
    arguments: list[str], parts: list[str], short: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "typo.toml").write_text("[server]\nprot = 1\n")
    fails_with_one_sentence(facewire(*arguments, cwd=tmp_path), 2, *parts)


def test_help_of_every_command_has_examples(tmp_path: Path) -> None:
    groups = (["bench", "latency"], ["models", "pull"])
    for command in ([], ["live"], ["animate"], ["serve"], ["devices"], *groups):
        result = facewire(*command, "--help", cwd=tmp_path)
        assert result.returncode == 0
        assert "Examples" in result.stdout
        assert "facewire " in result.stdout.split("Examples")[1]


def test_nothing_is_written_outside_the_folder(short: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    result = subprocess.run(
        [*FACEWIRE, "animate", str(short), "-o", "face.csv"],
        cwd=tmp_path, env={"HOME": str(home), "PATH": os.environ["PATH"]}, timeout=100,
    )  # fmt: skip
    assert result.returncode == 0
    assert list(home.rglob("*")) == []


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_live_is_watched_and_a_second_one_finds_the_port_taken(tmp_path: Path) -> None:
    arguments = ("live", "--demo", "--port", "0", "--open-sound", "--out", "csv:face.csv")
    process = await start(*arguments, cwd=tmp_path)
    where = await address(process)
    async with connect(f"ws://{where}/face?format=json&audio=1") as viewer:
        hello = json.loads(await viewer.recv())
        assert hello["type"] == "hello"
        second = await start("live", "--demo", "--port", where.split(":")[1], cwd=tmp_path)
        status, _, err = await ended(second)
        assert status == 2
        assert where.split(":")[1] in err
        assert "--port" in err
        kinds = [type(message) for _ in range(60) for message in [await viewer.recv()]]
        assert {str, bytes} == set(kinds)
    status, out, _ = await ended(process)
    assert status == 0
    assert " 0 dropped" in out
    assert "p99" in out
    seconds = soundfile.info(CLIP).duration
    assert abs(len(read_csv(tmp_path / "face.csv").weights) - 60 * seconds) <= 1


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupt_keeps_what_was_recorded(
    tmp_path: Path, interruption: signal.Signals
) -> None:
    process = await start("live", "--demo", "--port", "0", "-o", "face.csv", cwd=tmp_path)
    async with connect(f"ws://{await address(process)}/face") as viewer:
        for _ in range(60):
            await viewer.recv()
        process.send_signal(interruption)
        status, out, err = await ended(process)
    assert status == 128 + interruption, err
    assert "Traceback" not in err
    assert "frames" in out
    assert len(read_csv(tmp_path / "face.csv").weights) >= 50


async def test_raw_pcm_on_standard_input(short: Path, tmp_path: Path) -> None:
    samples, _ = soundfile.read(CLIP, dtype="int16")
    process = await asyncio.create_subprocess_exec(
        *FACEWIRE, "live", "--input", "-", "--no-page", "-o", "face.npz", cwd=tmp_path,
        stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate(samples[:32_001].tobytes() + b"x")
    assert process.returncode == 0, err.decode()
    with np.load(tmp_path / "face.npz") as arrays:
        assert len(arrays["weights"]) == 121


async def test_serve_ends_cleanly_on_an_interrupt(tmp_path: Path) -> None:
    process = await start("serve", "--port", "0", cwd=tmp_path)
    async with connect(f"ws://{await address(process)}/session") as client:
        await client.send('{"type": "open", "version": 1}')
        assert json.loads(await client.recv())["type"] == "hello"
        process.send_signal(signal.SIGINT)
        status, _, err = await ended(process)
    assert status == 128 + signal.SIGINT
    assert "Traceback" not in err


def test_bench_latency_prints_a_table_and_json(short: Path, tmp_path: Path) -> None:
    words = ("-i", short, "--engine", "phones", "--engine", "energy", "--requests", "0")
    result = facewire("bench", "latency", *words, "--json", "l.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    stages = ["capture", "queue", "encode", "decode", "face", "encode to wire", "transport"]
    stages += ["heard to received", "spoken to received"]
    report = json.loads((tmp_path / "l.json").read_text())
    assert report["machine"]["cores"] == os.cpu_count()
    assert report["machine"]["libraries"]["onnxruntime"]
    assert report["command"].startswith("facewire bench latency -i ")
    assert [run["engine"] for run in report["runs"]] == ["phones", "energy"]
    for run in report["runs"]:
        assert run["received"] == run["frames"] == 120
        assert list(run["stages"]) == stages
        assert all(stage in result.stdout for stage in stages)
        # Each frame's stages add up to the whole.
        longest = sum(run["stages"][stage]["max_ms"] for stage in stages[:7])
        assert longest >= run["stages"]["heard to received"]["max_ms"]


def test_devices_answers_or_says_what_to_install(tmp_path: Path) -> None:
    result = facewire("devices", cwd=tmp_path)
    if result.returncode:
        fails_with_one_sentence(result, 2, "install")
    else:
        assert result.stdout.strip()
