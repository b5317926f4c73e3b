"""Print how far the jaw opens in a recording: `python example.py speech.wav [ws://HOST:PORT]`."""

import argparse
import asyncio
import sys

import soundfile

from facewire_client import FaceClient, ServerError


async def main(path: str, url: str) -> None:
    """Send a recording as fast as the server takes it, and print the faces as they come."""
    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    client = FaceClient(url, sample_rate=sample_rate, channels=samples.shape[1])
    async with client as face:
        async for frame in face.animate(samples):
            seconds = frame.timestamp / face.hello.sample_rate
            print(f"{seconds:8.3f} s  jawOpen {frame.by_name['jawOpen']:.2f}")  # noqa: T201 # output


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print how far the jaw opens in a recording.")
    parser.add_argument("path", help="the recording, such as speech.wav")
    parser.add_argument(
        "url", nargs="?", default="ws://127.0.0.1:8765", help="of a server (default: %(default)s)"
    )
    arguments = parser.parse_args()
    try:
        asyncio.run(main(arguments.path, arguments.url))
    except (ServerError, soundfile.LibsndfileError) as error:
        sys.exit(str(error))
