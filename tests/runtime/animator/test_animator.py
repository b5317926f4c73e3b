"""Faces in one's own program: as the commands make them, however the speech is cut."""

import subprocess
import sys
from collections.abc import AsyncIterator
from fractions import Fraction
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire import arkit
from facewire.animator import Animator, AnimatorOptions, animate, animate_stream
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, Samples
from facewire.recordings import read_recording
from facewire.stream.engines import load_engine

CLIP = Path(str(resources.files("facewire") / "assets" / "demo.flac"))


@pytest.fixture(scope="module")
def speech() -> tuple[Samples, int]:
    samples, rate = soundfile.read(CLIP, dtype="float32")
    return samples[: 3 * rate], rate


def weights(frames: list[BlendshapeFrame]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([frame.weights for frame in frames])


def test_a_recording_gets_the_face_that_the_command_makes(
    speech: tuple[Samples, int], tmp_path: Path
) -> None:
    samples, rate = speech
    wide = np.repeat(samples, 3)  # 48 kHz
    soundfile.write(tmp_path / "speech.wav", wide, 3 * rate, subtype="FLOAT")
    command = [sys.executable, "-m", "facewire", "animate", "speech.wav", "-o", "face.npz"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    face = animate(wide, 3 * rate)
    made = read_recording(tmp_path / "face.npz")
    np.testing.assert_allclose(face.weights, made.weights, atol=1e-5)
    np.testing.assert_array_equal(face.timestamps, made.timestamps)
    np.testing.assert_allclose(face.head, made.head, atol=1e-6)
    assert face.spec == made.spec
    assert len(list(face)) == len(face) == 180


def test_how_speech_is_cut_changes_nothing(speech: tuple[Samples, int]) -> None:
    samples, rate = speech
    with Animator(rate) as whole, Animator(rate) as cut:
        expected = [*whole.push(samples), *whole.flush()]
        pieces = np.array_split(samples, [7, 160, 161, 9_000, 20_000])
        found = [frame for piece in pieces for frame in cut.push(piece)] + cut.flush()
    np.testing.assert_array_equal(weights(found), weights(expected))


async def test_a_stream_yields_faces_while_speech_still_comes(speech: tuple[Samples, int]) -> None:
    samples, rate = speech
    sent = 0

    async def pieces() -> AsyncIterator[Samples]:
        nonlocal sent
        for piece in np.array_split(samples, 30):
            sent += len(piece)
            yield piece

    options = AnimatorOptions(lookahead_ms=40, frame_rate=30, idle=False)
    animator = Animator(rate, options)
    frames: list[BlendshapeFrame] = []
    async for frame in animate_stream(pieces(), animator):
        assert frame.timestamp <= sent
        if not frames:
            assert sent < len(samples)
        frames.append(frame)
    assert len(frames) == 90
    assert animator.spec.lookahead == 640


def test_many_streams_share_a_loaded_engine(speech: tuple[Samples, int]) -> None:
    samples, rate = speech
    options = AnimatorOptions(engine=load_engine("phones"), seed=4)
    first, second = (animate(samples, rate, options) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert (first.weights != animate(samples, rate).weights).any()  # another seed blinks elsewhere


def test_arrays_as_programs_have_them(speech: tuple[Samples, int]) -> None:
    samples, rate = speech
    ints = (samples * 32767).astype(np.int16)
    stereo = np.stack([ints, ints], axis=1)
    doubles = animate(ints / 32768, rate)
    np.testing.assert_array_equal(animate(stereo, rate).weights, doubles.weights)
    with pytest.raises(ValueError, match="int16, not int64"):
        animate([1, 2, 3], rate)
    with Animator(rate) as animator, pytest.raises(ValueError, match="1 channels"):
        animator.push(np.zeros((100, 2), np.float32))
    with pytest.raises(ConfigError):
        animate(samples, rate, AnimatorOptions(engine="nobody"))
    with pytest.raises(ConfigError):
        animate(samples, rate, AnimatorOptions(lookahead_ms=500))
    with pytest.raises(ConfigError, match="phones has no styles; leave the style out"):
        animate(samples, rate, AnimatorOptions(style={"grid": 0.3}))
    assert len(animate(np.zeros(0, np.float32), rate)) == 0


def test_arrays_that_are_the_other_way_round_are_refused(speech: tuple[Samples, int]) -> None:
    """Before anything of their length is made."""
    samples, rate = speech
    for channels in (0, -1, 65, 10**12):
        with pytest.raises(ConfigError, match="channels"):
            Animator(rate, channels=channels)
    with pytest.raises(ConfigError, match="turn one of"):
        animate(np.stack([samples, samples]), rate)
    with pytest.raises(ConfigError, match="sample rate"):
        Animator(44_100.5)  # type: ignore[arg-type]


def test_numbers_as_programs_have_them(speech: tuple[Samples, int]) -> None:
    samples, rate = speech
    face = animate(samples, float(rate), AnimatorOptions(frame_rate=30_000 / 1001))  # type: ignore[arg-type]
    assert face.spec.frame_rate == Fraction(30_000, 1001)
    ints = (samples * 32767).astype(np.int16)
    expected = animate(ints, rate).weights
    np.testing.assert_array_equal(animate(ints.astype(">i2"), rate).weights, expected)


def test_a_table_for_pandas(speech: tuple[Samples, int]) -> None:
    pandas = pytest.importorskip("pandas")
    table = animate(*speech).to_pandas()
    assert isinstance(table, pandas.DataFrame)
    assert list(table.columns) == list(arkit.NAMES)
    assert table.index[60] == pytest.approx(1.0)
    assert table["jawOpen"].max() > 0.1
