import logging
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire.sources.sound_file import SoundFile


def heard(file: SoundFile) -> Samples:
    chunks = list(file)
    position = 0
    for chunk in chunks:
        assert chunk.start == position
        assert chunk.sample_rate == file.sample_rate
        assert chunk.samples.dtype == np.float32
        position = chunk.end
    assert all(len(chunk.samples) == file.chunk_samples for chunk in chunks[:-1])
    return np.concatenate([chunk.samples for chunk in chunks])


def similarity(one: Samples, other: Samples) -> float:
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.mark.parametrize(
    ("ending", "subtype", "accuracy"),
    [
        ("wav", "PCM_U8", 0.02),
        ("wav", "PCM_16", 1e-4),
        ("wav", "PCM_24", 1e-6),
        ("wav", "PCM_32", 1e-6),
        ("wav", "FLOAT", 1e-6),
        ("wav", "DOUBLE", 1e-6),
        ("flac", "PCM_16", 1e-4),
        ("aiff", "PCM_24", 1e-6),
    ],
)
def test_lossless_formats(
    ending: str, subtype: str, accuracy: float, speech_like: Samples, tmp_path: Path
) -> None:
    path = tmp_path / f"speech.{ending}"
    soundfile.write(path, speech_like, 16_000, subtype)
    np.testing.assert_allclose(heard(SoundFile(path)), speech_like, atol=accuracy)


@pytest.mark.parametrize(
    ("ending", "subtype"), [("ogg", "VORBIS"), ("opus", "OPUS"), ("mp3", "MPEG_LAYER_III")]
)
def test_lossy_formats(ending: str, subtype: str, speech_like: Samples, tmp_path: Path) -> None:
    path = tmp_path / f"speech.{ending}"
    form = "MP3" if ending == "mp3" else "OGG"
    soundfile.write(path, speech_like, 16_000, subtype, format=form)
    file = SoundFile(path)
    made = heard(file)
    assert len(made) == file.samples == len(speech_like)
    assert similarity(made, speech_like) > 0.95
    assert not file.cut_short


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_any_rate(rate: int, speech_like: Samples, tmp_path: Path) -> None:
    """An independent resampler makes the file."""
    soundfile.write(tmp_path / "a.wav", resample_poly(speech_like, rate, 16_000), rate, "FLOAT")
    narrow = resample_poly(resample_poly(speech_like, 1, 2), 2, 1).astype(np.float32)
    file = SoundFile(tmp_path / "a.wav")
    made = heard(file)
    assert len(made) == file.samples
    assert abs(len(made) - len(speech_like)) <= 1
    count = min(len(made), len(speech_like))
    expected = narrow if rate == 8_000 else speech_like
    assert similarity(made[:count], expected[:count]) > 0.999


def test_six_channels_are_averaged(speech_like: Samples, tmp_path: Path) -> None:
    block = np.zeros((len(speech_like), 6), np.float32)
    block[:, 2] = speech_like
    soundfile.write(tmp_path / "film.wav", block, 16_000, "FLOAT")
    file = SoundFile(tmp_path / "film.wav")
    assert file.channels == 6
    np.testing.assert_allclose(heard(file), speech_like / 6, atol=1e-6)


def test_header_facts(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((22_050, 2)), 44_100)
    file = SoundFile(tmp_path / "a.wav")
    assert (file.native_rate, file.channels, file.native_frames) == (44_100, 2, 22_050)
    assert file.duration_s == 0.5
    assert file.samples == 8_000


@pytest.mark.parametrize("size", [1, 7, 160, 100_000])
def test_chunks_are_as_long_as_asked_for(size: int, speech_like: Samples, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speech_like[:9_999], 16_000, "FLOAT")
    file = SoundFile(tmp_path / "a.wav", chunk_samples=size)
    np.testing.assert_array_equal(heard(file), speech_like[:9_999])


def test_each_iteration_starts_again(speech_like: Samples, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speech_like, 48_000)
    file = SoundFile(tmp_path / "a.wav")
    np.testing.assert_array_equal(heard(file), heard(file))


def test_a_long_file_is_not_loaded_whole(tmp_path: Path) -> None:
    second = np.zeros(44_100, np.int16)
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 44_100, 1) as file:
        for _ in range(600):
            file.write(second)
    tracemalloc.start()
    count = sum(len(chunk.samples) for chunk in SoundFile(tmp_path / "long.wav"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 600 * 16_000
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("ending", "form", "subtype"),
    [
        ("wav", "WAV", "PCM_16"),
        ("aiff", "AIFF", "PCM_16"),
        ("flac", "FLAC", "PCM_16"),
        ("ogg", "OGG", "VORBIS"),
        ("opus", "OGG", "OPUS"),
        ("mp3", "MP3", "MPEG_LAYER_III"),
    ],
)
def test_of_a_truncated_file_the_rest_is_played(
    ending: str,
    form: str,
    subtype: str,
    speech_like: Samples,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / f"cut.{ending}"
    whole = np.tile(speech_like, 4)
    with soundfile.SoundFile(path, "w", 16_000, 1, subtype, format=form) as file:
        for second in np.split(whole, 12):
            file.write(second)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    file = SoundFile(path)
    made = heard(file)
    list(file)
    assert 0.2 * len(whole) < len(made) < 0.8 * len(whole)
    assert similarity(made[:30_000], whole[:30_000]) > 0.95
    (record,) = caplog.records
    assert "cut short" in record.message


def test_a_wav_of_unknown_length_is_whole(
    speech_like: Samples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Programs that write a wav into a pipe put the largest size into its header."""
    path = tmp_path / "piped.wav"
    soundfile.write(path, speech_like, 16_000, "PCM_16")
    data = bytearray(path.read_bytes())
    for offset in (4, 40):
        data[offset : offset + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(heard(SoundFile(path))) == len(speech_like)
    assert not caplog.records


def test_samples_that_are_not_numbers_become_silence(
    speech_like: Samples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = speech_like.copy()
    broken[[5, 9_000]] = [np.nan, np.inf]
    soundfile.write(tmp_path / "nan.wav", broken, 16_000, "FLOAT")
    made = heard(SoundFile(tmp_path / "nan.wav"))
    assert np.isfinite(made).all()
    np.testing.assert_array_equal(made[[5, 9_000]], 0)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "2 samples that are not numbers" in record.message


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file .*gone\.wav"):
        SoundFile(tmp_path / "gone.wav")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a file"):
        SoundFile(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"Dear diary,\n" * 50, "not a recording that can be read"), (b"", "is an empty file")],
)
def test_what_is_not_audio(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "diary.wav").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        SoundFile(tmp_path / "diary.wav")


def test_a_raw_file_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "speech.raw").write_bytes(bytes(1000))
    with pytest.raises(ConfigError, match="not a recording that can be read"):
        SoundFile(tmp_path / "speech.raw")


def test_a_wav_without_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16_000)
    with pytest.raises(ConfigError, match="holds no sound"):
        SoundFile(tmp_path / "none.wav")


def test_a_recording_of_the_data_set_is_whole(data_dir: Path) -> None:
    file = SoundFile(next((data_dir / "librispeech" / "audio").rglob("*.opus")))
    assert not file.cut_short
    assert len(heard(file)) == file.samples
