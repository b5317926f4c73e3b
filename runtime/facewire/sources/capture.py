"""One recording of one device, from opening it until it is closed or disappears."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.audio.gap_meter import GapMeter
from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.errors import ConfigError
from facewire.sources.device_time import DeviceTime
from facewire.sources.sound_devices import (
    PORTAUDIO,
    SoundDevice,
    load_sounddevice,
    start_stream,
    stop_stream,
)
from facewire.stream.channel import Channel, ChannelClosed, Overflow

CAPACITY_S = 10
"""Audio that waits for the reader, at most: a burst that the device hands over at once is kept."""
_PAUSE_MS = 400
"""A device that says nothing for so long, and for two blocks, is silent until it goes on."""
_BURST_MS = 250
"""Audio that comes faster than it was recorded, from so much on, was held back somewhere."""
DEAD_MS = 2_000
"""A device that says nothing for so long is gone, even if its driver did not notice."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What one callback of the device delivered."""

    samples: NDArray[np.float32]
    """[T, channels], at the device's rate."""
    start: int
    """Index of the first sample since the opening, counting what the device lost."""
    captured: int
    """Wall time in ns of the callback."""
    due: int
    """When a reader would get to it that takes blocks at their pace, in ns: a burst may wait."""
    is_silence: bool = False
    """Whether it stands for audio that has not come."""

    @property
    def end(self) -> int:
        """Index of the first sample after the block."""
        return self.start + len(self.samples)


class Capture:
    """Hands the blocks of a device over to `blocks`, which closes when the device is gone.

    The callback runs in a thread of PortAudio: it copies, and leaves the rest to the event loop.
    """

    def __init__(self, device: SoundDevice, sample_rate: int, block_ms: int, clock: Clock) -> None:
        """Choose how to open the device: at `sample_rate` if it can, else at its own rate."""
        self.device = device
        # The second channel, too, because the only microphone may be on it; more are other things.
        self.channels = min(device.channels, 2)
        self.rate = sample_rate
        self.blocks: Channel[Block] = Channel(CAPACITY_S * 1000 // block_ms, Overflow.DROP_OLDEST)
        self._block_ms = block_ms
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._stream: Any = None
        self._gaps = GapMeter(sample_rate)
        self._times = DeviceTime()
        self._position = 0
        self._last_heard = 0
        self._filled_until = 0
        self._due = 0
        self._at_once = 0
        """Samples that came faster than they were recorded, without a pause."""
        self.bursts = 0
        """How often much audio came at once."""

    def open(self) -> None:
        """Start recording. Blocks, so call it in a thread.

        Raises:
            ConfigError: the device cannot be opened.
        """
        sounddevice = load_sounddevice()
        with PORTAUDIO:
            self._last_heard = self._clock.now()
            try:
                self._stream = self._start(sounddevice)
            except sounddevice.PortAudioError as error:
                raise ConfigError(
                    f"the microphone {self.device.name!r} cannot be opened ({error.args[0]}); "
                    "close the programs that use it, or choose another with --device"
                ) from error

    def close(self) -> None:
        """Stop recording and let go of the device, once it is open. Blocks, as `open` does."""
        with PORTAUDIO:
            if self._stream is not None:
                stop_stream(self._stream)
                self._stream = None

    def _start(self, sounddevice: Any) -> Any:
        wanted = {"device": self.device.index, "channels": self.channels, "dtype": "float32"}
        try:
            sounddevice.check_input_settings(samplerate=self.rate, **wanted)
        except sounddevice.PortAudioError:
            self.rate = self.device.sample_rate
            self._gaps = GapMeter(self.rate)
        stream = sounddevice.InputStream(
            samplerate=self.rate,
            blocksize=self.rate * self._block_ms // 1000,
            latency="low",
            callback=self._called_back,
            finished_callback=self._finished,
            **wanted,
        )
        return start_stream(sounddevice, stream)

    def is_silent(self) -> bool:
        """Tell whether the device has not called back for so long that it must be gone."""
        return self._clock.now() - self._last_heard > DEAD_MS * MILLISECOND

    def pause_due(self) -> int:
        """Return when there has to be silence if the device goes on saying nothing, in ns."""
        pause_ms = max(_PAUSE_MS, 2 * self._block_ms)
        return max(self._filled_until, self._last_heard + pause_ms * MILLISECOND)

    def fill(self) -> None:
        """Stand in with silence up to now, for a device that says nothing."""
        now = self._clock.now()
        if not self._position:
            return  # it has not begun
        count = (now - self._filled_until) * self.rate // SECOND
        self._gaps.filled(count)
        self._filled_until += count * SECOND // self.rate
        self._send(np.zeros((count, self.channels), np.float32), now, is_silence=True)

    def _called_back(
        self, block: NDArray[np.float32], _frames: int, times: Any, status: Any
    ) -> None:
        now = self._clock.now()
        recorded = self._times.recorded(now, times)
        self._in_loop(self._take, block.copy(), now, recorded, bool(status.input_overflow))

    def _finished(self) -> None:
        self._in_loop(self.blocks.close)

    def _in_loop(self, call: Any, *arguments: Any) -> None:
        # The loop may have ended while the device was still at work.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def _take(
        self, samples: NDArray[np.float32], captured: int, recorded: int | None, overflowed: bool
    ) -> None:
        duration = len(samples) * SECOND // self.rate
        self._count_burst(len(samples), captured - self._last_heard < duration // 4)
        self._last_heard = self._filled_until = captured
        self._position += self._gaps.arrived(
            len(samples), captured, recorded, lost_before=overflowed
        )
        self._send(samples, captured)

    def _count_burst(self, samples: int, at_once: bool) -> None:
        limit = self.rate * _BURST_MS // 1000
        before = self._at_once
        self._at_once = before + samples if at_once else 0
        self.bursts += before < limit <= self._at_once

    def _send(
        self, samples: NDArray[np.float32], captured: int, *, is_silence: bool = False
    ) -> None:
        self._due = max(captured, self._due + len(samples) * SECOND // self.rate)
        block = Block(samples, self._position, captured, self._due, is_silence)
        self._position += len(samples)
        with contextlib.suppress(ChannelClosed):
            self.blocks.send_nowait(block)
