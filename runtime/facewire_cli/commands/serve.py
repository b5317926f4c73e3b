"""`facewire serve`: many clients, each connection a session with its own audio and frames."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from facewire.clock import Clock, SystemClock
from facewire.settings.settings import Settings
from facewire.speaking.voices import check_local_voice
from facewire_cli import options
from facewire_cli.commands.live import serve_page
from facewire_cli.loading import load_wanted
from facewire_cli.page_address import print_address
from facewire_cli.running import run
from facewire_cli.steady import keep_steady

EXAMPLES = """
Examples:

    facewire serve                                # then open the page: press Speak, or type

    facewire serve --host 0.0.0.0 --port 9000     # for whom has the token that it prints

    facewire serve --allow-origin https://example.org

    facewire serve --voice cosyvoice:ann.toml     # what the page types is spoken by CosyVoice
"""


def serve(
    host: options.HostOption = None,
    port: options.PortOption = None,
    max_sessions: Annotated[
        int | None, typer.Option("--max-sessions", help="Clients that may send audio at once.")
    ] = None,
    allow_origin: options.OriginOption = None,
    token: options.TokenOption = None,
    insecure: options.InsecureOption = None,
    cert: options.CertOption = None,
    key: options.KeyOption = None,
    base_path: options.BasePathOption = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(
            "--voice",
            metavar="cosyvoice:FILE.toml",
            help="A voice of this machine that clients may name; the first is for those who name "
            "none. May be repeated.",
        ),
    ] = None,
    engine: options.EngineOption = None,
    backend: options.BackendOption = None,
    profile: options.ProfileOption = None,
    seed: options.SeedOption = None,
    settings: options.SettingsOption = None,
) -> None:
    """Serve the page and the WebSocket until Ctrl-C: each connection is a session of its own."""
    chosen = options.with_options(
        settings,
        profile,
        server__host=host,
        server__port=port,
        server__max_sessions=max_sessions,
        server__allow_origin=allow_origin,
        server__token=token,
        server__insecure=insecure,
        server__cert=cert,
        server__key=key,
        server__base_path=base_path,
        server__voices=voice,
        stream__engine=engine,
        stream__backend=backend,
        face__seed=seed,
    )
    for name in chosen.server.voices:
        check_local_voice(name)
    run(_serve(chosen, SystemClock()))


async def _serve(settings: Settings, clock: Clock) -> None:
    sessions = settings.server.max_sessions
    loaded = await asyncio.to_thread(load_wanted, settings, sessions)
    keep_steady()
    async with serve_page(loaded, settings, clock) as server:
        console = Console(stderr=True)
        print_address(console, server, "serving {} (Ctrl-C ends)")
        await server.serve_forever()
