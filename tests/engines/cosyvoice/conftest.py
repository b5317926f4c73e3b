"""A worker with a recording in the place of CosyVoice, and voices that speak through it."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings
from facewire_engines.voices.cosyvoice.voice import CosyVoice
from facewire_engines.workers import cosyvoice_worker as worker

STAND_IN = Path(__file__).with_name("replayed_cosyvoice.py")
TOKENS = 230


@pytest.fixture(scope="module")
def recording() -> tuple[np.ndarray, np.ndarray]:
    """Nine seconds of the bundled clip at 24 kHz, and an id for each 40 ms of what is heard."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as clip:
        samples, rate = soundfile.read(clip, dtype="float32")
    audio = soxr.resample(np.tile(samples, 3), rate, 24_000)[: TOKENS * 960].astype(np.float32)
    loudness = np.abs(audio.reshape(TOKENS, 960)).mean(1)
    pitch = np.abs(np.diff(np.sign(audio.reshape(TOKENS, 960)), axis=1)).sum(1)
    tokens = (loudness * 40_000 + pitch * 13).astype(np.int64) % 6561
    return tokens.astype(np.int32), audio


@pytest.fixture(scope="module")
def folder(
    recording: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the worker takes for a clone of CosyVoice."""
    clone = tmp_path_factory.mktemp("clone")
    (clone / "cosyvoice" / "cli").mkdir(parents=True)
    shutil.copy(STAND_IN, clone / "cosyvoice" / "cli" / "cosyvoice.py")
    np.savez(clone / "recording.npz", tokens=recording[0], audio=recording[1])
    (clone / "prompt.wav").touch()
    return clone


@dataclass
class Served:
    """A worker within this process."""

    stand_in: Any
    """The module of CosyVoice's place."""
    tts: Any
    address: str


@pytest.fixture
def served(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Served]:
    """Return a worker."""
    pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
    spec = spec_from_file_location("replayed_cosyvoice", STAND_IN)
    assert spec is not None
    assert spec.loader is not None
    stand_in = module_from_spec(spec)
    spec.loader.exec_module(stand_in)
    tts = stand_in.AutoModel(str(folder))
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = server, worker.Speaker(tts), (worker.FIRST_HOP, worker.LONGEST_HOP)
        thread = threading.Thread(target=worker.serve, args=arguments)
        thread.start()
        yield Served(stand_in, tts, f"127.0.0.1:{server.getsockname()[1]}")
        stand_in.stalled.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def settings(served: Served, folder: Path) -> Callable[..., CosyVoiceSettings]:
    """Return what makes the settings of a voice, in which some keys are other than usual."""

    def make(**more: Any) -> CosyVoiceSettings:
        prompt = str(folder / "prompt.wav")
        usual = {"address": served.address, "prompt_wav": prompt, "prompt_text": "Hello."}
        return CosyVoiceSettings(**{**usual, **more})

    return make


@pytest.fixture
def voice(settings: Callable[..., CosyVoiceSettings]) -> Iterator[CosyVoice]:
    with CosyVoice(settings()) as voice:
        yield voice
