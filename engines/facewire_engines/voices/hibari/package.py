"""The package hibari-tts, and what its graph knows besides the sound: durations, and latents.

`VERSION` is the one whose graph and reader were looked into. Of another, only what it documents is
used: text in, sound out.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire.optional_dependency import import_optional, install_command
from facewire.toml_file import nearest
from facewire_engines.phones.hibari_reader import VERSION, installed_version, load_reader

SAMPLE_RATE = 24_000
FRAME = 600
"""Samples of what the graph counts durations in: 25 ms."""
LATENT = FRAME // 2
"""Samples that a latent lasts."""

DURATIONS = "/Clip_output_0"
"""The tensor [L] of the frames of each symbol; their sum is the length of the sound."""
LATENTS = "/dec_norm/LayerNormalization_output_0"
"""The tensor [1, 2 F, 256] that the sound is made from: two rows for each frame."""
_TAPPED = [DURATIONS, LATENTS]
_SOUND = ["lh", "theta", "ln", "lr", "phi", "f0"]
"""The graph's own outputs, which the package makes sound from; the last is the pitch in Hz."""
_OCTAVES = 0.5
"""How far the ends of the scale of pitch are from its middle."""

_LOADING = threading.Lock()
_GRAPH, _OUTPUT, _NAME = 7, 12, 1
"""Fields of `ModelProto`, `GraphProto` and `ValueInfoProto` in onnx.proto."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What the graph makes of some symbols."""

    sound: Samples
    """[T] at 24 kHz."""
    frames: NDArray[np.int64]
    """How many frames each symbol lasts, with the silence before and after them, [L + 2]."""
    latents: NDArray[np.float32]
    """[N, 256], of which each lasts 300 samples."""


class Hibari:
    """A loaded voice of the package. Immutable save for its reader, which one thread may use."""

    def __init__(self, package: ModuleType, voice: str) -> None:
        self._package = package
        self.name = voice
        path = _model_file(package, voice)
        self._tts: Any = _tapped(package, voice, path)
        self.timed = self._tts is not None
        """Whether this is the version whose durations are known."""
        if not self.timed:
            self._tts = package.Hibari(voice=voice, g2p=_reader(package, voice))
        self.reader = self._tts.g2p
        """What turns text into symbols, in the package's class; it is read from files here."""
        self.reading = threading.Lock()
        """Held by whoever uses the reader."""

    @property
    def alphabet(self) -> dict[str, int]:
        """The symbols that the graph knows."""
        found: dict[str, int] = self._tts.vocab
        return found

    @property
    def width(self) -> int:
        """How many numbers a latent has."""
        return int(self._tts.sess.get_outputs()[-1].shape[-1])

    def synthesise(self, symbols: str, speed: float, pitch: int) -> Spoken:
        """Speak L symbols of the alphabet."""
        ids = np.array([[0, *map(self.alphabet.__getitem__, symbols), 0]], np.int64)
        feeds = {"ids": ids, "speed": np.array([speed], np.float32)}
        *parts, frames, latents = self._tts.sess.run([*_SOUND, *_TAPPED], feeds)
        parts[-1] = parts[-1] * np.float32(2 ** (_OCTAVES * (pitch - 50) / 50))
        # The same noise each time: the same text makes the same files.
        sound: Samples = self._package.dsp.synth(*(p[0] for p in parts), np.random.default_rng(0))
        return Spoken(sound, frames.astype(np.int64), latents[0])

    def sound(self, text: str, speed: float) -> Samples:
        """Speak a text by what the package documents; [T] at its own rate, `sample_rate`."""
        with self.reading:
            samples: Samples = self._tts(text, speed=speed, seed=0)
        return samples

    @property
    def sample_rate(self) -> int:
        """Hz of its sound."""
        return int(self._tts.sample_rate)


def import_hibari() -> ModuleType:
    """Return the package.

    Raises:
        ConfigError: it is not installed, or does not load here.
    """
    return import_optional("hibari", "the voice hibari needs hibari-tts", "voice")


def load_hibari(voice: str) -> Hibari:
    """Return a voice of the package, loaded once for everybody.

    Raises:
        ConfigError: it is not installed or damaged, or there is no such voice on this machine.
    """
    with _LOADING:
        return _load(voice.lower() or "heart")


@cache
def _load(voice: str) -> Hibari:
    package = import_hibari()
    try:
        return Hibari(package, voice)
    except ConfigError:
        raise
    except Exception as error:
        problem = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"the voice hibari does not load ({problem}); install it again with: "
            f"{install_command('voice')}"
        ) from error


def own_voices() -> tuple[tuple[str, str], ...]:
    """Return the voices of the package, with what each is or how to get it; none without it."""
    try:
        package = import_hibari()
        return tuple((name, _about(package, name)) for name in package.voices.VOICES)
    except Exception:  # whoever lists voices is told elsewhere what is wrong with the package
        return ()


def _about(package: ModuleType, voice: str) -> str:
    known = package.voices.VOICES[voice]
    about = f"{known['accent']}, {known['gender']}"
    try:
        _model_file(package, voice)
    except ConfigError:
        return f"{about}; downloaded once by: {_download_command(voice)}"
    return about


def _download_command(voice: str) -> str:
    return f'hibari "Hello." --voice {voice} -o hello.wav'


def other_version() -> str:
    """Say in one sentence why the times of what is installed are not known."""
    if installed_version() == VERSION:
        return (
            f"the model of hibari-tts {VERSION} on this machine tells no times that are known "
            "here, so its sound is listened to; for its times, install it again with: pip install "
            f'--force-reinstall --no-deps "hibari-tts=={VERSION}"'
        )
    return (
        f"hibari-tts is installed as {installed_version()}, whose graph tells no times that are "
        f"known here, so its sound is listened to; {VERSION} is quicker and more exact"
    )


def _model_file(package: ModuleType, voice: str) -> str:
    """Return the file of a voice that is on this machine: nothing is downloaded here.

    Raises:
        ConfigError: there is none.
    """
    voices = package.voices.VOICES
    if voice not in voices:
        meant = nearest(voice, voices)
        advice = f"did you mean {meant}?" if meant else f"choose one of {', '.join(voices)}"
        raise ConfigError(f"hibari has no voice {voice!r}; {advice}")
    try:
        found: str = package.voices.voice_path(voice, download_missing=False)
    except FileNotFoundError as error:
        raise ConfigError(
            f"the voice hibari:{voice} is not on this machine; this downloads it once: "
            f"{_download_command(voice)}"
        ) from error
    return found


def _tapped(package: ModuleType, voice: str, path: str) -> Any:
    """Return the voice with a graph that tells what is tapped, or None if it is another version."""
    if installed_version() != VERSION:
        return None
    with open(path, "rb") as file:
        model = file.read()
    reader = _reader(package, voice)
    try:
        tts = package.Hibari(voice=voice, model=_with_outputs(model, _TAPPED), g2p=reader)
    except Exception:  # it has no such tensor; of which class onnxruntime says so, varies
        return None
    outputs = [output.name for output in tts.sess.get_outputs()]
    return tts if outputs == [*_SOUND, *_TAPPED] else None


def _reader(package: ModuleType, voice: str) -> Any:
    return load_reader(british=bool(package.voices.VOICES[voice]["british"]))


def _with_outputs(model: bytes, tensors: Sequence[str]) -> bytes:
    """Return an ONNX model that also gives some tensors from within it.

    In protobuf's encoding a message that comes twice is merged, and its lists are joined: so a
    second, all but empty graph behind the first adds an output to it. See "Last One Wins" in the
    description of the encoding, https://protobuf.dev/programming-guides/encoding/.
    """
    for tensor in tensors:
        value = _field(_NAME, tensor.encode())
        model += _field(_GRAPH, _field(_OUTPUT, value))
    return model


def _field(number: int, content: bytes) -> bytes:
    """Encode a field that holds bytes; both number and length take one byte here."""
    assert number < 16
    assert len(content) < 128
    return bytes((number << 3 | 2, len(content))) + content
