# pyright: reportMissingImports=false
"""An agent built with LiveKit, without a cloud: type to it on a terminal, and interrupt it so, too.

    python clients/agents/examples/livekit_agent.py [--port 8765]

Its face and its voice are on the page that it names.
"""

import argparse
import asyncio
import sys

from livekit.agents import Agent, AgentSession
from script import GREETING, answer, typed_lines

from facewire_agents.livekit import FaceOptions, FaceOutput, FacewireTTS, PageOutput


def tell(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(port: int) -> None:
    """Run until standard input ends, and all is said."""
    face = FaceOutput(PageOutput(), FaceOptions(page=port))
    face.on("face_interrupted", lambda heard: tell(f"interrupted: {heard}"))
    await face.start()
    session = AgentSession(tts=FacewireTTS())
    session.output.audio = face
    await session.start(Agent(instructions="Answer what is typed."))
    tell(f"the face is at {face.page_urls[0]}")
    await face.watched()
    speech = session.say(GREETING)
    async for text in typed_lines():
        await session.interrupt()
        speech = session.say(answer(text))
    await speech.wait_for_playout()
    await session.aclose()
    await face.aclose()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8765)
    asyncio.run(main(options.parse_args().port))
