"""A process in the Python of a voice: its licence or its dependencies keep it out of ours.

Its program says `{"rate": ..., "timed": ...}` once it has loaded its model. For each line `{"text":
..., "speed": ...}` it says, for each sentence, `{"samples": N, ...}` and then N samples of 16 bits,
and at last `{"end": true}`; or `{"error": "..."}`.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from facewire.errors import ConfigError, EngineError
from facewire.frames import Samples

_END_S = 5.0
_LONGEST_S = 600
"""No sentence is longer; what says so is no worker."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What is run."""

    name: str
    """Whose voice it is, in messages."""
    package: str
    """Where `worker.py` is."""
    python: str
    """A Python in which what the program needs is installed."""
    arguments: tuple[str, ...]
    """Of the program; the first is the file that messages name."""
    needs: str
    """What there has to be: the end of the message where it does not load."""
    slow: bool = False
    """Whether it loads for seconds; it then ends no sentence half-way to be cancelled."""


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """What is said of a sentence."""

    samples: Samples
    """[T]."""
    sample_rate: int
    """Hz."""
    told: Mapping[str, Any]
    """What else the program tells of it."""


class WorkerProcess:
    """The worker. It ends when its standard input does, so it never outlives us."""

    def __init__(self, worker: Worker) -> None:
        """Start it, and wait until it has loaded the model.

        Raises:
            ConfigError: its Python, what it needs there, or the model is not there.
        """
        self._name = worker.name
        self.killed = False
        """Whether it was ended by `kill`."""
        self._scratch = tempfile.TemporaryDirectory(prefix="facewire-worker-")
        self._errors = Path(self._scratch.name, "errors.txt")
        program = resources.files(worker.package) / "worker.py"
        try:
            with resources.as_file(program) as path, self._errors.open("wb") as errors:
                self._process = subprocess.Popen(
                    [worker.python, str(path), *worker.arguments],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                )  # fmt: skip
                hello = self._answer()
        except OSError as error:
            self._scratch.cleanup()
            raise ConfigError(
                f"{worker.name} cannot be started with {worker.python!r} ({error.strerror}); "
                "correct python in the file of the voice"
            ) from error
        if "rate" not in hello:
            why = self._last_line()
            self.close()
            raise ConfigError(
                f"{worker.name} does not load {worker.arguments[0]!r} ({why}); {worker.needs}"
            )
        self.sample_rate = int(hello["rate"])
        self.timed = bool(hello["timed"])
        """Whether it tells how long each phone lasts."""

    def speak(self, text: str, speed: float) -> Iterator[Sentence]:
        """Yield what is said of a text. It has to be read to its end, or the process ended.

        Raises:
            EngineError: it fails at it, or has ended.
        """
        request = json.dumps({"text": text, "speed": speed}).encode() + b"\n"
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which reading tells
            self._process.stdin.write(request)
            self._process.stdin.flush()
        while "end" not in (answer := self._answer()):
            if "samples" not in answer:
                why = answer.get("error") or self._last_line()
                raise EngineError(
                    f"{self._name} cannot say {text[:40]!r} ({why}); say something else"
                )
            count = int(answer["samples"])
            if not 0 <= count <= _LONGEST_S * self.sample_rate:
                raise EngineError(
                    f"what {self._name}'s Python says is not from our worker; set another"
                )
            pcm = np.frombuffer(self._read(2 * count), "<i2")
            samples = pcm.astype(np.float32) / np.float32(32_768)
            yield Sentence(samples, self.sample_rate, answer)

    @property
    def running(self) -> bool:
        """Whether it has not ended, and will not at once."""
        return not self.killed and self._process.poll() is None

    def kill(self) -> None:
        """End it at once, from any thread: whoever reads from it goes on."""
        self.killed = True
        self._process.kill()

    def close(self) -> None:
        """End it, and let go of it."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._scratch.cleanup()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        with suppress(ValueError):
            answer = json.loads(line)
            if isinstance(answer, dict):
                return answer
        return {}

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) < count:
            raise EngineError(f"{self._name}'s process ended while it spoke; say it again")
        return data

    def _last_line(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        lines = self._errors.read_bytes().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else f"it ended with status {self._process.poll()}"
