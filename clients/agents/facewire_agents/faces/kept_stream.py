"""The stream that makes an agent's faces now, and the clock of who hears it."""

import logging
from collections.abc import Awaitable, Callable

from facewire.clock import Clock
from facewire.errors import FacewireError
from facewire.frame_rate import parse_frame_rate
from facewire.frames import StreamSpec
from facewire.speaking.playout_clock import PlayoutClock
from facewire_agents.faces.face_stream import FaceEvent, FaceStream
from facewire_agents.faces.faceless import FacelessStream
from facewire_agents.faces.options import FaceOptions
from facewire_agents.faces.server_stream import Origin, connect_again
from facewire_agents.faces.speech_run import RATE

logger = logging.getLogger(__name__)

RUN_S = 3_600
"""Of sound of a run that may come after its faces are lost, before it meets the next one."""


class KeptStream:
    """A stream of this process, or of a server that may go and come; without one, one of no faces.

    The stream is told what its listener hears, as the clock here is. Used by one event loop.
    """

    def __init__(
        self, options: FaceOptions, clock: Clock, take: Callable[[FaceEvent], None]
    ) -> None:
        """Begin without faces.

        Args:
            options: how faces are made.
            clock: keeps time.
            take: takes what comes of the stream.
        """
        self.playout = PlayoutClock(RATE, clock.now())
        """Which sample of the stream is heard when."""
        rate = parse_frame_rate(str(options.frame_rate))
        self.stream: FaceStream = FacelessStream(take, StreamSpec(RATE, rate, 0))
        """The one that makes faces now."""
        self._options = options
        self._clock = clock
        self._take = take
        self._pauses: set[str] = set()
        """Why it stands still."""

    @property
    def faceless(self) -> bool:
        """Whether speech has no faces now."""
        return isinstance(self.stream, FacelessStream)

    def begin(self, stream: FaceStream, sample: int) -> None:
        """Make faces by a stream whose `sample` is heard now."""
        self.stream = stream
        self.set_playout(sample, self._clock.now())

    async def lose(self, lose_faces: Callable[[int], int]) -> None:
        """Go on without faces.

        Args:
            lose_faces: lets speech go on without, behind a sample, and returns where it ends.
        """
        if self.faceless:
            return
        lost, sample = self.stream, lose_faces(max(0, self.playout.position(self._clock.now())))
        # A run that takes more grows into the room that is left.
        self.stream = FacelessStream(self._take, lost.spec, sample + RATE * RUN_S)
        await lost.aclose()

    async def run(
        self,
        tell: Callable[[str], None],
        *,
        lose: Callable[[], Awaitable[None]],
        silent: Callable[[], bool],
        begin_again: Callable[[], Origin],
    ) -> None:
        """Make faces; where a server makes them, for as long as it is there, again and again.

        Args:
            tell: is told when a server goes away.
            lose: goes on without faces then, by `lose`.
            silent: tells whether nobody speaks.
            begin_again: forgets what was, and returns where the next stream begins in this one.

        Raises:
            FacewireError: no more faces can be made in this process.
        """
        while True:
            try:
                await self.stream.run(self._take)
            except FacewireError as error:
                if not self._options.server:
                    raise
                tell(f"the face is gone: {error} (its server is asked again from time to time)")
            if not self._options.server:
                return
            await lose()
            stream = await connect_again(self._options, self._clock, silent)
            stream.origin = begin_again()
            self.begin(stream, stream.origin.sample)
            logger.info("the face's server is there: speech has a face from now on")

    def set_playout(self, sample: int, when: int) -> None:
        """Note that a sample is heard at a time, in ns."""
        self.playout.set_playout(sample, when)
        self.stream.set_playout(sample, when)

    def pause(self, reason: str) -> None:
        """Stand still until no reason for it is left."""
        if not self._pauses:
            self.playout.pause(self._clock.now())
            self.stream.pause()
        self._pauses.add(reason)

    def resume(self, reason: str | None = None) -> None:
        """Go on, if that was the last reason; without one, whatever the reasons."""
        if not self._pauses:
            return
        self._pauses = self._pauses - {reason} if reason is not None else set()
        if not self._pauses:
            self.playout.resume(self._clock.now())
            self.stream.resume()
