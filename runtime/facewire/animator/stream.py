"""Speech as arrays, in; faces, out: for notebooks, scripts and tools of one's own."""

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, SupportsInt

import numpy as np
from numpy.typing import ArrayLike

from facewire.audio.resample import StreamResampler
from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.face import Profile, load_profile, make_face
from facewire.frame_rate import parse_frame_rate
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire.recordings import RecordedFace, recorded_frames
from facewire.settings.lookahead import DELAYED_MS
from facewire.stream.engine import Engine, open_in_style
from facewire.stream.engines import load_engine

MOST_CHANNELS = 64
_MOST_DIGITS = 12
"""Of a rate that somebody wrote; others are computed."""


@dataclass(frozen=True, slots=True)
class AnimatorOptions:
    """How a stream is animated."""

    engine: str | Engine = "phones"
    """As `--engine` names it, or one that is loaded, for many streams."""
    frame_rate: str | float = 60
    """Frames per second: 30, "30000/1001" ..."""
    lookahead_ms: float = DELAYED_MS
    """How far ahead of a face the engine may listen."""
    idle: bool = True
    """Whether eyes blink, and brows and head move a little."""
    seed: int | None = 0
    """Which idle motion; None is one of its own."""
    style: Mapping[str, float] | None = None
    """Shares of the styles of the engine's model, such as {"grid": 0.3}; None is the usual one."""
    profile: Path | Profile | None = None
    """TOML file with gains and offsets, or what was read of one."""


class Animator:
    """One stream of speech. Used by one thread at a time; `async` programs have `animate_stream`.

    How the speech is cut into pieces does not change the faces.
    """

    def __init__(
        self,
        sample_rate: int = 16_000,
        options: AnimatorOptions | None = None,
        *,
        channels: int = 1,
        live: bool = True,
    ) -> None:
        """Begin a stream of audio at `sample_rate` Hz.

        With `live`, resampling holds 1.5 ms back; without, up to 120 ms, with the sharper filter.

        Raises:
            ConfigError: there is no such engine, or it cannot do what the options ask for; or the
                rate or the number of channels is not that of audio.
            EngineError: its model is missing or damaged.
        """
        sample_rate = _whole(sample_rate, "sample rate")
        channels = _whole(channels, "number of channels")
        if not 1 <= channels <= MOST_CHANNELS:
            raise ConfigError(
                f"audio has 1 to {MOST_CHANNELS} channels, not {channels}; arrays are "
                "[T, channels], so turn one of [channels, T] round"
            )
        wanted = options or AnimatorOptions()
        engine = wanted.engine
        loaded = load_engine(engine) if isinstance(engine, str) else engine
        self._resampler = StreamResampler(sample_rate, loaded.sample_rate, channels, live=live)
        self._session = open_in_style(
            loaded,
            wanted.style,
            frame_rate=parse_frame_rate(_rate_text(wanted.frame_rate)),
            lookahead_ms=wanted.lookahead_ms,
            clock=SystemClock(),
        )
        profile = wanted.profile or Profile()
        if not isinstance(profile, Profile):
            profile = load_profile(Path(profile))
        self._face = make_face(self.spec, profile, idle=wanted.idle, seed=wanted.seed)
        self._heard = 0

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream: a frame's `timestamp` counts samples of its rate."""
        return self._session.spec

    def push(self, samples: ArrayLike) -> list[BlendshapeFrame]:
        """Take the next speech, and return the frames that it completes.

        Args:
            samples: [T] or [T, channels], in [-1, 1], or 16-bit integers.

        Raises:
            ValueError: the stream has ended, or the array is none of these.
        """
        return self._hear(self._resampler.push(_as_float(samples)))

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream, and return its last frames."""
        frames = self._hear(self._resampler.flush())
        return [*frames, *map(self._face.apply, self._session.flush())]

    def close(self) -> None:
        """Give back what the stream holds; twice is once."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _hear(self, samples: Samples) -> list[BlendshapeFrame]:
        chunk = AudioChunk(samples, self._heard, self.spec.sample_rate)
        self._heard = chunk.end
        self._face.hear(samples)
        return [self._face.apply(frame) for frame in self._session.push(chunk)]


def animate(
    samples: ArrayLike, sample_rate: int, options: AnimatorOptions | None = None
) -> RecordedFace:
    """Return the face of a whole recording; iterate it for frames, or take its arrays.

    Args:
        samples: [T] or [T, channels], in [-1, 1], or 16-bit integers.
        sample_rate: Hz.
        options: by default the embedded model at 60 frames a second.

    Raises:
        ConfigError: there is no such engine, or it cannot do what the options ask for.
        EngineError: its model is missing or damaged.
        ValueError: the array is no audio.
    """
    audio = np.asarray(samples)
    channels = audio.shape[1] if audio.ndim == 2 else 1
    with Animator(sample_rate, options, channels=channels, live=False) as animator:
        frames = [*animator.push(audio), *animator.flush()]
        return recorded_frames(frames, animator.spec)


async def animate_stream(
    pieces: AsyncIterable[ArrayLike], animator: Animator
) -> AsyncIterator[BlendshapeFrame]:
    """Yield the frames of speech that comes piece by piece, while other tasks run.

    Args:
        pieces: as `Animator.push` takes them.
        animator: of this stream; it is ended with the pieces.
    """
    try:
        async for piece in pieces:
            for frame in await asyncio.to_thread(animator.push, piece):
                yield frame
        for frame in await asyncio.to_thread(animator.flush):
            yield frame
    finally:
        animator.close()


def _whole(number: float, what: str) -> int:
    """Return 16000 of 16000.0, as many programs have it."""
    if not isinstance(number, SupportsInt) or not math.isfinite(number) or number != int(number):
        raise ConfigError(f"{number!r} is no {what}; give a whole number such as 1 or 16000")
    return int(number)


def _rate_text(rate: str | float) -> str:
    """Return 30000/1001 as people write it, of the number that a program makes of that."""
    text = str(rate)
    if isinstance(rate, float) and math.isfinite(rate) and len(text) > _MOST_DIGITS:
        return str(Fraction(rate).limit_denominator(1001))
    return text


def _as_float(samples: ArrayLike) -> Samples:
    audio = np.asarray(samples)
    if audio.dtype.kind == "i" and audio.dtype.itemsize == 2:  # in any byte order
        return audio.astype(np.float32) / np.float32(32768)
    if audio.dtype.kind != "f":
        raise ValueError(f"samples are floats in [-1, 1] or int16, not {audio.dtype}")
    with np.errstate(over="ignore"):  # what is too large is no number, and silent
        return audio.astype(np.float32)
