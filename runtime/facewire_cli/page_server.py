"""The server of the page, as the settings ask for it, and what is said of its address."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from facewire.agents.agent import AgentMaker
from facewire.clock import Clock
from facewire.server.http.address import certificate_of
from facewire.server.refusal import ServedBy
from facewire.server.server import Broadcaster, FaceServer
from facewire.settings.open_from_settings import face_factory
from facewire.settings.settings import Settings
from facewire.speaking.voice import TokenDecoder
from facewire.stream.engine import Engine


def serve_page(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    broadcaster: Broadcaster | None = None,
    *,
    command: str,
    open_sound: bool = False,
    decoders: Sequence[TokenDecoder] = (),
    agent: AgentMaker | None = None,
) -> FaceServer:
    """Return the server of the page and of sessions, and of watchers if there is a stream.

    Args:
        engine: what sessions run on.
        settings: where it listens, and whom it lets in.
        clock: of everything.
        broadcaster: the live stream, if there is one.
        command: of ours that serves it, such as "live".
        open_sound: whether its sound is nobody's secret, whatever the settings say.
        decoders: of tokens that clients may push, besides the engine's.
        agent: answers what is said to the page.
    """
    # The face of the live stream has the seed itself.
    make_face = face_factory(settings, first=1 if broadcaster else 0)
    wanted = settings.server
    return FaceServer(
        engine,
        make_face,
        clock=clock,
        host=wanted.host,
        port=wanted.port,
        max_sessions=wanted.max_sessions,
        allow_origin=wanted.allow_origin,
        # None: the server makes one where other machines reach it.
        token=wanted.token or ("" if wanted.insecure else None),
        open_sound=open_sound or wanted.open_sound,
        tls=certificate_of(wanted.cert, wanted.key),
        base_path=wanted.base_path,
        voices=wanted.voices,
        decoders=decoders,
        agent=agent,
        limits=wanted.limits,
        broadcaster=broadcaster,
        served_by=ServedBy(f"facewire {command}"),
    )


def print_address(console: Console, server: FaceServer, sentence: str) -> None:
    """Print a sentence with the page's address for `{}`, on one line that can be copied."""
    # An address is no markup, and a token may hold anything.
    first, *others = server.page_urls
    console.print(Text(sentence.format(first)), soft_wrap=True)
    for url in others:
        console.print(Text(f"  for a browser on this machine: {url}"), soft_wrap=True)
    if server.is_exposed:
        console.print(
            "warning: everybody on the network can connect and read along, since there is neither "
            "a token nor TLS; leave --insecure away, or give --cert and --key",
            soft_wrap=True,
            highlight=False,
        )
