"""Clients of /session that do everything wrong, and that the others go on."""

import asyncio
import logging
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.runtime.server.session_client import (
    Client,
    all_sessions_over,
    goes_well,
    new_server,
    refused,
    session_of,
    speak_on,
)
from websockets.exceptions import ConnectionClosed

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.server.server import FaceServer
from facewire.settings.limits import Limits
from facewire.wire.binary import AudioMessage, encode_audio
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.hearing.hop_session import TunableHopSession


class TestBadClients:
    @pytest.mark.parametrize(
        ("message", "code", "close_code", "words"),
        [
            ("nonsense", "bad-message", 1007, "JSON"),
            ('{"type":"open","version":1,"rate":1}', "bad-message", 1007, "sample_rate"),
            ('{"type":"open","version":9}', "unsupported", 1008, "version 1"),
            ('{"type":"open","version":1,"sample_rate":4000}', "unsupported", 1008, "8000"),
            ('{"type":"open","version":1,"frame_rate":"0"}', "unsupported", 1008, "frame rate"),
            ('{"type":"end"}', "out-of-order", 1008, "send open before end"),
            (b"", "bad-message", 1007, "nothing"),
            (b"\x00\xff\x00", "bad-message", 1007, "0x00"),
            (b"A\x02" + bytes(14), "unsupported", 1008, "version 1"),
            (b"A\x01" + bytes(14), "out-of-order", 1008, "send open before audio"),
        ],
    )
    async def test_a_bad_first_message(
        self,
        server: FaceServer,
        client: Client,
        speech_like: Samples,
        message: str | bytes,
        code: str,
        close_code: int,
        words: str,
    ) -> None:
        await client.connection.send(message)
        await refused(client, code, close_code, words)
        await goes_well(server, speech_like)

    @pytest.mark.parametrize(
        ("message", "code", "close_code", "words"),
        [
            ('{"type":"open","version":1}', "out-of-order", 1008, "end it before the next"),
            ("{}", "bad-message", 1007, "open, end, ping"),
            (encode_audio(AudioMessage(b"abc", 8_000)), "bad-message", 1007, "3 bytes"),
            (encode_audio(AudioMessage(b"ab", 0)), "out-of-order", 1008, "8000 is next"),
            (encode_audio(AudioMessage(b"ab", 90_000)), "out-of-order", 1008, "2 seconds"),
        ],
    )
    async def test_a_bad_message_in_a_stream(
        self,
        server: FaceServer,
        client: Client,
        speech_like: Samples,
        message: str | bytes,
        code: str,
        close_code: int,
        words: str,
    ) -> None:
        await client.open()
        await client.speak(speech_like[:8_000])
        await client.connection.send(message)
        await refused(client, code, close_code, words)
        await goes_well(server, speech_like)

    async def test_what_the_engine_cannot_do_is_unsupported(self) -> None:
        class ShortSighted(EnergyEngine):
            def session(
                self,
                *,
                frame_rate: Fraction = Fraction(60),
                lookahead_ms: float = 80.0,
                clock: Clock | None = None,
            ) -> TunableHopSession:
                if lookahead_ms > 160:
                    raise ConfigError("a look-ahead of 0 to 160 ms, please")
                return super().session(
                    frame_rate=frame_rate, lookahead_ms=lookahead_ms, clock=clock
                )

        async with new_server(ShortSighted()) as server, session_of(server) as connection:
            client = Client(connection)
            await client.tell(type="open", version=1, lookahead_ms=500)
            await refused(client, "unsupported", 1008, "0 to 160 ms")

    async def test_an_oversized_message(
        self, server: FaceServer, client: Client, speech_like: Samples
    ) -> None:
        await client.open()
        await client.connection.send(bytes((1 << 20) + 1))
        assert (await client.closed())[0] == 1009
        await goes_well(server, speech_like)

    async def test_text_that_is_not_utf8(self, server: FaceServer, client: Client) -> None:
        await client.connection.send(b"\xff\xfe", text=True)
        assert (await client.closed())[0] == 1007

    async def test_a_client_that_vanishes(self, server: FaceServer, speech_like: Samples) -> None:
        async with session_of(server) as connection:
            client = Client(connection)
            await client.open()
            await client.speak(speech_like)
            connection.transport.abort()
        await all_sessions_over(server)
        await goes_well(server, speech_like)

    async def test_a_client_that_says_nothing_disturbs_nobody(
        self, server: FaceServer, client: Client, speech_like: Samples
    ) -> None:
        await client.open()
        await goes_well(server, speech_like)
        await client.tell(type="end")
        assert (await client.rest())[1]["frames"] == 0

    async def test_a_client_that_stops_reading_is_sent_away(
        self, speech_like: Samples, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "facewire.server")
        async with new_server(limits=Limits(unread_s=0.2)) as server:
            async with session_of(server, max_queue=1) as connection:
                client = Client(connection)
                await client.open(frame_rate=240, format="json")
                # Nothing is read, so the server stops listening, and this can never be sent.
                with pytest.raises(ConnectionClosed):
                    await speak_on(client, np.tile(speech_like, 8))
                await all_sessions_over(server)
            assert "frames were not read for 0.2 s" in caplog.text
            await goes_well(server, speech_like)

    async def test_a_client_that_stops_reading_does_not_hold_up_the_end(
        self, speech_like: Samples
    ) -> None:
        async with session_of(server := await new_server().__aenter__(), max_queue=1) as connection:
            client = Client(connection)
            await client.open(frame_rate=240, format="json")
            speaking = asyncio.create_task(speak_on(client, np.tile(speech_like, 8)))
            await asyncio.sleep(0.5)
            await server.__aexit__(None, None, None)
            with pytest.raises(ConnectionClosed):
                await speaking

    async def test_a_failing_engine_is_our_fault(
        self, speech_like: Samples, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(EnergyEngine):
            def session(self, **options: Any) -> TunableHopSession:
                session = super().session(**options)
                if options["lookahead_ms"] == 13:
                    object.__setattr__(session, "push", self.fail)
                return session

            def fail(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
                raise RuntimeError("the graph fell over")

        async with new_server(Broken()) as server, session_of(server) as connection:
            client = Client(connection)
            await client.open(lookahead_ms=13)
            await client.speak(speech_like[:1_600])
            await refused(client, "internal", 1011, "its log says why")
            assert "the graph fell over" in caplog.text
            await goes_well(server, speech_like)

    async def test_more_sessions_than_there_are(self, speech_like: Samples) -> None:
        async with new_server(max_sessions=1) as server:
            async with session_of(server) as first:
                await Client(first).open()
                async with session_of(server) as second:
                    await refused(Client(second), "busy", 1013, "all 1 sessions are taken")
            await all_sessions_over(server)
            await goes_well(server, speech_like)
