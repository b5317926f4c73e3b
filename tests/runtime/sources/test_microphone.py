import asyncio
import contextlib
import os
import shlex
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate, resample_poly

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples
from facewire.sources.microphone import Microphone
from facewire.sources.sound_devices import list_input_devices

CLOCK = SystemClock()

LISTENER = """
import asyncio
from facewire.clock import SystemClock
from facewire.sources.microphone import Microphone

async def listen():
    async with Microphone(SystemClock()) as microphone:
        async for chunk in microphone:
            if chunk.start == 0:
                print("heard", flush=True)

try:
    asyncio.run(listen())
except KeyboardInterrupt:
    print("left", flush=True)
"""


class Listener:
    """Keeps what a microphone hears, in a task of its own."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone
        self.chunks: list[AudioChunk] = []
        self.pause_s = 0.0
        self._news = asyncio.Event()

    async def listen(self) -> None:
        async for chunk in self.microphone:
            self.chunks.append(chunk)
            self._news.set()
            if self.pause_s:
                await asyncio.sleep(self.pause_s)
                self.pause_s = 0.0

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true; the test's time limit is the only limit."""
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def hear_more(self, samples: int) -> None:
        target = self.heard + samples
        await self.until(lambda: self.heard >= target)

    @property
    def heard(self) -> int:
        return self.chunks[-1].end if self.chunks else 0

    def check(self) -> None:
        """Check that the chunks are consecutive, and that their stamps make sense."""
        position, captured = 0, 0
        for chunk in self.chunks:
            assert chunk.start == position
            assert chunk.sample_rate == self.microphone.sample_rate
            assert chunk.samples.dtype == np.float32
            assert captured <= chunk.captured <= CLOCK.now()
            position, captured = chunk.end, chunk.captured


@contextlib.asynccontextmanager
async def listening(microphone: Microphone) -> AsyncGenerator[Listener, None]:
    listener = Listener(microphone)
    async with microphone, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listener.listen(), name="listen")
        await listener.until(lambda: listener.heard > 0)
        yield listener
        task.cancel()


async def hear_played(
    play: Callable[[], Awaitable[None]], listener: Listener, played: Samples, factor: int = 1
) -> float:
    """Play something, and return how similar to it the best of three attempts was heard.

    On a machine that is busy with other things PulseAudio itself stumbles now and then.
    """
    best = 0.0
    for _ in range(3):
        begin = len(listener.chunks)
        await play()
        await listener.hear_more(8_000 * factor)
        heard = np.concatenate([chunk.samples for chunk in listener.chunks[begin:]])
        best = max(best, similarity(resample_poly(heard, 1, factor), played))
        if best > 0.95:
            break
    return best


async def do_when_heard(microphone: Microphone, action: Callable[[], None]) -> None:
    """Listen to the end, and do something when the first chunk is there."""
    async for chunk in microphone:
        if chunk.start == 0:
            action()


def similarity(heard: Samples, played: Samples) -> float:
    """The correlation of what was played with the part of what was heard that fits best."""
    lag = int(np.argmax(correlate(heard, played, "valid", "fft")))
    part = heard[lag : lag + len(played)]
    return float(np.dot(part, played) / (np.linalg.norm(part) * np.linalg.norm(played)))


def native_threads() -> int:
    """How many threads of this process Python does not know."""
    return len(os.listdir("/proc/self/task")) - threading.active_count()


async def test_what_is_said_is_heard(
    virtual_microphone: Any, speech_like: Samples, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "speech.wav", speech_like, 16_000)
    before = native_threads()
    async with listening(Microphone(CLOCK, virtual_microphone.device)) as listener:
        play = partial(virtual_microphone.play, tmp_path / "speech.wav")
        assert await hear_played(play, listener, speech_like) > 0.95
    listener.check()
    assert native_threads() == before


async def test_a_device_that_cannot_do_the_rate_is_resampled(
    virtual_microphone: Any, speech_like: Samples, tmp_path: Path
) -> None:
    """PulseAudio refuses 768 kHz, so the device records at its own rate."""
    soundfile.write(tmp_path / "speech.wav", speech_like, 16_000)
    microphone = Microphone(CLOCK, virtual_microphone.device, sample_rate=768_000)
    async with listening(microphone) as listener:
        play = partial(virtual_microphone.play, tmp_path / "speech.wav")
        assert await hear_played(play, listener, speech_like, factor=48) > 0.95
    listener.check()


async def test_what_a_busy_reader_misses_becomes_silence_of_the_same_length(
    virtual_microphone: Any, tmp_path: Path
) -> None:
    """Two bursts stay 2.5 s apart although a second between them was not fetched in time."""
    bursts = np.zeros(4 * 16_000, np.float32)
    for start in (8_000, 48_000):
        bursts[start : start + 800] = np.random.default_rng(start).uniform(-0.5, 0.5, 800)
    soundfile.write(tmp_path / "bursts.wav", bursts, 16_000)
    async with listening(Microphone(CLOCK, virtual_microphone.device)) as listener:
        async with asyncio.TaskGroup() as tasks:
            playing = virtual_microphone.play(tmp_path / "bursts.wav")
            tasks.create_task(playing, name="play")
            await listener.until(lambda: np.abs(listener.chunks[-1].samples).max() > 0.1)
            await listener.hear_more(4_000)
            listener.pause_s = 1.0
        await listener.hear_more(8_000)
    listener.check()
    samples = np.concatenate([chunk.samples for chunk in listener.chunks])
    loud = np.flatnonzero(np.abs(samples) > 0.05)
    # On a busy machine PulseAudio itself may stumble by some milliseconds.
    assert loud[-1] - loud[0] == pytest.approx(40_800, abs=800)
    assert 3_200 < listener.microphone.repaired < 32_000


async def test_a_device_that_pauses_is_silent_and_what_it_held_back_is_heard(
    virtual_microphone: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """PulseAudio hands over at once what it recorded while it was stopped."""
    async with listening(Microphone(CLOCK, virtual_microphone.device)) as listener:
        await listener.hear_more(16_000)
        virtual_microphone.freeze()
        began, before = CLOCK.now(), listener.heard
        await asyncio.sleep(1.5)
        # The stream went on while nothing came.
        assert listener.heard - before > 12_000
        virtual_microphone.thaw()
        await listener.hear_more(24_000)
        await listener.until(lambda: listener.heard - before > 48_000)
        elapsed = (listener.chunks[-1].captured - began) * 16_000 // 1_000_000_000
    listener.check()
    repairs = listener.microphone.repairs
    assert 12_000 < repairs.silence < 32_000
    assert repairs.bursts >= 1
    # The silence, and then all of what was held back.
    assert listener.heard - before == pytest.approx(elapsed + repairs.silence, abs=6_400)
    assert "says nothing; silence stands for it" in caplog.text
    assert "came late and in one piece" in caplog.text


async def test_what_a_device_lost_without_a_word_is_silence_of_the_same_length(
    virtual_microphone: Any,
) -> None:
    """A source that sleeps for 1.5 s records nothing, and tells nobody."""
    async with listening(Microphone(CLOCK, virtual_microphone.device)) as listener:
        await listener.hear_more(16_000)
        began, before = listener.chunks[-1].captured, listener.heard
        await asyncio.to_thread(virtual_microphone.suspend, asleep=True)
        await asyncio.sleep(1.5)
        await asyncio.to_thread(virtual_microphone.suspend, asleep=False)
        await listener.hear_more(24_000)
        elapsed = (listener.chunks[-1].captured - began) * 16_000 // 1_000_000_000
    listener.check()
    assert listener.microphone.repairs.silence > 12_000
    assert listener.heard - before == pytest.approx(elapsed, abs=3_200)


async def test_a_device_that_disappears_is_an_error(virtual_microphone: Any) -> None:
    async with Microphone(CLOCK, virtual_microphone.device) as microphone:
        with pytest.raises(ConfigError, match="the microphone 'pulse' has disappeared; plug it"):
            await do_when_heard(microphone, virtual_microphone.unplug)


async def test_a_device_that_hangs_is_an_error(
    virtual_microphone: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with Microphone(CLOCK, virtual_microphone.device) as microphone:
        with pytest.raises(ConfigError, match="has disappeared"):
            await do_when_heard(microphone, virtual_microphone.freeze)
    assert "does not stop; it is left to itself" in caplog.text


async def test_a_device_that_disappears_can_be_waited_for(
    virtual_microphone: Any,
    speech_like: Samples,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    soundfile.write(tmp_path / "speech.wav", speech_like, 16_000)
    microphone = Microphone(CLOCK, virtual_microphone.device, retry=True)
    async with listening(microphone) as listener:
        began = CLOCK.now()
        virtual_microphone.unplug()
        await listener.until(lambda: microphone.device_name is None)
        await listener.hear_more(16_000)
        assert not np.any(listener.chunks[-1].samples)
        virtual_microphone.plug_in()
        await listener.until(lambda: microphone.device_name is not None)
        await listener.hear_more(8_000)
        play = partial(virtual_microphone.play, tmp_path / "speech.wav")
        assert await hear_played(play, listener, speech_like) > 0.95
        elapsed = (listener.chunks[-1].captured - began) * 16_000 // 1_000_000_000
    listener.check()
    assert microphone.repaired >= 16_000
    # The face stays in step with the room: the outage takes as long in the stream as it took.
    assert listener.heard == pytest.approx(elapsed, abs=8_000)
    assert [record.message.split("; ")[0] for record in caplog.records] == [
        "the microphone 'pulse' has disappeared",
        "the microphone 'pulse' is there again",
    ]


async def test_a_device_that_is_not_there_yet_can_be_waited_for(
    virtual_microphone: Any, caplog: pytest.LogCaptureFixture
) -> None:
    virtual_microphone.unplug()
    microphone = Microphone(CLOCK, virtual_microphone.device, retry=True)
    async with listening(microphone) as listener:
        assert microphone.device_name is None
        virtual_microphone.plug_in()
        await listener.until(lambda: microphone.device_name is not None)
        await listener.hear_more(1_600)
    assert "waiting for it" in caplog.records[0].message


async def test_a_device_that_is_not_there_is_an_error(virtual_microphone: Any) -> None:
    virtual_microphone.unplug()
    with pytest.raises(ConfigError, match="the microphone 'pulse' cannot be opened"):
        async with Microphone(CLOCK, virtual_microphone.device):
            pass


async def test_an_unknown_device_is_an_error(virtual_microphone: Any) -> None:
    with pytest.raises(ConfigError, match="no input device 'gramophone'; choose one of"):
        async with Microphone(CLOCK, "gramophone"):
            pass


async def test_devices_are_listed(virtual_microphone: Any) -> None:
    devices = list_input_devices()
    assert virtual_microphone.device in [device.name for device in devices]
    assert sum(device.is_default for device in devices) == 1
    assert all(device.channels and device.sample_rate for device in devices)


async def test_the_default_device_is_opened_and_left_early(virtual_microphone: Any) -> None:
    before = native_threads()
    async with Microphone(CLOCK) as microphone:
        async for _ in microphone:
            break
    assert native_threads() == before


async def test_an_interrupt_leaves_cleanly(virtual_microphone: Any) -> None:
    listener = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LISTENER),
        env=virtual_microphone.env,
        stdout=asyncio.subprocess.PIPE,
    )
    assert listener.stdout is not None
    assert await listener.stdout.readline() == b"heard\n"
    listener.send_signal(signal.SIGINT)
    assert await listener.stdout.read() == b"left\n"
    assert await listener.wait() == 0


async def test_the_recipe_for_a_virtual_microphone(
    virtual_microphone: Any,
    speech_like: Samples,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commands of docs/microphone.md make a loudspeaker, and speak into it."""
    text = (Path(__file__).parents[3] / "docs" / "microphone.md").read_text(encoding="utf-8")
    make, listen, speak = text.split("```bash\n")[1].split("```")[0].splitlines()
    variable, _, _, _, device = listen.split()
    monkeypatch.setenv(*variable.split("="))
    soundfile.write(tmp_path / "speech.wav", speech_like, 16_000)
    await run(make, tmp_path)
    async with listening(Microphone(CLOCK, device)) as listener:
        best = await hear_played(lambda: run(speak, tmp_path), listener, speech_like)
    assert best > 0.95


async def run(command: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command), cwd=folder, stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0
