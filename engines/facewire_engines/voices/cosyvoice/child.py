"""A CosyVoice worker that we start, in CosyVoice's own environment, and end."""

import os
import re
import secrets
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from facewire.errors import ConfigError
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings
from facewire_engines.workers.source import TOKEN, WORKER, worker_source

_LISTENING = re.compile(rb"^listening on (\S+):(\d+)\s*$", re.MULTILINE)
_LOOK_S = 0.05
_END_S = 5.0


class Child:
    """The process. It ends when its standard input does, so it never outlives us."""

    def __init__(self, settings: CosyVoiceSettings, worker: str = "") -> None:
        """Start it; it has then to load its models.

        Args:
            settings: what to start.
            worker: the program's text; by default our own.

        Raises:
            ConfigError: there is no such Python or folder.
        """
        self._attempts = max(1, round(settings.start_s / _LOOK_S))
        self._scratch = tempfile.TemporaryDirectory(prefix="facewire-cosyvoice-")
        self._output = Path(self._scratch.name, "output.txt")
        self.token = secrets.token_urlsafe(24)
        """What it wants to be shown; nobody else knows it."""
        program = Path(self._scratch.name, WORKER)
        program.write_text(worker or worker_source(), encoding="utf-8")
        command = [
            settings.python, str(program), "--model", settings.model, "--port", "0", "--child",
            *settings.options,
        ]  # fmt: skip
        try:
            with self._output.open("wb") as output:
                self._process = subprocess.Popen(
                    command,
                    cwd=settings.folder,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=os.environ | {TOKEN: self.token},
                )
        except OSError as error:
            self._scratch.cleanup()
            raise ConfigError(
                f"CosyVoice's worker cannot be started with {settings.python} in "
                f"{settings.folder} ({error.strerror}); correct python and folder"
            ) from error

    def address(self) -> tuple[str, int]:
        """Return where it listens, once it does.

        Raises:
            ConfigError: it ended, or takes too long.
        """
        for _ in range(self._attempts):
            ended = self._wait(_LOOK_S)
            written = self._output.read_bytes()
            if found := _LISTENING.search(written):
                return found[1].decode(), int(found[2])
            if ended:
                raise ConfigError(
                    "the CosyVoice worker could not start: "
                    + (_last_line(written) or f"it ended with status {self._process.returncode}")
                )
        raise ConfigError(
            "the CosyVoice worker takes too long to load its models; raise start_s in the file "
            "of the voice"
        )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        if not self._wait(_END_S):
            self._process.kill()
            self._process.wait()
        self._scratch.cleanup()

    def _wait(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _last_line(written: bytes) -> str:
    lines = written.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
