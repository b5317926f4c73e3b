"""A process in Piper's own Python. Piper is under the GPL-3, so nothing of it is loaded here."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
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


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """What Piper says of a sentence."""

    samples: Samples
    """[T] at the rate of the worker."""
    phones: tuple[tuple[str, int], ...]
    """Names, and how many samples each lasts; empty where the model does not tell."""


class PiperProcess:
    """The worker. It ends when its standard input does, so it never outlives us."""

    def __init__(self, python: str, model: Path) -> None:
        """Start it, and wait until it has loaded the model.

        Raises:
            ConfigError: that Python, Piper in it, or the model is not there.
        """
        self.killed = False
        """Whether it was ended by `kill`."""
        self._scratch = tempfile.TemporaryDirectory(prefix="facewire-piper-")
        self._errors = Path(self._scratch.name, "errors.txt")
        program = resources.files("facewire_engines.voices.piper") / "worker.py"
        try:
            with resources.as_file(program) as path, self._errors.open("wb") as errors:
                self._process = subprocess.Popen(
                    [python, str(path), str(model)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                )  # fmt: skip
                hello = self._answer()
        except OSError as error:
            self._scratch.cleanup()
            raise ConfigError(
                f"Piper cannot be started with {python!r} ({error.strerror}); correct python in "
                "the file of the voice"
            ) from error
        if "rate" not in hello:
            why = self._last_line()
            self.close()
            raise ConfigError(
                f"Piper does not load {str(model)!r} ({why}); its Python needs "
                "piper-tts[alignment], and its model a file .onnx.json beside it"
            )
        self.sample_rate = int(hello["rate"])
        self.timed = bool(hello["timed"])
        """Whether it tells how long each phone lasts."""

    def speak(self, text: str, speed: float) -> Iterator[Sentence]:
        """Yield what is said of a text. It has to be read to its end, or the process ended.

        Raises:
            EngineError: Piper fails at it, or has ended.
        """
        request = json.dumps({"text": text, "speed": speed}).encode() + b"\n"
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, which reading tells
            self._process.stdin.write(request)
            self._process.stdin.flush()
        while "end" not in (answer := self._answer()):
            if "samples" not in answer:
                why = answer.get("error") or self._last_line()
                raise EngineError(f"Piper cannot say {text[:40]!r} ({why}); say something else")
            count = int(answer["samples"])
            if not 0 <= count <= _LONGEST_S * self.sample_rate:
                raise EngineError("what Piper's Python says is not from our worker; set another")
            pcm = np.frombuffer(self._read(2 * count), "<i2")
            samples = pcm.astype(np.float32) / np.float32(32_768)
            yield Sentence(samples, tuple((name, int(n)) for name, n in answer["phones"]))

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
            raise EngineError("Piper's process ended while it spoke; say it again")
        return data

    def _last_line(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        lines = self._errors.read_bytes().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else f"it ended with status {self._process.poll()}"
