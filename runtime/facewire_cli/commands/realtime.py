"""`facewire realtime`: a proxy of a realtime voice server, which adds a face to what it says."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from facewire.animator import Animator, AnimatorOptions
from facewire.clock import Clock, SystemClock
from facewire.realtime.audio import PCM_RATE
from facewire.realtime.proxy import RealtimeProxy
from facewire.realtime.upstream import Upstream
from facewire.server.http.address import certificate_of, is_local
from facewire.settings.lookahead import lookahead_of
from facewire.settings.settings import Settings
from facewire_cli import options
from facewire_cli.loading import load_from_settings
from facewire_cli.process_tuning import tune_process
from facewire_cli.running import run

EXAMPLES = """
Examples:

    facewire realtime --upstream wss://api.openai.com/v1/realtime     # with the key of your app

    facewire realtime --upstream ws://localhost:8000/v1/realtime --port 9000

    facewire realtime --upstream wss://api.openai.com/v1/realtime --frame-rate 30 --no-idle
"""
UpstreamOption = Annotated[
    str,
    typer.Option(
        "--upstream",
        metavar="URL",
        help="The server that your app speaks to now, with its path: wss:// or ws://, or https:// "
        "or http://, which mean the same. Without a path, each app names its own.",
    ),
]


@options.choosing(
    "host",
    "port",
    "cert",
    "key",
    "max_sessions",
    "frame_rate",
    "lookahead_ms",
    *options.ENGINE,
    "articulation",
    "emotion",
    "idle",
    "seed",
)
def realtime(chosen: options.Chosen, upstream: UpstreamOption) -> None:
    """Stand between an app and a server of OpenAI's Realtime protocol, and add faces, until Ctrl-C.

    Everything passes unchanged, keys and headers too; for each answer `facewire.face.delta`
    events come beside its audio (docs/realtime.md).
    """
    run(_serve(Upstream(upstream), chosen.settings, SystemClock()))


async def _serve(upstream: Upstream, settings: Settings, clock: Clock) -> None:
    server = settings.server
    engine = await asyncio.to_thread(load_from_settings, settings, server.max_sessions)
    animated = AnimatorOptions(
        engine=engine,
        frame_rate=str(settings.stream.frame_rate),
        lookahead_ms=lookahead_of(settings.stream),
        idle=settings.face.idle,
        seed=settings.face.fixed_seed,
        profile=settings.face,
    )
    # What the engine cannot do is said now, and not with the first answer.
    await asyncio.to_thread(lambda: Animator(PCM_RATE, animated).close())
    tune_process()
    async with RealtimeProxy(
        upstream,
        engine,
        animated,
        clock=clock,
        host=server.host,
        port=server.port,
        max_sessions=server.max_sessions,
        tls=certificate_of(server.cert, server.key),
        limits=server.limits,
    ) as proxy:
        console = Console(stderr=True)
        console.print(
            f"let your app connect to {proxy.url} instead of {upstream.url} (Ctrl-C ends)",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
        if not is_local(server.host):
            console.print(
                "warning: everybody on the network can reach the server through this one; what "
                "they need there is a key of their own",
                soft_wrap=True,
                highlight=False,
            )
        await proxy.serve_forever()
