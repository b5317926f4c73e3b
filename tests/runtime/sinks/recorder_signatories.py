"""Every kind of recorder, and how the tests of what they owe use it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from facewire import arkit
from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.recordings.live_link_table import read_csv
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import LiveLinkCsv
from facewire.sinks.npz import NpzRecorder, save_part
from facewire.sinks.wav import WavRecorder
from facewire.sinks.word_times import WordTimesRecorder
from facewire.speaking.voice import Span

RATE = 16_000
CHUNK = 160
SPEC = StreamSpec()


class Signatory(Protocol):
    """How the tests use a kind of recorder; a step is a frame, a chunk or a word."""

    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any: ...

    async def open(self, recorder: Any) -> None: ...

    async def send(self, recorder: Any, step: int) -> None: ...

    def read(self, path: Path) -> int:
        """Return how many steps a file holds, once each was found to be as it was sent."""
        ...


@dataclass(frozen=True)
class Faces:
    kind: Any
    weights: Callable[[Path], np.ndarray]

    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any:
        return self.kind(path, clock, overwrite=overwrite)

    async def open(self, recorder: Any) -> None:
        await recorder.open(SPEC, "energy")

    async def send(self, recorder: Any, step: int) -> None:
        weights = np.full(arkit.COUNT, self._value(step), np.float32)
        await recorder.send(BlendshapeFrame(weights, step, SPEC.timestamp(step)))

    def read(self, path: Path) -> int:
        weights = self.weights(path)
        steps = np.arange(len(weights))[:, None]
        np.testing.assert_allclose(weights, np.broadcast_to(self._value(steps), weights.shape))
        return len(weights)

    @staticmethod
    def _value(step: Any) -> Any:
        return (step % 128) / 128


class Sound:
    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any:
        return WavRecorder(path, RATE, clock, overwrite=overwrite)

    async def open(self, recorder: Any) -> None:
        await recorder.open()

    async def send(self, recorder: Any, step: int) -> None:
        samples = np.full(CHUNK, (step % 128) / 128, np.float32)
        await recorder.send_audio(AudioChunk(samples, step * CHUNK, RATE))

    def read(self, path: Path) -> int:
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == RATE
        steps = np.arange(len(samples)) // CHUNK
        np.testing.assert_array_equal(samples, (steps % 128) / 128)
        return len(samples) // CHUNK


class Words:
    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any:
        return WordTimesRecorder(path, RATE, clock, overwrite=overwrite)

    async def open(self, recorder: Any) -> None:
        await recorder.open()

    async def send(self, recorder: Any, step: int) -> None:
        await recorder.send_words([Span(f"word{step}", step * RATE, (step + 1) * RATE)])

    def read(self, path: Path) -> int:
        heading, *lines = path.read_text().splitlines()
        assert heading.split("\t") == ["start_s", "end_s", "word"]
        assert lines == [f"{n}.000\t{n + 1}.000\tword{n}" for n in range(len(lines))]
        return len(lines)


def jsonl_weights(path: Path) -> np.ndarray:
    header, *lines = map(json.loads, path.read_text().splitlines())
    assert header["type"] == "stream"
    return np.array([line["weights"] for line in lines]).reshape(-1, arkit.COUNT)


def npz_weights(path: Path) -> np.ndarray:
    """Read an archive, or what was left of it, as its user would: by making one of it."""
    part = path.with_name(path.name + ".part")
    if part.exists():
        save_part(part, path, overwrite=False)
    with np.load(path) as archive:
        weights: np.ndarray = archive["weights"]
    return weights


RECORDERS: dict[str, Signatory] = {
    "csv": Faces(LiveLinkCsv, lambda path: read_csv(path).weights),
    "jsonl": Faces(JsonlRecorder, jsonl_weights),
    "npz": Faces(NpzRecorder, npz_weights),
    "wav": Sound(),
    "tsv": Words(),
}


async def opened(
    kind: str, path: Path, *, clock: Clock | None = None, overwrite: bool = False
) -> Any:
    recorder = RECORDERS[kind].make(path, clock, overwrite)
    await RECORDERS[kind].open(recorder)
    return recorder


async def record(kind: str, path: Path, steps: int, *, overwrite: bool = False) -> Any:
    recorder = await opened(kind, path, overwrite=overwrite)
    for step in range(steps):
        await RECORDERS[kind].send(recorder, step)
    await recorder.aclose()
    await recorder.aclose()
    return recorder
