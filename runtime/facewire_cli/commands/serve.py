"""`facewire serve`: many clients, each connection a session with its own audio and frames."""

import asyncio

from rich.console import Console

from facewire.agents.agent import AgentMaker
from facewire.agents.named import find_agent
from facewire.clock import Clock, SystemClock
from facewire.listening.activity import LOUDNESS_SENTENCE, has_silero
from facewire.settings.settings import Settings
from facewire.speaking.voices import check_local_voice
from facewire_cli import options
from facewire_cli.audio2face_server import (
    check_audio2face,
    print_audio2face,
    serve_audio2face,
)
from facewire_cli.loading import load_decoders, load_from_settings
from facewire_cli.page_server import print_address, serve_page
from facewire_cli.process_tuning import tune_process
from facewire_cli.running import run

EXAMPLES = """
Examples:

    facewire serve                                # then open the page: press Speak, or type

    facewire serve --host 0.0.0.0 --port 9000     # for whom has the token that it prints

    facewire serve --allow-origin https://example.org

    facewire serve --a2f 52000                    # also for clients of NVIDIA's Audio2Face-3D

    facewire serve --voice cosyvoice:ann.toml     # what the page types is spoken by CosyVoice

    facewire serve --agent canned                 # press Talk: it answers, and can be interrupted

    facewire serve --decoder models/labels        # clients may send tokens that it was trained for
"""


@options.choosing(
    *options.ADDRESS,
    "a2f",
    "max_sessions",
    "allow_origin",
    "base_path",
    "voices",
    "decoders",
    "agent",
    *options.ENGINE,
    "style",
    "articulation",
    "emotion",
    "seed",
)
def serve(chosen: options.Chosen) -> None:
    """Serve the page and the WebSocket until Ctrl-C: each connection is a session of its own."""
    for name in chosen.settings.server.voices:
        check_local_voice(name)
    agent = find_agent(chosen.settings.server.agent) if chosen.settings.server.agent else None
    run(_serve(chosen.settings, SystemClock(), agent))


async def _serve(settings: Settings, clock: Clock, agent: AgentMaker | None) -> None:
    sessions = settings.server.max_sessions
    check_audio2face(settings)
    loaded = await asyncio.to_thread(load_from_settings, settings, sessions)
    decoders = await asyncio.to_thread(load_decoders, settings)
    tune_process()
    async with (
        serve_page(
            loaded, settings, clock, command="serve", decoders=decoders, agent=agent
        ) as server,
        serve_audio2face(server, settings) as port,
    ):
        console = Console(stderr=True)
        print_address(console, server, "serving {} (Ctrl-C ends)")
        if agent is not None and not has_silero():
            console.print(LOUDNESS_SENTENCE, soft_wrap=True, highlight=False)
        if port is not None:
            print_audio2face(console, server, settings, port)
        await server.serve_forever()
