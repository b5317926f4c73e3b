"""Where the faces of an agent go, besides its own program: sinks, and a page with its sound."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.server.refusal import ServedBy
from facewire.server.server import Broadcaster, FaceServer
from facewire.sinks.uri import FACES, parse_output, sink_of
from facewire.sinks.websocket import WebSocketSink
from facewire.stream.engine import Engine
from facewire.stream.sink import Sink
from facewire_agents.faces.options import FaceOptions


class FaceOutputs:
    """The sinks of one agent, opened together."""

    def __init__(self, options: FaceOptions, clock: Clock) -> None:
        """Read the outputs.

        Raises:
            ConfigError: an output cannot be read.
        """
        self._options = options
        self._clock = clock
        self.sinks: list[Sink] = [
            sink_of(parse_output(text, FACES), clock, overwrite=False) for text in options.outputs
        ]
        self.listeners: list[WebSocketSink] = []
        """Those that also play the sound."""
        self.page_urls: Sequence[str] = ()
        """Where the page is, while it is open."""
        self._broadcaster = Broadcaster(clock=clock)

    async def watched(self) -> None:
        """Return as soon as somebody has the page open."""
        await self._broadcaster.watched()

    async def open_page(self, stack: AsyncExitStack, engine: Engine | None) -> None:
        """Serve the page, if it is wanted, until the stack is left.

        Raises:
            ConfigError: its port is taken, or faces are made elsewhere.
        """
        if self._options.page is None:
            return
        if engine is None:
            raise ConfigError(
                "the page shows faces that are made in this process; leave `server` or `page` away"
            )
        server = FaceServer(
            engine,
            make_face,
            clock=self._clock,
            port=self._options.page,
            broadcaster=self._broadcaster,
            open_sound=True,
            served_by=ServedBy(port_option="FaceOptions(page=...)"),
        )
        await stack.enter_async_context(server)
        stack.callback(setattr, self, "page_urls", ())
        self.page_urls = server.page_urls
        viewers = WebSocketSink(self._broadcaster)
        self.sinks.append(viewers)
        self.listeners.append(viewers)
