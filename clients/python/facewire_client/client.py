"""A session of one's own: speech goes in, faces come out."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from fractions import Fraction
from typing import Any, Literal

import msgspec
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.wire.binary import VERSION, AudioMessage, WireFrame, encode_audio
from facewire.wire.messages import End, FrameFormat, SetEmotion
from facewire.wire.session import LookaheadSet, OpenSession, SetLookahead, Silence
from facewire_client.connection import Connection
from facewire_client.pcm import pcm_runs
from facewire_client.server_error import ServerError


class FaceClient(Connection):
    """One stream of audio, and its faces.

    `animate` sends, and yields the faces meanwhile. By hand, send in one task and iterate in
    another: a server whose frames nobody reads stops listening, and hangs up after a while.
    """

    def __init__(
        self,
        url: str,
        *,
        sample_rate: int = 16_000,
        channels: int = 1,
        sample_format: Literal["s16le", "f32le"] = "s16le",
        frame_rate: int | float | str | Fraction = 60,
        lookahead_ms: float = 80.0,
        idle: bool = True,
        seed: int | msgspec.UnsetType | None = msgspec.UNSET,
        silence_ms: float | msgspec.UnsetType | None = msgspec.UNSET,
        provisional: bool = False,
        emotion: Mapping[str, float] | None = None,
        style: Mapping[str, float] | None = None,
        format: FrameFormat = "binary",  # noqa: A002 # it is called so on the wire
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Get ready to connect.

        Args:
            url: such as "ws://127.0.0.1:8765" or "https://example.org/facewire/?token=abc".
            sample_rate: Hz of the audio that is sent.
            channels: of the audio that is sent; the server mixes them to one.
            sample_format: how samples travel.
            frame_rate: frames per second, such as 60, "30000/1001" or a Fraction.
            lookahead_ms: how far past its timestamp a frame may listen.
            idle: whether the face blinks and looks around.
            seed: which idle motion; the same seed moves the same way, None is one of its own.
            silence_ms: after so long without audio the stream goes on as if silence came, which
                `silence` then tells; None: it waits for audio. Unset, the server decides.
            provisional: whether each frame comes twice, first at once and without look-ahead; see
                `WireFrame.provisional` and `ProvisionalBlend`.
            emotion: what the speaker feels, such as {"happy": 0.8}; None: what the server's profile
                says.
            style: how the face moves, such as {"grid": 0.3}, by the names of `hello.styles`; None:
                as is usual for the server.
            format: how frames travel.
            tls: which certificates are trusted; None: those that this machine trusts.
            clock: this machine's monotonic time.
        """
        opening = OpenSession(
            version=VERSION,
            sample_rate=sample_rate,
            sample_format=sample_format,
            channels=channels,
            frame_rate=str(frame_rate),
            lookahead_ms=lookahead_ms,
            format=format,
            idle=idle,
            seed=seed,
            silence_ms=silence_ms,
            provisional=provisional,
            emotion=emotion if emotion is None else dict(emotion),
            style=msgspec.UNSET if style is None else dict(style),
        )
        super().__init__(url, "session", opening=opening, tls=tls, clock=clock)
        self._audio_format = opening.audio_format
        self.silence: Silence | None = None
        """The last silence that went on without audio, and how much of it there is by then."""
        self.lookahead: LookaheadSet | None = None
        """The last answer to `set_lookahead`: from which frame on which look-ahead holds."""
        self._sent = 0
        self._failure: Exception | None = None
        """Of the samples that `animate` was given."""

    @property
    def sent(self) -> int:
        """Samples of each channel that were sent, which is the index of the next one."""
        return self._sent

    async def send(self, samples: NDArray[Any], *, turn: int = 0) -> None:
        """Send the next samples, `[T]` or `[T, channels]`: float in [-1, 1], or int16.

        Args:
            samples: as many as there are; waits while the server has enough to do.
            turn: which utterance they belong to; its frames carry the same number.

        Raises:
            ServerError: the server refused something, or went away.
            ValueError: the samples have another number of channels, or another type.
        """
        for pcm, count in pcm_runs(samples, self._audio_format):
            message = AudioMessage(pcm, self._sent, turn)
            # A caller that is cancelled while this waits has sent it all the same.
            self._sent += count
            await self._send(encode_audio(message), work_s=count / self._audio_format.sample_rate)

    async def set_lookahead(self, lookahead_ms: float) -> None:
        """Let frames listen further ahead, or less far, behind what was sent so far.

        `lookahead` tells from which frame on, once the server has answered.
        """
        await self._send(SetLookahead(ms=lookahead_ms))

    async def set_emotion(self, emotion: Mapping[str, float] | None) -> None:
        """Let the speaker feel something else from the audio on that is sent next.

        Args:
            emotion: shares in [0, 1], by the names of `facewire.emotion.NAMES`; None: what the
                server's profile says.

        Raises:
            ServerError: the server went away.
            ValueError: there is no such emotion.
        """
        await self._send(SetEmotion(emotion=emotion if emotion is None else dict(emotion)))

    async def end(self) -> None:
        """Say that this was all; the last frames follow, and then iteration ends."""
        await self._send(End())

    async def say(self, samples: NDArray[Any]) -> None:
        """Send all there is, and end the stream; run it beside the loop that reads the faces.

        Raises:
            ServerError: the server refused something, or went away.
            ValueError: the samples have another number of channels, or another type.
        """
        await self.send(samples)
        await self.end()

    async def animate(
        self, samples: NDArray[Any] | AsyncIterable[NDArray[Any]]
    ) -> AsyncIterator[WireFrame]:
        """Send all there is, or runs of samples as they come, and yield its faces meanwhile.

        Raises:
            ServerError: the server refused something, or went away.
            ValueError: the samples have another number of channels, or another type.
        """
        sending = self._transport.start(self._feed(samples))
        try:
            async for frame in self:
                yield frame
        except ServerError:
            if self._failure is None:
                raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    async def _feed(self, samples: NDArray[Any] | AsyncIterable[NDArray[Any]]) -> None:
        try:
            if isinstance(samples, AsyncIterable):
                async for run in samples:
                    await self.send(run)
            else:
                await self.send(samples)
            await self.end()
        except ServerError:
            pass  # Whoever reads is told, and more exactly.
        except Exception as error:
            # Whoever reads is woken, and raises it.
            self._failure = error
            self._transport.abort()

    async def __aiter__(self) -> AsyncIterator[WireFrame]:
        """Yield frames until the stream ends; then `ended` tells what the server counted.

        Raises:
            ServerError: the server refused something, or went away.
        """
        async for item in self.messages():
            if isinstance(item, WireFrame):
                yield item
            elif isinstance(item, LookaheadSet):
                self.lookahead = item
            elif isinstance(item, Silence):
                self.silence = item
