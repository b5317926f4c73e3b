"""What is HuBERT's own; the contract of every engine is in test_streaming.py."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from facewire.errors import ConfigError, EngineError
from facewire.frames import AudioChunk, Samples
from facewire.stream.engines import load_engine as load
from facewire_engines.backends.parity import compare_engines
from facewire_engines.hubert.engine import load_hubert
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.recipe.engine import RecipeEngine


@pytest.fixture(scope="module")
def engine(hubert_folder: Path) -> RecipeEngine:
    return load_hubert(hubert_folder)


def test_sizes_are_those_of_the_export(engine: RecipeEngine) -> None:
    assert engine.hop == 640
    assert engine.model.right == 8
    assert engine.longest_lookahead_ms == 200


def test_right_context_is_what_the_lookahead_leaves_after_a_step(engine: RecipeEngine) -> None:
    found = [engine.model.right_context(ms * 16) for ms in (0, 20, 40, 59, 60, 80, 200)]
    assert found == [0, 0, 0, 0, 1, 2, 8]


@pytest.mark.parametrize("lookahead_ms", [40, 80, 200])
def test_a_frame_has_read_the_feature_of_its_own_moment(
    engine: RecipeEngine, speech: Samples, lookahead_ms: float
) -> None:
    clip = speech[:32_000]
    place = 20_000
    changed = clip.copy()
    changed[place : place + 160] = 0.5

    def frames(samples: Samples) -> list[np.ndarray]:
        session = engine.session(lookahead_ms=lookahead_ms)
        return [frame.weights for frame in session.push(AudioChunk(samples, 0, 16_000))]

    pairs = zip(frames(clip), frames(changed), strict=True)
    differing = [index for index, (a, b) in enumerate(pairs) if not np.array_equal(a, b)]
    first = differing[0] * 16_000 / 60
    assert place - lookahead_ms * 16 <= first <= place + 160 + 320


def test_half_a_minute_has_all_its_frames_and_stays_finite(
    engine: RecipeEngine, speech: Samples
) -> None:
    long = np.resize(speech, 30 * 16_000)
    session = engine.session()
    timestamps, ends = [], []
    for start in range(0, len(long), 16_000):
        for frame in session.push(AudioChunk(long[start : start + 16_000], start, 16_000)):
            timestamps.append(frame.timestamp)
            ends.append(frame.weights)
    timestamps += [frame.timestamp for frame in session.flush()]
    assert timestamps == [index * 16_000 // 60 for index in range(1800)]
    last = np.array(ends[-600:])
    assert np.isfinite(last).all()
    assert last.std(axis=0).max() > 0.05


def test_loudness_is_forgotten(engine: RecipeEngine, speech: Samples) -> None:
    def weights(gain: float) -> np.ndarray:
        session = engine.session()
        long = np.resize(speech, 40 * 16_000) * np.float32(gain)
        return np.array([f.weights for f in session.push(AudioChunk(long, 0, 16_000))])

    loud, quiet = weights(1.0), weights(0.5)
    apart = [np.abs(loud - quiet)[part].mean() for part in (slice(300, 600), slice(-300, None))]
    assert apart[1] < 0.4 * apart[0]
    assert apart[1] < 0.12 * loud.std(axis=0).mean()


def test_torch_gives_the_same_face(
    hubert_folder: Path, engine: RecipeEngine, speech: Samples
) -> None:
    other = load(f"hubert:{hubert_folder}@torch")
    assert compare_engines(engine, other, speech[:8_000]).largest < 1e-4


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(ConfigError, match=r"hubert:FOLDER \(docs/hubert\.md"):
        load("hubert")


def test_a_folder_without_a_model_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"no model in {tmp_path}"):
        load(f"hubert:{tmp_path}")


def test_another_kind_of_model_is_refused() -> None:
    phones = EMBEDDED_MODELS / "phones"
    with pytest.raises(EngineError, match="not one for the engine hubert"):
        load_hubert(phones)


def test_a_changed_file_is_refused(hubert_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(hubert_folder, tmp_path / "model")
    (folder / "encoder.onnx").write_bytes(b"something else")
    with pytest.raises(EngineError, match=r"encoder\.onnx is damaged or was changed"):
        load_hubert(folder)


def test_an_at_sign_in_a_folder_is_no_backend(tmp_path: Path) -> None:
    folder = tmp_path / "me@home" / "model"
    with pytest.raises(ConfigError, match=r"no model in .*me@home"):
        load(f"hubert:{folder}")
    with pytest.raises(ConfigError, match="no back-end 'nonsense'"):
        load(f"hubert:{folder}@nonsense")


def test_auto_takes_a_gpu_for_a_large_model_from_the_first_stream(hubert_folder: Path) -> None:
    said: list[str] = []
    load(f"hubert:{hubert_folder}", backend="auto", tell=said.append)
    load("phones", backend="auto", tell=said.append)
    assert "few streams" not in said[0]
    assert "few streams" in said[1]
