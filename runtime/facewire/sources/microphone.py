"""The microphone: live speech, whatever happens to the device."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np

from facewire.audio.gap_meter import LONGEST_GAP_S
from facewire.audio.repairs import Repairs
from facewire.audio.resample import CANCEL, StreamResampler
from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.daemon_thread import call_in_daemon
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples
from facewire.sources.capture import Block, Capture
from facewire.sources.sound_devices import (
    CLOSE_S,
    SoundDevice,
    abandon_portaudio,
    call_portaudio,
    choose_device,
    list_input_devices,
    load_sounddevice,
    refresh_devices,
)
from facewire.stream.source import SourceRequest

logger = logging.getLogger(__name__)

_SILENCE_MS = 20
"""Length of the chunks of silence while the device is away."""
_ABSENCE_MS = 320
"""For how long a reader may be away without missing anything."""
_CHECK_MS = 250
"""How often it is looked at whether the device is still there."""
_RETRY_MS = 2_000
"""How long after a failed attempt the device is looked for again."""


class Microphone:
    """What a device hears, as mono chunks of about `block_ms`.

    `captured` is when the driver's callback delivered the chunk: some 10 to 40 ms after the sound
    reached the membrane. PortAudio's own estimate of that delay is left out, because several
    systems report zero.

    Audio that the device or a busy reader lost becomes silence of the same length. A device that
    says nothing is silent, in real time; if what it held back comes then, all of it is heard, after
    the silence. With `retry`,
    a device that is not there, or disappears, is waited for, and the stream goes on in silence
    meanwhile, in step with the clock; without, it is an error. One microphone a process: looking
    for new devices restarts PortAudio.
    """

    def __init__(
        self,
        clock: Clock,
        device: int | str | None = None,
        *,
        sample_rate: int = 16_000,
        block_ms: int = 10,
        retry: bool = False,
    ) -> None:
        if not 1 <= block_ms <= 1000:
            raise ValueError(f"blocks are 1 to 1000 ms long, not {block_ms}")
        self.sample_rate = sample_rate
        self.repairs = Repairs(sample_rate, clock)
        self._clock = clock
        self._wanted = device
        self._block_ms = block_ms
        self._retry = retry
        self._capture: Capture | None = None
        self._known: SoundDevice | None = None
        self._seen_devices = False
        self._end = 0
        self._heard_at = 0
        self._silent_until = 0
        self._tasks = asyncio.TaskGroup()
        self._supervision: asyncio.Task[None] | None = None
        self._chunks: AsyncGenerator[AudioChunk, None] | None = None

    async def __aenter__(self) -> Self:
        """Open the device.

        Raises:
            ConfigError: it cannot be opened, and should not be waited for.
        """
        await call_portaudio(load_sounddevice, "start PortAudio")
        self._heard_at = self._clock.now()
        try:
            self._capture = await self._open()
        except ConfigError as error:
            if not self._retry:
                raise
            logger.warning("%s; waiting for it", error)
        await self._tasks.__aenter__()
        self._supervision = self._tasks.create_task(self._supervise(), name="watch microphone")
        self._chunks = self._hear()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._supervision is not None
        assert self._chunks is not None
        self._supervision.cancel()
        try:
            await self._chunks.aclose()
        finally:
            try:
                # The group hears nothing of the body's errors, and so does not wrap them.
                await self._tasks.__aexit__(None, None, None)
            finally:
                await self._let_go()

    def __aiter__(self) -> AsyncIterator[AudioChunk]:
        if self._chunks is None:
            raise ValueError("enter the source with `async with` first")
        return self._chunks

    @property
    def device_name(self) -> str | None:
        """What is recorded from, None while it is away."""
        return self._capture.device.name if self._capture else None

    @property
    def repaired(self) -> int:
        """Samples of silence that stand for lost audio, a missing device included."""
        return self.repairs.silence

    async def _supervise(self) -> None:
        """Notice a device that went silent, and look for one that went away."""
        pause_ms = _CHECK_MS
        while True:
            wanted = self._clock.now() + pause_ms * MILLISECOND
            await self._clock.sleep_until(wanted)
            overslept = self._clock.now() - wanted > _SILENCE_MS * MILLISECOND
            pause_ms = _CHECK_MS
            if self._capture is not None:
                pause_ms = self._look_after(self._capture, overslept)
            elif self._retry:
                try:
                    self._capture = await self._open()
                    logger.warning("the microphone %r is there again", self.device_name)
                except ConfigError:
                    pause_ms = _RETRY_MS

    def _look_after(self, capture: Capture, overslept: bool) -> int:
        """Stand in for a device that says nothing; return when to look again, in ms."""
        if capture.is_silent():
            capture.blocks.close()
            return _CHECK_MS
        wait_ms = (capture.pause_due() - self._clock.now()) // MILLISECOND
        # When this whole process stood still, the device's callbacks may still be on their way.
        if wait_ms <= 0 and not overslept:
            self.repairs.say("the microphone says nothing; silence stands for it")
            capture.fill()
        return max(_SILENCE_MS, min(wait_ms, _CHECK_MS))

    async def _open(self) -> Capture:
        if self._seen_devices:
            await call_portaudio(refresh_devices, "refresh devices")
        self._seen_devices = True
        devices = await call_portaudio(list_input_devices, "list devices")
        device = self._choose(devices)
        capture = Capture(device, self.sample_rate, self._block_ms, self._clock)
        try:
            await call_portaudio(capture.open, "open microphone")
        except BaseException:
            await _close(capture)
            raise
        self._known = device
        return capture

    def _choose(self, devices: list[SoundDevice]) -> SoundDevice:
        """Return the device that is meant; once found it goes by its name, for indices change."""
        known = self._known
        if known is None or self._wanted is None:
            return choose_device(devices, self._wanted)
        for device in devices:
            if (device.name, device.host_api) == (known.name, known.host_api):
                return device
        raise ConfigError(f"the microphone {known.name!r} is not there; plug it in again")

    async def _let_go(self) -> None:
        capture = self._capture
        if capture is not None:
            capture.blocks.close()
            # Still ours until it is closed, so that no new one is opened meanwhile.
            await _close(capture)
            self._capture = None

    async def _hear(self) -> AsyncGenerator[AudioChunk, None]:
        while True:
            while self._capture is None:
                await self._clock.sleep_until(self._heard_at + _SILENCE_MS * MILLISECOND)
                yield self._silence()
            name = self._capture.device.name
            async with contextlib.aclosing(self._record(self._capture)) as chunks:
                async for chunk in chunks:
                    yield chunk
            await self._let_go()
            if not self._retry:
                raise ConfigError(
                    f"the microphone {name!r} has disappeared; "
                    "plug it in again, or let --retry wait for it"
                )
            logger.warning("the microphone %r has disappeared; waiting for it", name)

    async def _record(self, capture: Capture) -> AsyncGenerator[AudioChunk, None]:
        resampler = StreamResampler(
            capture.rate,
            self.sample_rate,
            capture.channels,
            live=True,
            on_cancel=partial(logger.warning, CANCEL, capture.device.name),
        )
        expected = 0
        bursts = 0
        async for block in capture.blocks:
            if block.captured <= self._silent_until:
                # Silence already stands for it: the device was being opened.
                expected = block.end
                continue
            if self._clock.now() - block.due > _ABSENCE_MS * MILLISECOND and len(capture.blocks):
                continue  # the reader was away, and silence of the same length will stand for it
            lost = block.start - expected
            self._count(lost, block, capture)
            if capture.bursts > bursts:
                self.repairs.bursts += capture.bursts - bursts
                self.repairs.say("sound of the microphone came late and in one piece; all is heard")
                bursts = capture.bursts
            silence = np.zeros((lost, capture.channels), np.float32)
            samples = resampler.push(np.concatenate((silence, block.samples)))
            expected = block.end
            self._heard_at = block.captured
            if len(samples):
                yield self._chunk(samples, block.captured)
        samples = resampler.flush()
        if len(samples):
            yield self._chunk(samples, self._heard_at)

    def _count(self, lost: int, block: Block, capture: Capture) -> None:
        """Count what is lost before a block, and the block if it is silence, too."""
        if lost:
            self.repairs.say("sound of the microphone was lost; silence stands for it")
        silent = lost + (len(block.samples) if block.is_silence else 0)
        self.repairs.silence += silent * self.sample_rate // capture.rate

    def _silence(self) -> AudioChunk:
        """Return silence up to now."""
        now = self._silent_until = self._clock.now()
        due = (now - self._heard_at) * self.sample_rate // SECOND
        if due > LONGEST_GAP_S * self.sample_rate:
            due = LONGEST_GAP_S * self.sample_rate
            self._heard_at = now
        else:
            # What a sample's fraction leaves over counts for the next chunk.
            self._heard_at += due * SECOND // self.sample_rate
        self.repairs.silence += due
        return self._chunk(np.zeros(due, np.float32), now)

    def _chunk(self, samples: Samples, captured: int) -> AudioChunk:
        chunk = AudioChunk(samples, self._end, self.sample_rate, captured)
        self._end = chunk.end
        return chunk


async def _close(capture: Capture) -> None:
    closing = call_in_daemon(capture.close, "close microphone")
    _, hanging = await asyncio.wait([closing], timeout=CLOSE_S)
    if hanging:
        logger.error("the microphone %r does not stop; it is left to itself", capture.device.name)
        abandon_portaudio()


def open_microphone(request: SourceRequest) -> Microphone:
    """Return the device with a number or a part of a name, or the default one."""
    return Microphone(
        request.clock,
        request.argument or None,
        sample_rate=request.sample_rate,
        block_ms=request.block_ms,
        retry=request.retry,
    )
