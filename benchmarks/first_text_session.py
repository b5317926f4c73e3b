"""Measure what the first text session of a server costs everybody else, and how soon text sounds.

    python benchmarks/first_text_session.py

A real server hears one session in real time, and then speaks for another, for which it loads the
voice. How late the faces of the first come is told against the time when their last sample was
sent. Then a text is said a few times, sent whole and word by word. `--load 8` has as many more
sessions fed. Needs `pip install -e ".[voice]"`, or speaks with espeak-ng.
"""

import argparse
import asyncio
import statistics
from collections.abc import AsyncIterator, Iterator

import numpy as np

from facewire.clock import SECOND, SystemClock
from facewire.frames import Samples
from facewire.wire.binary import WireFrame
from facewire_cli.bench.server_process import serving
from facewire_client import AudioRun, FaceClient, SpeakClient

RATE = 16_000
CHUNK = 320
LOOKAHEAD_S = 0.08
BEFORE_S = 3.0
"""How long the fed session is alone."""
TEXT = (
    "Well, Bob bought my puppy a map, and then he left. Five foxes saw it, which was odd, and "
    "they vanished over the river before anybody could ask them why."
)
WORD_S = 0.2

Late = list[tuple[float, float]]
"""When a face came, in seconds of the clock, and how late it was, in ms."""


def hum() -> Iterator[Samples]:
    """Yield sound for ever: a voice-like buzz that is on and off."""
    at = np.arange(CHUNK)
    while True:
        buzz = np.sin(2 * np.pi * 140 * at / RATE) * np.sin(2 * np.pi * 3 * at / RATE)
        yield (0.3 * buzz).astype(np.float32)
        at += CHUNK


async def fed(url: str, stop: asyncio.Event, late: Late) -> None:
    """Feed a session in real time until it is to stop, and note how late its faces are."""
    clock = SystemClock()
    began = clock.now()

    async def chunks() -> AsyncIterator[Samples]:
        for index, chunk in enumerate(hum()):
            if stop.is_set():
                return
            await clock.sleep_until(began + (index + 1) * CHUNK * SECOND // RATE)
            yield chunk

    async with FaceClient(url, lookahead_ms=1000 * LOOKAHEAD_S, clock=clock) as client:
        async for frame in client.animate(chunks()):
            now = (clock.now() - began) / SECOND
            heard = frame.timestamp / RATE + LOOKAHEAD_S
            late.append((clock.now() / SECOND, 1000 * (now - heard)))


async def first_times(url: str, text: list[str]) -> tuple[float, float]:
    """Say a text, piece by piece; return ms from its first piece to the first face and sound."""
    clock = SystemClock()
    async with SpeakClient(url, clock=clock, idle=False) as speaker, asyncio.TaskGroup() as tasks:
        began = clock.now()

        async def pieces() -> AsyncIterator[str]:
            for index, piece in enumerate(text):
                await clock.sleep_until(began + int(index * WORD_S * SECOND))
                yield piece

        async def talk() -> None:
            await speaker.say(pieces())
            await speaker.end()

        talking = tasks.create_task(talk())
        face = sound = 0.0
        async for event in speaker:
            now = (clock.now() - began) / SECOND * 1000
            if isinstance(event, WireFrame) and event.turn:
                face = face or now
            elif isinstance(event, AudioRun) and event.turn and not sound:
                sound = now
                talking.cancel()
                break
    return face, sound


async def measure(load: int, times: int) -> None:
    """Print everything."""
    clock = SystemClock()
    with serving("serve", "--max-sessions", str(load + 8)) as server:
        stop, late = asyncio.Event(), list[Late]()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(1 + load):
                late.append([])
                tasks.create_task(fed(server.url, stop, late[-1]))
            await clock.sleep_until(clock.now() + int(BEFORE_S * SECOND))
            opened = clock.now() / SECOND
            face, sound = await first_times(server.url, [TEXT])
            loaded = clock.now() / SECOND
            stop.set()
        one = late[0]
        print(f"the first text session: {loaded - opened:.2f} s to its first sound")
        for name, low, high in (("before", 0, opened), ("meanwhile", opened, loaded)):
            found = [ms for when, ms in one if low <= when < high][60 if low == 0 else 0 :]
            print(f"faces of the fed session {name}: worst {max(found):.0f} ms late, ", end="")
            print(f"in the median {statistics.median(found):.0f} ms")
        for name, text in (("whole", [TEXT]), ("word by word", [f"{w} " for w in TEXT.split()])):
            all_times = [await first_times(server.url, text) for _ in range(times)]
            face, sound = (statistics.median(column) for column in zip(*all_times, strict=True))
            print(f"text that comes {name}: first face {face:.0f} ms, first sound {sound:.0f} ms")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--load", type=int, default=0, help="sessions that are fed besides")
    parser.add_argument("--times", type=int, default=10, help="how often a text is said")
    options = parser.parse_args()
    asyncio.run(measure(options.load, options.times))


if __name__ == "__main__":
    main()
