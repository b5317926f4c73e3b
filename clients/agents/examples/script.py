"""What the example agents answer: no model, no cloud."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

GREETING = "Hello! I am an agent without a cloud. Type something, also while I speak."
ANSWERS = {
    "name": "My name is Facewire, and my face moves with my voice.",
    "how": "I am fine, thank you. Every sound that I make has a face.",
    "?": "That is a good question. Somebody smarter than a script should answer it.",
}
OTHERWISE = "You said: {}. Bob bought my puppy a map, by the way."


def answer(text: str) -> str:
    """Return what the agent says to a text."""
    words = text.lower()
    return next((say for key, say in ANSWERS.items() if key in words), OTHERWISE.format(text))


async def typed_lines() -> AsyncIterator[str]:
    """Yield the lines of standard input, until it ends."""
    # Its own descriptor, which closing the pipe shall not close.
    stream = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), stream
    )
    try:
        while line := await reader.readline():
            if text := line.decode(errors="replace").strip():
                yield text
    finally:
        transport.close()
