"""What phones, browsers and screen recorders write, and mp3 with odd headers."""

import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate
from tests.conftest import skip_unless_ci

from facewire.audio.format import AudioFormat
from facewire.clock import ManualClock
from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire.sources.pcm import PcmStream
from facewire.sources.sound_file import SoundFile

RATE = 16_000
WITHOUT_AV = """
import sys
sys.modules["av"] = None
from facewire_cli.__main__ import main
main()
"""


@pytest.fixture
def av() -> Any:
    return pytest.importorskip("av", reason="PyAV is missing: pip install av")


@pytest.fixture
def wav(speech_like: Samples, tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "speech.wav", speech_like, RATE)
    return tmp_path / "speech.wav"


def ffmpeg(*words: str | Path) -> None:
    if shutil.which("ffmpeg") is None:
        skip_unless_ci("no ffmpeg: apt install ffmpeg")
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True, timeout=60)


def write_with_pyav(av: Any, path: Path, codec: str, samples: Samples, rate: int) -> None:
    """Encode mono samples of `rate` Hz."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(stream.format.name, "mono", rate, stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def heard(path: Path) -> Samples:
    file = SoundFile(path)
    samples = np.concatenate([chunk.samples for chunk in file])
    assert np.isfinite(samples).all()
    return samples


def lag(one: Samples, other: Samples) -> tuple[int, float]:
    """Return how many samples later than in the other speech is in the one, and how alike."""
    fit = correlate(one, other, "full", "fft")
    likeness = float(fit.max() / np.linalg.norm(one) / np.linalg.norm(other))
    return int(np.argmax(fit)) - (len(other) - 1), likeness


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [("a.m4a", "aac", 48_000), ("a.mp4", "aac", 16_000), ("a.webm", "libopus", 48_000)],
)
def test_what_is_recorded_today_is_heard_to_the_sample(
    av: Any, name: str, codec: str, rate: int, speech_like: Samples, tmp_path: Path
) -> None:
    samples = np.repeat(speech_like, rate // RATE)
    write_with_pyav(av, tmp_path / name, codec, samples, rate)
    made = heard(tmp_path / name)
    assert len(made) == pytest.approx(len(speech_like), abs=1)
    shift, likeness = lag(made, speech_like)
    assert abs(shift) <= 1
    assert likeness > 0.95


@pytest.mark.parametrize(
    ("name", "options", "most"),
    [
        ("phone.m4a", ["-c:a", "aac", "-b:a", "64k"], 1),
        ("browser.webm", ["-c:a", "libopus", "-ar", "48000"], 1),
        ("telephone.webm", ["-c:a", "libopus"], 1),
        ("film.mov", ["-c:a", "alac"], 0),
        # These do not say how much their encoder put before the sound, or after it.
        ("vorbis.webm", ["-c:a", "libvorbis", "-ar", "44100"], 1_024),
        ("screen.mkv", ["-c:a", "aac", "-ac", "2", "-ar", "48000"], 1_024),
        ("old.wma", [], 1_024),
        ("bare.aac", ["-c:a", "aac"], 1_024),
    ],
)
def test_ffmpegs_files_are_heard(
    av: Any, name: str, options: list[str], most: int, wav: Path, speech_like: Samples
) -> None:
    path = wav.parent / name
    ffmpeg("-i", wav, *options, path)
    made = heard(path)
    shift, likeness = lag(made, speech_like)
    assert abs(shift) <= most
    assert likeness > 0.95
    assert len(made) == pytest.approx(len(speech_like), abs=max(1, 2 * most))


def test_a_browsers_recording_without_a_length_is_whole(
    av: Any, wav: Path, speech_like: Samples
) -> None:
    """As MediaRecorder writes it: a stream, whose header was written before it ended."""
    path = wav.parent / "live.webm"
    ffmpeg("-i", wav, "-c:a", "libopus", "-ar", "48000", "-f", "webm", "-live", "1", path)
    file = SoundFile(path)
    assert file.native_frames == 0
    assert len(heard(path)) == pytest.approx(len(speech_like), abs=1)


def test_sound_that_begins_later_than_its_film_is_in_step_with_it(
    av: Any, wav: Path, speech_like: Samples
) -> None:
    path = wav.parent / "film.mp4"
    picture = ["-f", "lavfi", "-i", "color=s=64x64:r=10:d=3"]
    ffmpeg(*picture, "-itsoffset", "0.7", "-i", wav, "-c:v", "mpeg4", "-c:a", "aac", path)
    made = heard(path)
    assert lag(made, speech_like)[0] == pytest.approx(0.7 * RATE, abs=1)
    assert len(made) == pytest.approx(3.7 * RATE, abs=1)


def test_of_a_film_that_is_cut_short_the_rest_is_heard(
    av: Any, wav: Path, speech_like: Samples, caplog: pytest.LogCaptureFixture
) -> None:
    path = wav.parent / "cut.webm"
    ffmpeg("-i", wav, "-c:a", "libopus", "-ar", "48000", path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    made = heard(path)
    assert 0.3 * len(speech_like) < len(made) < 0.8 * len(speech_like)
    assert "cut short" in caplog.text


def test_a_film_without_sound_is_one_sentence(av: Any, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=s=64x64:r=10:d=1", "-c:v", "mpeg4", tmp_path / "a.mp4")
    with pytest.raises(ConfigError, match="has no sound that can be read"):
        SoundFile(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["a.m4a", "a.webm", "a.wma"])
def test_what_is_not_media_is_one_sentence(av: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"Dear diary,\n" * 500)
    with pytest.raises(ConfigError, match="is not a recording that can be read; give WAV"):
        SoundFile(tmp_path / name)


def test_a_playlist_opens_nothing_else(av: Any, wav: Path) -> None:
    playlist = wav.parent / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXTINF:3,\n{wav}\n#EXT-X-ENDLIST\n")
    with pytest.raises(ConfigError, match="is not a recording"):
        SoundFile(playlist)


def test_without_the_library_the_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(64))
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_AV, "animate", "a.m4a", "-o", "a.csv"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 2
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("facewire: a.m4a needs PyAV; install it with: pip install ")
    assert "convert it to WAV" in line
    assert not (tmp_path / "a.csv").exists()


async def test_a_film_on_standard_input_is_not_taken_for_pcm(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(64))
    with (tmp_path / "a.m4a").open("rb") as file:
        async with PcmStream(file, AudioFormat(), ManualClock()) as source:
            with pytest.raises(ConfigError, match="MP4 file, not raw PCM"):
                await anext(aiter(source))


def test_mp3_with_odd_headers_says_nothing_of_its_own(
    speech_like: Samples, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.mp3"
    soundfile.write(path, speech_like, RATE, "MPEG_LAYER_III", format="MP3")
    data = path.read_bytes()
    tag, rubbish = b"ID3\x03" + bytes(706), b"\xff\xfb\x00\x00garbage" * 30
    path.write_bytes(tag + data[:3_000] + rubbish + data[3_000:])
    assert len(heard(path)) > 0.9 * len(speech_like)
    assert capfd.readouterr().err == ""
