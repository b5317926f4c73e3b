"""Use the client as somebody who has nothing else: `try_client.py URL speech.npz`."""

import asyncio
import sys
from typing import Any

import numpy as np

import facewire_client
from facewire_client import AudioRun, FaceClient, SpeakClient, WireFrame


async def session(url: str, samples: Any, sample_rate: int) -> int:
    """Send speech on /session, and return how many faces opened the jaw."""
    async with FaceClient(url, sample_rate=sample_rate) as face:
        return sum([frame.by_name["jawOpen"] > 0.1 async for frame in face.animate(samples)])


async def turn(url: str, samples: Any, sample_rate: int) -> tuple[int, int]:
    """Speak a turn on /speak, and return how many faces and samples of it came."""

    async def speak() -> None:
        number = await speaker.begin()
        await speaker.send_audio(number, samples)
        await speaker.end_turn(number)
        await speaker.end()

    options = {"text": False, "pacing": "burst", "sample_rate": sample_rate}
    async with SpeakClient(url, **options) as speaker, asyncio.TaskGroup() as tasks:
        tasks.create_task(speak(), name="speak")
        faces = heard = 0
        async for event in speaker:
            match event:
                case WireFrame(turn=1):
                    faces += 1
                case AudioRun(samples=run, turn=1):
                    heard += len(run)
    return faces, heard


async def main(url: str, path: str) -> None:
    """Use both, and end with a sentence where one does not do its work."""
    speech = np.load(path)
    samples, sample_rate = speech["samples"], int(speech["sample_rate"])
    opened = await session(url, samples, sample_rate)
    faces, heard = await turn(url, samples, sample_rate)
    print(f"{facewire_client.__file__}: {opened} faces with an open mouth; a turn of {faces} faces")
    if opened < 100 or faces < 500 or heard < len(samples):
        sys.exit(f"the client got too little: {opened=} {faces=} {heard=} of {len(samples)}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
