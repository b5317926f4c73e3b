"""libespeak-ng, called as its header `speak_lib.h` says: text in, samples and phonemes out."""

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError

MISSING = "espeak-ng is not installed; install it: apt-get install espeak-ng"

_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 0x0003
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONEME = 7
_LIST_END = 0


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


@cache
def _library() -> tuple[Any, int]:
    """Load and start the library once; return it and its sample rate."""
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError as error:
        raise ConfigError(MISSING) from error
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS_IN_IPA | _DONT_EXIT)
    if rate <= 0:
        raise ConfigError("espeak-ng finds no voices; install them: apt-get install espeak-ng-data")
    return library, int(rate)


def synthesise(text: str, manner: Manner) -> Spoken:
    """Speak a text. One thread at a time: the library has one voice for the whole process.

    Raises:
        ConfigError: espeak-ng is not installed, or lacks the voice.
    """
    library, rate = _library()
    pieces: list[NDArray[np.int16]] = []
    marks: list[tuple[int, str]] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _LIST_END:
            if events[index].type == _PHONEME:
                name = events[index].id.string.decode("utf-8", "ignore")
                marks.append((int(events[index].sample), name))
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
    encoded = text.encode()
    library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return Spoken(samples, rate, tuple(marks))
