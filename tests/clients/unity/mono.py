"""Compiles the Unity package with mono, and runs programs that use it."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "clients" / "unity"
PATIENCE_S = 60.0


def has_mono() -> bool:
    return all(shutil.which(tool) for tool in ("mcs", "mono"))


def compile_csharp(
    target: Path, sources: Sequence[Path], references: Sequence[Path] = (), *, quiet: bool = False
) -> Path:
    """Compile what old versions of Unity compile, C# 7, and let no warning pass unless `quiet`."""
    kind = "exe" if target.suffix == ".exe" else "library"
    assert sources
    options = [
        *("mcs", "-langversion:7", "-warn:4", "-optimize+", f"-target:{kind}", f"-out:{target}"),
        *([] if quiet else ["-warnaserror"]),
        *(f"-reference:{file}" for file in references),
    ]
    result = subprocess.run(
        [*options, *map(str, sources)], capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return target


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.cs"))


@dataclass(frozen=True)
class Program:
    """A compiled program."""

    path: Path

    def answers(self, *words: str, lines: Sequence[str]) -> list[str]:
        """Run it, and return a line for each line that it is given."""
        result = subprocess.run(
            ["mono", str(self.path), *words], input="\n".join(lines) + "\n",
            capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        found = result.stdout.splitlines()
        assert len(found) == len(lines), result.stdout
        return found

    @contextmanager
    def running(self, *words: str) -> Iterator["Running"]:
        """Let it run beside what the block does."""
        process = subprocess.Popen(
            ["mono", str(self.path), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        running = Running(process)
        try:
            yield running
        finally:
            process.kill()
            process.wait()
            running.join()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


class Running:
    """A program that says lines while it runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.lines: list[str] = []
        """What it said so far."""
        # A program whose pipe is full would stand still.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def wait_for(self, start: str, *, count: int = 1) -> str:
        """Return the last of so many lines that begin so, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while len(found := self.of(start)) < count:
            assert time.monotonic() < deadline, self.lines[-20:]
            time.sleep(0.02)
        return found[count - 1]

    def of(self, start: str) -> list[str]:
        return [line for line in list(self.lines) if line.startswith(start)]

    def end(self) -> None:
        """Close its input, and take what it says until it ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE_S) == 0
        self.join()

    def join(self) -> None:
        self._reader.join(PATIENCE_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.decode().rstrip())


@dataclass(frozen=True, eq=False)
class Faces:
    """The frames that a program saw, in the order in which it saw them."""

    streams: NDArray[np.int64]
    turns: NDArray[np.int64]
    indices: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    seconds: NDArray[np.float64]
    speech: NDArray[np.float32]
    head: NDArray[np.float32]
    weights: NDArray[np.float32]

    def of_stream(self, stream: int) -> "Faces":
        there = self.streams == stream
        return Faces(**{field.name: getattr(self, field.name)[there] for field in fields(self)})


def faces(lines: Sequence[str]) -> Faces:
    rows = [line.split()[1:] for line in lines if line.startswith("frame ")]
    whole = np.array([row[:4] for row in rows], np.int64).reshape(-1, 4)
    real = np.array([row[4:] for row in rows], np.float64).reshape(-1, 57)
    streams, turns, indices, timestamps = whole.T
    return Faces(
        streams,
        turns,
        indices,
        timestamps,
        seconds=real[:, 0],
        speech=real[:, 1].astype(np.float32),
        head=real[:, 2:5].astype(np.float32),
        weights=real[:, 5:].astype(np.float32),
    )
