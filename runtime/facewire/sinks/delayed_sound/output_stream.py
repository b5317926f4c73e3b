"""An output device that is played into, and opened again when it is there again."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.daemon_thread import call_in_daemon
from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire.sources.sound_devices import (
    CLOSE_S,
    PORTAUDIO,
    SoundDevice,
    abandon_portaudio,
    call_portaudio,
    choose_device,
    closing_on_refresh,
    list_output_devices,
    load_sounddevice,
    start_stream,
    stop_stream,
)

logger = logging.getLogger(__name__)

BLOCK_MS = 10
LEAST_LATENCY_S = 0.02
"""What a device is asked to hold back at least: less breaks on a busy machine."""
_CHECK_MS = 250
_RETRY_MS = 2_000
_DEAD_MS = 2_000
"""A device that wants nothing for so long is gone, even if its driver did not notice."""
_LONGEST_S = 5.0
"""No device keeps a block for longer."""
_UNTIMED = 50
"""Blocks without a time after which a device tells none at all."""

Read = Callable[[int, int], Samples]
"""Returns so many samples, the first of which is heard at a time in ns; in a thread of PortAudio"""


class OutputStream:
    """Plays mono sound into a device, on all of its first two channels.

    A device that ends, or wants nothing any more, is tried again every two seconds, under the name
    it had. The microphone restarts PortAudio while it looks for a device that was unplugged; the
    output is closed for that, and opened again.
    """

    def __init__(
        self,
        clock: Clock,
        wanted: int | str | None,
        begin: Callable[[int], None],
        read: Read,
        *,
        user: str = "the delayed sound",
        another: str = "choose another with --delay-audio",
        without: str = "leave --delay-audio away",
    ) -> None:
        """Play what `read` returns into the device that is `wanted`, or the default for None.

        `user` needs it; `another` and `without` say what else can be done where it cannot be
        opened, and where there is none.

        `begin` is told the device's rate in Hz each time before it is read for. `latency_s` may be
        set before the device is opened.
        """
        self.device: SoundDevice | None = None
        """What is played into, or was last."""
        self.latency_s = LEAST_LATENCY_S
        """What the device is asked to hold back, in seconds; it may be up to twice as much."""
        self.underflows = 0
        """How often the device played silence because this process was not in time."""
        self._clock = clock
        self._wanted = wanted
        self._begin = begin
        self._read = read
        self._user = user
        self._another = another
        self._without = without
        self._stream: Any = None
        self._ended = False
        self._called = 0
        self._untimed = 0
        self._resources = contextlib.ExitStack()
        self._tasks = asyncio.TaskGroup()
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open the device.

        Raises:
            ConfigError: it cannot be opened, or PortAudio is missing.
        """
        self._resources.enter_context(closing_on_refresh(self._close))
        try:
            await call_portaudio(self._open, "open output")
        except BaseException:
            self._resources.close()
            raise
        await self._tasks.__aenter__()
        self._watching = self._tasks.create_task(self._watch(), name="watch output")
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._watching is not None:
            self._watching.cancel()
            # The group hears nothing of the body's errors, and so does not wrap them.
            await self._tasks.__aexit__(None, None, None)
        closing = call_in_daemon(self._close, "close output")
        _, hanging = await asyncio.wait([closing], timeout=CLOSE_S)
        if hanging:
            logger.error("the output %r does not stop; it is left to itself", self._name)
            abandon_portaudio()
        else:
            self._resources.close()

    @property
    def holds_s(self) -> float:
        """How long the open device holds sound back, as it says itself, in seconds."""
        with PORTAUDIO:
            return float(self._stream.latency) if self._stream is not None else 0.0

    @property
    def _name(self) -> str:
        return self.device.name if self.device else str(self._wanted)

    async def _watch(self) -> None:
        """Open the device again after it has ended."""
        lost = False
        while True:
            pause_ms = _RETRY_MS if lost else _CHECK_MS
            await self._clock.sleep_until(self._clock.now() + pause_ms * MILLISECOND)
            silent = self._clock.now() - self._called > _DEAD_MS * MILLISECOND
            if self._stream is not None and not self._ended and not silent:
                continue
            await call_portaudio(self._close, "close output")
            try:
                await call_portaudio(self._open, "open output")
            except ConfigError as error:
                if not lost:
                    logger.warning("%s; trying again", error)
                lost = True
            else:
                logger.warning("the output %r is there again", self._name)
                lost = False

    def _open(self) -> None:
        """Start to play. Blocks, so call it in a thread.

        Raises:
            ConfigError: the device cannot be opened.
        """
        sounddevice = load_sounddevice(self._user)
        with PORTAUDIO:
            self.device = device = self._choose(list_output_devices(self._user))
            self._begin(device.sample_rate)
            self._ended, self._untimed = False, 0
            self._called = self._clock.now()
            try:
                self._stream = self._start(sounddevice, device)
            except sounddevice.PortAudioError as error:
                raise ConfigError(
                    f"the output {device.name!r} cannot be opened ({error.args[0]}); close the "
                    f"programs that use it, or {self._another}"
                ) from error

    def _choose(self, devices: list[SoundDevice]) -> SoundDevice:
        """Return the device that is meant; once found it goes by its name, for indices change."""
        known = self.device
        if not devices:
            raise ConfigError(f"there is no output device; connect one, or {self._without}")
        if known is None or self._wanted is None:
            return choose_device(devices, self._wanted, "output")
        for device in devices:
            if (device.name, device.host_api) == (known.name, known.host_api):
                return device
        raise ConfigError(f"the output {known.name!r} is not there; plug it in again")

    def _start(self, sounddevice: Any, device: SoundDevice) -> Any:
        stream = sounddevice.OutputStream(
            samplerate=device.sample_rate,
            blocksize=device.sample_rate * BLOCK_MS // 1000,
            device=device.index,
            channels=min(device.channels, 2),
            dtype="float32",
            latency=self.latency_s,
            callback=self._called_back,
            finished_callback=self._finished,
        )
        return start_stream(sounddevice, stream)

    def _close(self) -> None:
        """Stop and let go of the device, if it is open. Blocks, as `_open` does."""
        with PORTAUDIO:
            stream, self._stream = self._stream, None
            if stream is not None:
                stop_stream(stream)

    def _called_back(self, block: NDArray[np.float32], count: int, times: Any, status: Any) -> None:
        now = self._called = self._clock.now()
        self.underflows += bool(status.output_underflow)
        ahead = self._ahead(times)
        block[:] = 0 if ahead is None else self._read(count, now + ahead)[:, None]

    def _ahead(self, times: Any) -> int | None:
        """Return in how many ns a block is heard; None as long as that may still become known.

        Only distances of the device's times are used. Some systems count them from 1970, and all
        jump when somebody sets the clock. The time that passed until this thread got to work is in
        them, where the stream tells its time.
        """
        stream = self._stream
        waited_s: float = stream.time - times.currentTime if stream is not None else 0.0
        ahead_s: float = times.outputBufferDacTime - times.currentTime
        if times.currentTime > 0 and 0 < ahead_s < _LONGEST_S:
            self._untimed = 0
            return round((ahead_s - (waited_s if 0 < waited_s < 1 else 0.0)) * SECOND)
        self._untimed += 1
        return None if self._untimed < _UNTIMED else round(self.latency_s * SECOND)

    def _finished(self) -> None:
        self._ended = True
