"""A face that was recorded, whatever it was recorded in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.audio.resample import HIGHEST_RATE, LOWEST_RATE
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec, Weights
from facewire.optional_dependency import import_optional

MOST_FRAMES = 24 * 3600 * 60
"""How many frames a recording may have, which are kept in memory: a day at 60 a second."""

_MOST_SECONDS = 30 * 24 * 3600
_MOST_LOOKAHEAD_S = 60


@dataclass(frozen=True, slots=True, eq=False)
class RecordedFace:
    """All frames of a recording, in order of time."""

    spec: StreamSpec
    timestamps: NDArray[np.int64]
    """[T], in samples of the spec's rate since the recording began; frames may be missing."""
    weights: Weights
    """[T, 52], in the order of `arkit.NAMES`, as they were recorded: captures go beyond [0, 1]."""
    head: NDArray[np.float32]
    """[T, 3]: yaw, pitch and roll in radians."""
    speech: NDArray[np.float32]
    """[T]; 1 where the recording does not tell."""
    turns: NDArray[np.int64]
    """[T]"""
    known: NDArray[np.bool_]
    """[52], which shapes were recorded; the others are 0 and mean nothing."""
    engine: str = "recording"
    """What made it."""

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def end(self) -> int:
        """The sample at which the last frame has been shown for its time."""
        last = int(self.timestamps[-1]) if len(self) else 0
        return last + self.spec.timestamp(1)

    def frames(self) -> Iterator[BlendshapeFrame]:
        """Yield the frames; a place is left in their count where one is missing."""
        columns = zip(
            np.clip(self.weights, 0.0, 1.0),
            self.timestamps,
            self.turns,
            self.speech,
            self.head,
            strict=True,
        )
        for weights, timestamp, turn, speech, head in columns:
            yield BlendshapeFrame(
                weights=weights,
                index=self.spec.frame_count(int(timestamp)),
                timestamp=int(timestamp),
                turn=int(turn),
                speech=float(speech),
                head=(float(head[0]), float(head[1]), float(head[2])),
            )

    def __iter__(self) -> Iterator[BlendshapeFrame]:
        return self.frames()

    def to_pandas(self) -> Any:
        """Return a DataFrame with a column for each shape, by seconds.

        Raises:
            ConfigError: pandas is not installed.
        """
        pandas = import_optional("pandas", "a DataFrame needs pandas", command="pip install pandas")
        seconds = pandas.Index(self.timestamps / self.spec.sample_rate, name="seconds")
        return pandas.DataFrame(self.weights, index=seconds, columns=arkit.NAMES)

    def at_rate(self, frame_rate: Fraction) -> "RecordedFace":
        """Return the same motion in frames of another rate, each between its two neighbours.

        Raises:
            ConfigError: these are more than `MOST_FRAMES`.
        """
        spec = replace(self.spec, frame_rate=frame_rate)
        count = spec.frame_count(int(self.timestamps[-1]) + 1) if len(self) else 0
        if count > MOST_FRAMES:
            raise ConfigError(
                f"{count} frames would be made, more than {MOST_FRAMES}; the recording has a gap, "
                "or is longer than a day: cut it, or choose a lower rate"
            )
        times = np.array([spec.timestamp(index) for index in range(count)], np.int64)

        def between(values: NDArray[np.float32]) -> NDArray[np.float32]:
            columns = values.reshape(len(values), -1).T
            found = [np.interp(times, self.timestamps, column) for column in columns]
            return np.array(found, np.float32).T.reshape(count, *values.shape[1:])

        before = np.searchsorted(self.timestamps, times, "right") - 1
        return replace(
            self,
            spec=spec,
            timestamps=times,
            weights=between(self.weights),
            head=between(self.head),
            speech=between(self.speech),
            turns=self.turns[np.maximum(before, 0)],
        )


def recorded_face(
    weights: Weights,
    spec: StreamSpec,
    *,
    known: NDArray[np.bool_],
    timestamps: NDArray[np.int64] | None = None,
    head: NDArray[np.float32] | None = None,
    speech: NDArray[np.float32] | None = None,
    turns: NDArray[np.int64] | None = None,
    engine: str = "recording",
) -> RecordedFace:
    """Return a recording, with what is not told of it at rest.

    Raises:
        ValueError: an array has another length than the weights, holds what is no number, or is
            longer than `MOST_FRAMES`; or time begins below 0, goes backwards or takes a month.
    """
    count = len(weights)
    if count > MOST_FRAMES:
        raise ValueError(f"it has more than {MOST_FRAMES} frames, a day of 60 a second; cut it")
    if not LOWEST_RATE <= spec.sample_rate <= HIGHEST_RATE:
        raise ValueError(f"its time is in samples of {spec.sample_rate} Hz, no rate of audio")
    if spec.lookahead > _MOST_LOOKAHEAD_S * spec.sample_rate:
        raise ValueError(f"its engine would hear {spec.lookahead} samples ahead")
    if timestamps is None:
        timestamps = np.array([spec.timestamp(index) for index in range(count)], np.int64)
    face = RecordedFace(
        spec=spec,
        timestamps=_times(timestamps, spec.sample_rate),
        weights=weights.astype(np.float32, copy=False),
        head=np.zeros((count, 3), np.float32) if head is None else head.astype(np.float32),
        speech=np.ones(count, np.float32) if speech is None else speech.astype(np.float32),
        turns=np.zeros(count, np.int64) if turns is None else _turns(turns),
        known=known,
        engine=engine,
    )
    if face.weights.shape != (count, arkit.COUNT) or face.head.shape != (count, 3):
        raise ValueError(f"its frames are of shape {weights.shape} and {face.head.shape}")
    if {face.timestamps.shape, face.speech.shape, face.turns.shape} != {(count,)}:
        raise ValueError("its arrays differ in length")
    if not all(np.isfinite(each).all() for each in (face.weights, face.head, face.speech)):
        raise ValueError("it holds values that are no numbers")
    if count and (np.diff(face.timestamps) <= 0).any():
        raise ValueError("its time stands still or goes backwards")
    return face


def _times(timestamps: NDArray[Any], sample_rate: int) -> NDArray[np.int64]:
    # Compared as they came: to be cast, or subtracted, they have to be in range.
    if timestamps.size and not (
        timestamps.min() >= 0 and timestamps.max() < _MOST_SECONDS * sample_rate
    ):
        raise ValueError("its time does not go from 0 up to a month")
    times: NDArray[np.int64] = np.rint(timestamps).astype(np.int64)
    return times


def _turns(turns: NDArray[Any]) -> NDArray[np.int64]:
    if turns.size and not (turns.min() >= 0 and turns.max() <= np.iinfo(np.uint32).max):
        raise ValueError("its turns are no counts")
    return turns.astype(np.int64)


def recorded_frames(
    frames: Sequence[BlendshapeFrame], spec: StreamSpec, engine: str = "recording"
) -> RecordedFace:
    """Return frames of one stream as a recording."""
    weights = np.array([frame.weights for frame in frames], np.float32)
    return RecordedFace(
        spec=spec,
        timestamps=np.array([frame.timestamp for frame in frames], np.int64),
        weights=weights.reshape(len(frames), arkit.COUNT),
        head=np.array([frame.head for frame in frames], np.float32).reshape(len(frames), 3),
        speech=np.array([frame.speech for frame in frames], np.float32),
        turns=np.array([frame.turn for frame in frames], np.int64),
        known=np.ones(arkit.COUNT, np.bool_),
        engine=engine,
    )
