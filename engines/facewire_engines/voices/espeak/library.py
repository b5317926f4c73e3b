"""libespeak-ng, called as its header `speak_lib.h` says: text in, samples and phonemes out.

The library is that of the package espeakng-loader, or else the system's. Its state is global to
the process, so this is the only module that may call it, and a lock lets one thread in at a time.
"""

import ctypes
import threading
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.optional_dependency import install_command

_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 0x0003
_DONT_EXIT = 0x8000
_UTF8 = 1
_END_PAUSE = 0x1000
_RATE, _PITCH, _RANGE = 1, 3, 4
_LIST_END, _WORD, _PHONEME = 0, 1, 7

_LOCK = threading.Lock()


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak."""

    voice: str
    """A voice, with a variant if wanted: `en-gb+f2`."""
    words_per_minute: int = 175
    pitch: int = 50
    """0 to 100."""
    pitch_range: int = 50
    """0 (monotonous) to 100."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What espeak-ng gave back."""

    samples: NDArray[np.int16]
    """[T]."""
    sample_rate: int
    marks: tuple[tuple[int, str], ...]
    """First sample of each phoneme, and its name in IPA (empty for a pause)."""
    words: tuple[tuple[int, int], ...] = ()
    """First sample of each word, and where it stands in the text, in characters from 0."""


def missing() -> str:
    """Say that the library is not here, and how to get it."""
    return f"speaking needs espeak-ng; install it with: {install_command('tts')}"


@cache
def _library() -> tuple[Any, int]:
    """Load and start the library once; return it and its sample rate."""
    try:
        loader = import_module("espeakng_loader")
    except Exception:  # a system's own library will do, whatever is wrong with this one
        path, data = "libespeak-ng.so.1", None
    else:
        path, data = loader.get_library_path(), loader.get_data_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ConfigError(missing()) from error
    rate = library.espeak_Initialize(
        _SYNCHRONOUS, 0, data.encode() if data else None, _PHONEME_EVENTS_IN_IPA | _DONT_EXIT
    )
    if rate <= 0:
        raise ConfigError(f"espeak-ng finds no voices in {data or 'the system'}; {missing()}")
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    return library, int(rate)


def synthesise(text: str, manner: Manner, *, end_pause: bool = False) -> Spoken:
    """Speak a text, with the pause of its last punctuation if wanted. May be called by any thread.

    Raises:
        ConfigError: espeak-ng is not installed, or lacks the voice.
    """
    with _LOCK:
        return _synthesise(text, manner, _UTF8 | (_END_PAUSE if end_pause else 0))


def _synthesise(text: str, manner: Manner, flags: int) -> Spoken:
    library, rate = _library()
    pieces: list[NDArray[np.int16]] = []
    marks: list[tuple[int, str]] = []
    words: list[tuple[int, int]] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while (event := events[index]).type != _LIST_END:
            if event.type == _PHONEME:
                marks.append((int(event.sample), event.id.string.decode("utf-8", "ignore")))
            elif event.type == _WORD:
                words.append((int(event.sample), int(event.text_position) - 1))
            index += 1
        return 0

    callback = _CALLBACK(collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
        raise ConfigError(f"espeak-ng has no voice {manner.voice!r}; see espeak-ng --voices")
    for parameter, value in (
        (_RATE, manner.words_per_minute),
        (_PITCH, manner.pitch),
        (_RANGE, manner.pitch_range),
    ):
        library.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode(errors="replace")
    library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, flags, None, None)
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return Spoken(samples, rate, tuple(marks), tuple(words))


def languages() -> dict[str, str]:
    """Return what can be spoken: the code of each language, such as `en-us`, and its voice.

    Raises:
        ConfigError: espeak-ng is not installed.
    """
    with _LOCK:
        library, _ = _library()
        return {
            # The first byte of a list of languages is a priority.
            ctypes.string_at(voice.languages + 1).decode(): voice.identifier.decode()
            for voice in _voices(library, None)
        }


def language_names() -> dict[str, str]:
    """Return what the language of each code is called in English.

    Raises:
        ConfigError: espeak-ng is not installed.
    """
    with _LOCK:
        library, _ = _library()
        return {
            ctypes.string_at(voice.languages + 1).decode(): voice.name.decode()
            for voice in _voices(library, None)
        }


def variants() -> dict[str, str]:
    """Return the voices that may be put on a language: what is written after `+`, and its name.

    Raises:
        ConfigError: espeak-ng is not installed.
    """
    language = ctypes.create_string_buffer(b"variant")
    spec = _Voice(languages=ctypes.cast(language, ctypes.c_void_p))
    with _LOCK:
        library, _ = _library()
        return {
            PurePosixPath(voice.identifier.decode().replace("\\", "/")).name: voice.name.decode()
            for voice in _voices(library, ctypes.byref(spec))
        }


def _voices(library: Any, spec: Any) -> list[_Voice]:
    listed = library.espeak_ListVoices(spec)
    voices: list[_Voice] = []
    while listed[len(voices)]:
        voices.append(listed[len(voices)].contents)
    return voices
