"""Clients of Audio2Face-3D that do everything wrong: a status each, and the others go on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.server.audio2face.clip_client import (
    RATE,
    Answers,
    answers_of,
    audio,
    call_of,
    channel,
    clip,
    end,
    header,
    part,
    refused,
    said,
    serving,
)
from tests.runtime.server.session_client import Client, all_sessions_over, session_of

from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.server.audio2face.messages import ERROR, load_grpc
from facewire.server.audio2face.server import Audio2FaceServer, Certificate
from facewire.server.audio2face.services import MOST_OPENING
from facewire.settings.limits import Limits
from facewire_engines.energy.engine import EnergyEngine

HALF_SECOND = bytes(RATE)


def with_audio(**wrong: int) -> bytes:
    return header(audio_header=wrong)


@pytest.mark.parametrize(
    ("messages", "code", "words"),
    [
        ([audio(HALF_SECOND), end()], "FAILED_PRECONDITION", "audio_stream_header"),
        ([end()], "FAILED_PRECONDITION", "audio_stream_header"),
        ([b"\xff\xff\xff"], "INVALID_ARGUMENT", "no AudioStream"),
        ([part(audio_stream_header={})], "INVALID_ARGUMENT", "0 channels"),
        ([with_audio(channel_count=2)], "INVALID_ARGUMENT", "2 channels"),
        ([with_audio(bits_per_sample=32)], "INVALID_ARGUMENT", "32 bits"),
        ([with_audio(audio_format=1)], "INVALID_ARGUMENT", "format 1"),
        ([with_audio(samples_per_second=0)], "INVALID_ARGUMENT", "8000 to 144000, not 0"),
        ([with_audio(samples_per_second=192_000)], "INVALID_ARGUMENT", "not 192000"),
        ([header(), end()], "FAILED_PRECONDITION", "no audio came"),
        ([header(), audio(b""), end()], "FAILED_PRECONDITION", "no audio came"),
        ([header(), audio(b"\1\2\3")], "INVALID_ARGUMENT", "whole samples"),
        ([header(), header()], "FAILED_PRECONDITION", "one call for each clip"),
        ([header(), part()], "FAILED_PRECONDITION", "an unknown message"),
        ([header(), audio(HALF_SECOND), b"nonsense"], "INVALID_ARGUMENT", "no AudioStream"),
    ],
)
async def test_what_is_wrong_is_said(
    messages: list[bytes], code: str, words: str, speech_like: Samples
) -> None:
    async with serving(max_sessions=1) as server:
        told = await refused(server.address, messages)
        assert told[0] == code
        assert words in told[1]
        await all_sessions_over(server.page)
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == 0


async def test_names_that_are_no_text_are_refused() -> None:
    message = header(face_params={"float_params": {"lowerFaceStrength": 1.5}})
    async with serving() as server:
        code, words = await refused(server.address, [message.replace(b"FaceS", b"\xff\xfe\xffxx")])
    assert (code, words.partition(";")[0]) == (
        "INVALID_ARGUMENT", "a name in the header is no text",
    )  # fmt: skip


async def test_a_full_server_says_so(speech_like: Samples) -> None:
    async with serving(max_sessions=1) as server, session_of(server.page) as connection:
        client = Client(connection)
        await client.open()
        assert await refused(server.address, clip(speech_like)) == (
            "RESOURCE_EXHAUSTED", "all 1 sessions are taken; try again later.",
        )  # fmt: skip
        await client.tell(type="end")
        await client.rest()
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == 0


async def test_a_token_is_asked_for(speech_like: Samples) -> None:
    async with serving(token="secret") as server:
        for token in (None, "", "secre", "secret2"):
            code, words = await refused(server.address, clip(speech_like), token)
            assert (code, "Bearer" in words) == ("UNAUTHENTICATED", True)
        assert (await said(server.address, clip(speech_like), "secret")).statuses[-1][0] == 0


async def test_who_sends_no_header_is_sent_away() -> None:
    async with serving(limits=Limits(opening_s=0.3)) as server:
        assert await refused(server.address, []) == (
            "DEADLINE_EXCEEDED", "no header came in time; send it at once.",
        )  # fmt: skip


async def test_of_too_many_without_a_header_the_oldest_goes(speech_like: Samples) -> None:
    async with serving() as server, channel(server.address) as opened:
        calls = [call_of(opened) for _ in range(MOST_OPENING + 1)]
        first, *_ = await asyncio.wait(
            [asyncio.create_task(answers_of(call)) for call in calls],
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert Answers(first.pop().result()).statuses[0][1].startswith("no header came")
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == 0
        for call in calls:
            call.cancel()


async def test_a_client_that_goes_silent_is_sent_away() -> None:
    async with serving(limits=Limits(silence_s=0.3)) as server:
        code, words = await refused(server.address, [header(), audio(HALF_SECOND)])
        assert (code, words) == (
            "DEADLINE_EXCEEDED", "nothing came for 0.3 s; send audio, or end_of_audio.",
        )  # fmt: skip
        await all_sessions_over(server.page)


async def test_audio_that_never_ends_keeps_nobody_else_out(speech_like: Samples) -> None:
    """It is served as it comes, and what is made of it is read: nothing piles up."""
    async with serving() as server, channel(server.address) as opened:
        call = call_of(opened)
        await call.write(header())
        answers: list[Any] = []
        reading = asyncio.create_task(answers_of(call, answers))

        async def speak_on() -> None:
            while True:
                await call.write(audio(speech_like))

        speaking = asyncio.create_task(speak_on())
        for _ in range(3):
            assert (await said(server.address, clip(speech_like))).statuses[-1][0] == 0
        speaking.cancel()
        call.cancel()
        await asyncio.wait([speaking, reading])
        assert len(Answers(answers).times) > 90
        await all_sessions_over(server.page)


async def test_a_client_that_does_not_read_is_sent_away(speech_like: Samples) -> None:
    small = ("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0)
    async with (
        serving(max_sessions=1, limits=Limits(unread_s=0.5)) as server,
        channel(server.address, *small) as opened,
    ):
        call = call_of(opened)
        await call.write(header())

        async def speak_on() -> None:
            while True:
                await call.write(audio(speech_like))

        speaking = asyncio.create_task(speak_on())
        await call.read()
        while server.page.sessions:  # noqa: ASYNC110 # the server tells nobody
            await asyncio.sleep(0.01)
        speaking.cancel()
        await asyncio.wait([speaking])
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == 0
        call.cancel()


async def test_a_client_that_is_gone_leaves_its_place(speech_like: Samples) -> None:
    async with serving(max_sessions=1) as server:
        async with channel(server.address) as opened:
            call = call_of(opened)
            await call.write(header())
            await call.write(audio(speech_like))
            await call.read()
        await all_sessions_over(server.page)
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == 0


class Failing(EnergyEngine):
    """Fails at the first audio of its first session."""

    def session(self, **options: object) -> object:  # type: ignore[override]
        session = super().session(**options)  # type: ignore[arg-type]

        def fail(chunk: AudioChunk) -> list[BlendshapeFrame]:
            raise ZeroDivisionError("the engine is broken")

        object.__setattr__(session, "push", fail)
        return session


async def test_a_server_that_fails_says_so_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(engine=Failing()) as server:
        code, words = await refused(server.address, [header(), audio(HALF_SECOND), end()])
        assert (code, words) == ("INTERNAL", "the server failed; its log says why.")
        assert "the engine is broken" in caplog.text
        assert server.page.sessions == 0


async def test_a_server_that_ends_ends_its_calls() -> None:
    async with serving() as server:
        async with channel(server.address) as opened:
            call = call_of(opened)
            await call.write(header())
            await call.read()
            await server.a2f.__aexit__(None, None, None)
            assert Answers(await answers_of(call)).statuses[-1][0] == ERROR
            assert (await call.code()).name == "UNAVAILABLE"
            assert await call.details() == "the server is closing; try again later."
        await all_sessions_over(server.page)


async def test_a_port_in_use_is_the_users_mistake() -> None:
    async with serving() as server:
        port = server.a2f.port
        other = Audio2FaceServer(server.page.context, server.page.access, port=port)
        with pytest.raises(ConfigError, match=rf"port {port} .* in use.*--a2f"):
            await other.__aenter__()


async def test_with_tls(certificate: tuple[Path, Path], speech_like: Samples) -> None:
    chain, key = (path.read_bytes() for path in certificate)
    grpc, aio = load_grpc()
    async with serving(certificate=Certificate(chain, key)) as server:
        trusting = grpc.ssl_channel_credentials(root_certificates=chain)
        async with aio.secure_channel(server.address, trusting) as opened:
            call = call_of(opened)
            for message in clip(speech_like):
                await call.write(message)
            assert Answers(await answers_of(call)).statuses[-1][0] == 0
