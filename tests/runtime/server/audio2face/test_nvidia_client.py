"""NVIDIA's own packages and its sample client, each in an environment of its own, as clients."""

import asyncio
import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.conftest import skip_unless_ci
from tests.runtime.server.audio2face.clip_client import RATE, serving
from tests.runtime.server.audio2face.test_clips import of_session, resampled

from facewire import arkit
from facewire.audio.format import Encoding
from facewire.frames import Samples
from facewire.wire.binary import encode_samples

ROOT = Path(__file__).parents[4]
PYTHON = ROOT / ".cache" / "nvidia-client" / "bin" / "python"
CLIENT = Path(__file__).with_name("nvidia_client.py")
PUSH_PULL = Path(__file__).with_name("nvidia_push_pull.py")
SUCCESS, WARNING = 0, 2


@pytest.fixture
def samples(request: pytest.FixtureRequest) -> Path:
    folder: Path | None = request.config.getoption("--audio2face-samples")
    if folder is None:
        pytest.skip("say --audio2face-samples and where they were cloned (docs/audio2face.md)")
    return folder.resolve()


async def run(*command: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> tuple[int, str]:
    """Return the status of a program, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "", "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    printed, _ = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def nvidia_says(address: str, pcm: Path, rate: int, **parameters: Any) -> dict[str, Any]:
    if not PYTHON.exists():
        skip_unless_ci("NVIDIA's packages are not there: make nvidia-client")
    stdin = json.dumps(parameters).encode()
    status, printed = await run(PYTHON, CLIENT, address, pcm, str(rate), stdin=stdin)
    assert status == 0
    told: dict[str, Any] = json.loads(printed)
    return told


@pytest.mark.parametrize("rate", [16_000, 44_100])
async def test_nvidias_packages_get_the_frames_of_a_session(
    speech_like: Samples, rate: int, tmp_path: Path
) -> None:
    samples = resampled(speech_like, rate)
    pcm = tmp_path / "clip.pcm"
    pcm.write_bytes(encode_samples(samples, Encoding.S16LE))
    async with serving() as server:
        told = await nvidia_says(server.address, pcm, rate)
        expected = await of_session(server, samples, rate)
    assert told["names"][17:19] == ["JawOpen", "MouthClose"]
    assert told["rate"] == rate
    assert told["statuses"] == [[SUCCESS, "90 frames were made."]]
    assert told["kinds"][0] == "animation_data_stream_header"
    assert told["kinds"][-2:] == ["event", "status"]
    np.testing.assert_allclose(told["weights"], expected, atol=1e-5)
    np.testing.assert_allclose(told["times"], np.arange(90) / 30, atol=1e-9)
    assert bytes.fromhex(told["sound"]) == pcm.read_bytes()


async def test_nvidias_parameters_are_honoured_or_warned_of(
    speech_like: Samples, tmp_path: Path
) -> None:
    pcm = tmp_path / "clip.pcm"
    pcm.write_bytes(encode_samples(speech_like, Encoding.S16LE))
    async with serving() as server:
        plain = await nvidia_says(server.address, pcm, RATE)
        told = await nvidia_says(
            server.address, pcm, RATE,
            blendshape_params={
                "bs_weight_multipliers": {"JawOpen": 0.5, "TongueUp": 1.0},
                "bs_weight_offsets": {"CheekPuff": 0.25},
                "enable_clamping_bs_weight": True,
            },
            face_params={"float_params": {"skinStrength": 1.1, "faceMaskLevel": 0.6}},
            emotion_params={"beginning_emotion": {"amazement": 1.0}},
            emotion_post_processing_params={"emotion_strength": 0.6, "max_emotions": 3},
            emotions=[{"time_code": 0.0, "emotion": {"amazement": 1.0}}],
        )  # fmt: skip
    jaw, puff = arkit.INDEX["jawOpen"], arkit.INDEX["cheekPuff"]
    was, now = np.array(plain["weights"]), np.array(told["weights"])
    np.testing.assert_allclose(now[:, jaw].max(), was[:, jaw].max() / 2, rtol=1e-3)
    np.testing.assert_allclose(now[:, puff], 0.25, atol=1e-6)
    # The client's emotion_strength is of it.
    raised = (now - was)[:, arkit.INDEX["browOuterUpLeft"]]
    assert raised.max() == pytest.approx(0.6 * 0.85, abs=0.02)
    assert told["statuses"] == [
        [
            WARNING,
            "skinStrength 1.1 is not done here.",
        ],
        [SUCCESS, "90 frames were made."],
    ]


async def test_nvidias_sample_client_is_content(
    samples: Path, speech_like: Samples, tmp_path: Path
) -> None:
    folder = samples / "scripts" / "audio2face_3d_microservices_interaction_app"
    program = samples / ".venv" / "bin" / "python", folder / "a2f_3d.py"
    soundfile.write(tmp_path / "clip.wav", speech_like, RATE, subtype="PCM_16")
    config = folder / "config" / "config_claire.yml"
    async with serving() as server:
        _, health = await run(*program, "health_check", "--url", server.address)
        command = (*program, "run_inference", "clip.wav", config, "-u", server.address)
        status, printed = await run(*command, cwd=tmp_path)
    assert health.strip() == f"Service {server.address} is ONLINE"
    assert status == 0, printed
    assert "Status code: SUCCESS" in printed
    with (tmp_path / "output_000001" / "animation_frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["timeCode"]) for row in rows] == pytest.approx([i / 30 for i in range(90)])
    assert max(float(row["blendShapes.JawOpen"]) for row in rows) > 0.1
    sent, back = (
        soundfile.read(tmp_path / name, dtype="int16")[0]
        for name in ("clip.wav", "output_000001/out.wav")
    )
    np.testing.assert_array_equal(back, sent)


async def test_nvidias_messages_push_audio_and_pull_its_faces(
    samples: Path, speech_like: Samples, tmp_path: Path
) -> None:
    pcm = tmp_path / "clip.pcm"
    pcm.write_bytes(encode_samples(speech_like, Encoding.S16LE))
    python = samples / ".venv" / "bin" / "python"
    async with serving() as server:
        status, printed = await run(python, PUSH_PULL, server.address, pcm, str(RATE))
        expected = await of_session(server, speech_like, RATE)
    assert status == 0
    told = json.loads(printed)
    assert len(told) == 3
    for clip in told:
        assert clip["names"][17:19] == ["JawOpen", "MouthClose"]
        assert clip["kinds"] == [
            "animation_data_stream_header", *["animation_data"] * 90, "status",
        ]  # fmt: skip
        np.testing.assert_allclose(clip["weights"], expected, atol=1e-5)
        np.testing.assert_allclose(clip["times"], np.arange(90) / 30, atol=1e-9)
        assert bytes.fromhex(clip["sound"]) == pcm.read_bytes()
        assert clip["status"] == clip["pushed"] == [SUCCESS, "90 frames were made."]
    assert told[0]["ids"] == told[1]["ids"]
    assert len(told[0]["ids"][0]) > 20
    assert told[2]["ids"] == ["s", "1", "head"]
