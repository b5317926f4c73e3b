"""Turns of speech: text, tokens or audio go in, sound and faces come out."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.wire.binary import (
    VERSION,
    AudioMessage,
    TokensMessage,
    WireFrame,
    encode_audio,
    encode_tokens,
)
from facewire.wire.messages import End, FrameFormat, SetEmotion
from facewire.wire.speak import (
    Alignment,
    BeginSpeech,
    EndTurn,
    Interrupt,
    Interrupted,
    Mode,
    NotInterrupted,
    OpenSpeech,
    Pause,
    Paused,
    Problem,
    Resume,
    Resumed,
    SetPlayout,
    SpeechHello,
    Text,
    TurnBegins,
    TurnEnds,
    Words,
    decode_speak_answer,
)
from facewire_client.connection import Connection
from facewire_client.pcm import pcm_runs
from facewire_client.provider_message import without_audio
from facewire_client.server_error import ServerError
from facewire_client.transport import CLOSE_S
from facewire_client.viewer import AudioRun, audio_run

MESSAGE_TOKENS = 4_096
MESSAGE_CHARACTERS = 100_000
LONG_S = 86_400.0
"""Speech may have to wait until what stands before it was heard."""

SpeechEvent = (
    WireFrame
    | AudioRun
    | TurnBegins
    | Words
    | TurnEnds
    | Interrupted
    | NotInterrupted
    | Paused
    | Resumed
    | Problem
)


class SpeakClient(Connection):
    """A stream of turns. Say things in one task, and iterate in another."""

    def __init__(
        self,
        url: str,
        *,
        text: bool = True,
        voice: str = "",
        language: str = "en-us",
        rate: int = 175,
        pitch: int = 50,
        face: Literal["phones", "latents"] = "phones",
        frame_rate: int | float | str | Fraction = 60,
        audio: bool = True,
        lead_ms: float = 100.0,
        pacing: Literal["real-time", "burst"] = "real-time",
        idle: bool = True,
        seed: int | msgspec.UnsetType | None = msgspec.UNSET,
        tokens: str = "phones",
        sample_rate: int = 16_000,
        channels: int = 1,
        sample_format: Literal["s16le", "f32le"] = "s16le",
        lookahead_ms: float = 150.0,
        emotion: Mapping[str, float] | None = None,
        format: FrameFormat = "binary",  # noqa: A002 # it is called so on the wire
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Get ready to connect; docs/speak.md says what each of these means.

        Args:
            url: such as "ws://127.0.0.1:8765" or "https://example.org/facewire/?token=abc".
            text: whether turns of text will come; then the server loads a voice.
            voice: its name; empty is the language's own.
            language: such as "en-us".
            rate: words a minute.
            pitch: 0 to 100.
            face: what of the voice its face is made from; latents are for hibari only.
            frame_rate: frames per second, such as 60, "30000/1001" or a Fraction.
            audio: whether the sound is wanted.
            lead_ms: how long before they are heard faces and sound leave the server; less than 20
                counts as 20.
            pacing: "burst" for everything as soon as it is made.
            idle: whether the face blinks and looks around.
            seed: which idle motion; the same seed moves the same way, None is one of its own.
            tokens: the space of the tokens that are sent.
            sample_rate: Hz of the audio that is sent.
            channels: of the audio that is sent.
            sample_format: how the audio that is sent travels.
            lookahead_ms: how far a face may listen ahead where audio is sent without tokens.
            emotion: what the speaker feels, such as {"happy": 0.8}; None: what the server's profile
                says.
            format: how frames travel.
            tls: which certificates are trusted; None: those that this machine trusts.
            clock: this machine's monotonic time.
        """
        opening = OpenSpeech(
            version=VERSION,
            text=text,
            voice=voice,
            language=language,
            rate=rate,
            pitch=pitch,
            face=face,
            frame_rate=str(frame_rate),
            audio=audio,
            lead_ms=lead_ms,
            pacing=pacing,
            idle=idle,
            seed=seed,
            tokens=tokens,
            sample_rate=sample_rate,
            channels=channels,
            sample_format=sample_format,
            lookahead_ms=lookahead_ms,
            emotion=emotion if emotion is None else dict(emotion),
            format=format,
        )
        super().__init__(
            url, "speak", opening=opening, decode=decode_speak_answer, tls=tls, clock=clock
        )
        self._audio_format = opening.audio_format
        self._turn = 0
        self._sent: dict[int, tuple[int, int]] = {}
        """Of turns of our own speech: how many samples and tokens were sent."""

    @property
    def hello(self) -> SpeechHello:
        """What the frames mean: names, rates, and what tokens the server takes."""
        hello = super().hello
        assert isinstance(hello, SpeechHello)
        return hello

    async def say(self, text: str | AsyncIterable[str], *, mode: Mode = "queue") -> int:
        """Say a text, whole or as its pieces come, and return the number of its turn.

        Args:
            text: what to say; of pieces, each clause is spoken as soon as it is complete.
            mode: "queue" waits for the turns before; "cut" interrupts them.

        Raises:
            ServerError: the server refused something, or went away.
        """
        turn = self._next_turn()
        try:
            # The turn begins now, so that those which begin meanwhile stand behind it.
            await self._say_piece(turn, text if isinstance(text, str) else "", mode)
            if not isinstance(text, str):
                async for piece in text:
                    await self._say_piece(turn, piece, mode)
        except BaseException:
            await self._give_up(turn)
            raise
        await self.end_turn(turn)
        return turn

    async def begin(
        self,
        *,
        tokens: bool = False,
        audio: bool = True,
        alignment: bool = False,
        mode: Mode = "queue",
    ) -> int:
        """Begin a turn of our own speech, and return its number.

        Args:
            tokens: whether tokens will be sent, from which the face is made.
            audio: whether audio will be sent.
            alignment: whether times of what is said in the audio will be pushed, too.
            mode: as for `say`.
        """
        turn = self._next_turn()
        self._sent[turn] = (0, 0)
        begins = BeginSpeech(turn=turn, mode=mode, tokens=tokens, audio=audio, alignment=alignment)
        await self._send(begins)
        return turn

    async def push_alignment(
        self,
        turn: int,
        format: str,  # noqa: A002 # it is called so on the wire
        data: object,
        *,
        offset_ms: float = 0.0,
    ) -> None:
        """Tell when something is said in the audio of a turn, before or after that is sent.

        Args:
            turn: that was begun with `alignment=True`.
            format: whose times they are, such as "elevenlabs"; docs/alignment.md lists them.
            data: what the provider sent: JSON as text, or what was read from it; the sound in it
                stays here.
            offset_ms: where their time 0 lies in the turn.

        Raises:
            ServerError: the server refused something, or went away.
            ValueError: the text is not JSON.
        """
        if isinstance(data, str | bytes) and format != "polly":
            data = msgspec.json.decode(data)
        raw = msgspec.Raw(msgspec.json.encode(without_audio(format, data)))
        await self._send(Alignment(turn=turn, format=format, data=raw, offset_ms=offset_ms))

    async def send_tokens(self, turn: int, tokens: NDArray[Any]) -> None:
        """Send the next tokens of a turn, ids `[T]` of the space that was opened.

        Raises:
            ServerError: the server refused something, or went away.
            ValueError: they are no ids.
        """
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
            raise ValueError(
                f"tokens are whole numbers, [T], not {tokens.dtype} {list(tokens.shape)}; a "
                "client cannot send latents"
            )
        for start in range(0, len(tokens), MESSAGE_TOKENS):
            run = tokens[start : start + MESSAGE_TOKENS].astype(np.uint32)
            samples, first = self._sent[turn]
            # A caller that is cancelled while this waits has sent it all the same.
            self._sent[turn] = (samples, first + len(run))
            await self._send(encode_tokens(TokensMessage(run, first, turn)), work_s=LONG_S)

    async def send_audio(self, turn: int, samples: NDArray[Any]) -> None:
        """Send the next samples of a turn, `[T]` or `[T, channels]`: float, or int16.

        Raises:
            ServerError: the server refused something, or went away.
            ValueError: the samples have another number of channels, or another type.
        """
        for pcm, count in pcm_runs(samples, self._audio_format):
            first, tokens = self._sent[turn]
            self._sent[turn] = (first + count, tokens)
            await self._send(encode_audio(AudioMessage(pcm, first, turn)), work_s=LONG_S)

    async def end_turn(self, turn: int) -> None:
        """Say that no more comes of a turn."""
        self._sent.pop(turn, None)
        await self._send(EndTurn(turn=turn))

    async def interrupt(self, turn: int | None = None, at_ms: float | None = None) -> None:
        """Stop a turn and those behind it; the answer comes as `Interrupted`, or not.

        Args:
            turn: its number; without one, whatever is spoken.
            at_ms: when it was heard last, after it began; by default, now.
        """
        await self._send(Interrupt(turn=turn, at_ms=at_ms))

    async def set_playout(self, sample: int, when_ns: int | None = None) -> None:
        """Say that a sample of the stream is heard at `when_ns` of our clock; by default, now."""
        when = self._clock.now() if when_ns is None else when_ns
        await self._send(SetPlayout(sample=sample, clock_ns=when + self.clock_offset_ns))

    async def pause(self, sample: int | None = None) -> None:
        """Stand still; `sample` is the next one to be heard, where that is known."""
        await self._send(Pause(sample=sample))

    async def resume(self) -> None:
        """Go on."""
        await self._send(Resume())

    async def set_emotion(self, emotion: Mapping[str, float] | None) -> None:
        """Let the speaker feel something else from the next face on.

        Args:
            emotion: shares in [0, 1], by the names of `facewire.emotion.NAMES`; None: what the
                server's profile says.

        Raises:
            ServerError: the server went away.
            ValueError: there is no such emotion.
        """
        await self._send(SetEmotion(emotion=emotion if emotion is None else dict(emotion)))

    async def end(self) -> None:
        """Say that there are no more turns; iteration ends when all are heard."""
        await self._send(End())

    async def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        """Yield what comes, in order, until the stream ends.

        Raises:
            ServerError: the server refused something, or went away.
        """
        async for item in self.messages():
            if isinstance(item, AudioMessage):
                yield audio_run(item)
            elif isinstance(item, SpeechEvent):
                yield item

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn

    async def _say_piece(self, turn: int, text: str, mode: Mode) -> None:
        for start in range(0, max(len(text), 1), MESSAGE_CHARACTERS):
            piece = text[start : start + MESSAGE_CHARACTERS]
            await self._send(Text(turn=turn, text=piece, mode=mode), work_s=LONG_S)

    async def _give_up(self, turn: int) -> None:
        """End a turn that broke off, so that the next one begins; nothing is raised for it."""
        with suppress(ServerError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.end_turn(turn)
