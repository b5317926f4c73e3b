"""Audio that one client pushes and faces that another one pulls, over real gRPC."""

import asyncio
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from tests.runtime.server.audio2face.clip_client import RATE, channel, serving
from tests.runtime.server.audio2face.push_pull_client import (
    ask_call,
    ids,
    pull_call,
    pulled,
    push,
    push_call,
    pushed,
    refusal,
)
from tests.runtime.server.audio2face.test_clips import of_session
from tests.runtime.server.session_client import all_sessions_over

from facewire.frames import Samples
from facewire.server.audio2face.messages import load_grpc, load_messages
from facewire.settings.limits import Limits

SUCCESS, ERROR = 0, 3
MADE = (SUCCESS, "90 frames were made.")
HALF_A_SAMPLE = b"\1\2\3"


def statuses(answers: list[Any]) -> list[tuple[int, str]]:
    return [(one.status.code, one.status.message) for one in answers if one.HasField("status")]


def weights(answers: list[Any]) -> list[list[float]]:
    shown = [one.animation_data.skel_animation.blend_shape_weights for one in answers]
    return [list(frame.values) for frames in shown for frame in frames]


@pytest.mark.parametrize("first", ["push", "pull"])
async def test_one_client_gets_the_faces_of_anothers_audio(
    speech_like: Samples, first: str
) -> None:
    whose = ids("s", "1", "head")
    async with serving() as server, channel(server.address) as one, channel(server.address) as two:

        async def start(side: str) -> asyncio.Task[Any]:
            if side == "push":
                return asyncio.create_task(push(one, pushed(speech_like, whose)))
            return asyncio.create_task(pulled(pull_call(two, ids("s", "1"))))

        started = {first: await start(first)}
        await asyncio.sleep(0.2)
        for side in {"push", "pull"} - {first}:
            started[side] = await start(side)
        answers = await started["pull"]
        assert await started["push"] == MADE
        expected = await of_session(server, speech_like, RATE)
    np.testing.assert_allclose(weights(answers), expected, atol=1e-5)
    assert statuses(answers) == [MADE]
    header = answers[0].animation_data_stream_header
    assert header.animation_ids.target_object_id == "head"
    assert header.audio_header.samples_per_second == RATE


async def test_who_pulls_a_stream_gets_one_request_after_the_other(speech_like: Samples) -> None:
    async with serving(max_sessions=1) as server, channel(server.address) as opened:
        given = load_messages()["AnimationIdsOrStatus"].FromString(await ask_call(opened))
        stream = given.animation_ids.stream_id
        call = pull_call(opened, ids(stream))
        pulling = asyncio.create_task(pulled(call, statuses=3))
        assert await push(opened, pushed(speech_like, ids(stream, "1"))) == MADE
        with pytest.raises(load_grpc()[1].AioRpcError, match="whole samples"):
            await push(opened, pushed(HALF_A_SAMPLE, ids(stream, "2")))
        assert await push(opened, pushed(speech_like, ids(stream, "3"))) == MADE
        said = statuses(await pulling)
        assert (said[0], said[2], said[1][0]) == (MADE, MADE, ERROR)
        assert "whole samples" in said[1][1]
        call.cancel()
        await all_sessions_over(server.page)


async def test_other_streams_and_requests_are_not_shown(speech_like: Samples) -> None:
    async with serving(limits=Limits(silence_s=1.0)) as server, channel(server.address) as opened:
        others = [pull_call(opened, ids("other")), pull_call(opened, ids("s", "2"))]
        waiting = [asyncio.create_task(pulled(call)) for call in others]
        mine = asyncio.create_task(pulled(pull_call(opened, ids("s", "1"))))
        assert await push(opened, pushed(speech_like, ids("s", "1"))) == MADE
        assert len(weights(await mine)) == 90
        for answers in await asyncio.gather(*waiting):
            assert weights(answers) == []
        assert await refusal(others[0]) == (
            "DEADLINE_EXCEEDED", "no audio of the stream 'other' was pushed for 1 s.",
        )  # fmt: skip


async def test_two_streams_run_side_by_side(speech_like: Samples) -> None:
    async with serving(max_sessions=2) as server, channel(server.address) as opened:
        calls = [pulled(pull_call(opened, ids(name, "1"))) for name in "ab"]
        pulling = [asyncio.create_task(call) for call in calls]
        clips = (push(opened, pushed(speech_like, ids(name, "1"))) for name in "ab")
        assert await asyncio.gather(*clips) == [MADE, MADE]
        assert [len(weights(await one)) for one in pulling] == [90, 90]


async def test_audio_that_nobody_wants_is_refused(speech_like: Samples) -> None:
    async with serving(limits=Limits(opening_s=0.3)) as server, channel(server.address) as opened:
        call = push_call(opened)
        for message in pushed(speech_like, ids()):
            with suppress(load_grpc()[1].UsageError, asyncio.InvalidStateError):
                await call.write(message)
        code, words = await refusal(call)
        assert code == "DEADLINE_EXCEEDED"
        assert words.startswith("nobody pulls the faces of the stream 's'; call Pull")


@pytest.mark.parametrize("side", ["push", "pull"])
async def test_ids_must_name_a_stream(side: str) -> None:
    async with serving() as server, channel(server.address) as opened:
        if side == "pull":
            call = pull_call(opened, ids(""))
            await pulled(call)
        else:
            call = push_call(opened)
            await call.write(pushed(bytes(20), ids(""))[0])
            await call.done_writing()
        code, words = await refusal(call)
        assert (code, "stream_id" in words) == ("INVALID_ARGUMENT", True)


async def test_who_pulls_hears_what_the_other_did_wrong() -> None:
    async with serving() as server, channel(server.address) as opened:
        call = pull_call(opened, ids("s", "1"))
        pulling = asyncio.create_task(pulled(call))
        with pytest.raises(load_grpc()[1].AioRpcError, match="whole samples"):
            await push(opened, pushed(HALF_A_SAMPLE, ids("s", "1")))
        assert statuses(await pulling)[-1][0] == ERROR
        code, words = await refusal(call)
        assert (code, "whole samples" in words) == ("INVALID_ARGUMENT", True)


async def test_who_pulls_hears_that_the_other_left(speech_like: Samples) -> None:
    async with serving() as server, channel(server.address) as opened:
        call = pull_call(opened, ids("s", "1"))
        began = asyncio.Event()
        pulling = asyncio.create_task(pulled(call, began=began))
        pushing = push_call(opened)
        for message in pushed(speech_like, ids("s", "1")):
            await pushing.write(message)
        # A call that is cancelled before the server has it never was.
        await began.wait()
        pushing.cancel()
        assert statuses(await pulling)[-1] == (ERROR, "the client that pushed the audio left.")
        assert (await refusal(call))[0] == "UNAVAILABLE"
        await all_sessions_over(server.page)


async def test_who_pushes_hears_that_the_other_left(speech_like: Samples) -> None:
    async with serving() as server, channel(server.address) as opened:
        call = pull_call(opened, ids("s", "1"))
        pushing = push_call(opened)
        header, *parts = pushed(speech_like, ids("s", "1"))
        await pushing.write(header)
        assert await call.read()
        call.cancel()
        with suppress(asyncio.InvalidStateError):
            while not pushing.done():
                await pushing.write(parts[0])
                # As somebody who speaks: a status that comes while one writes may not be read.
                await asyncio.sleep(0.25)
        assert await refusal(pushing) == ("UNAVAILABLE", "the client that pulled the faces left.")
        await all_sessions_over(server.page)


async def test_both_sides_show_the_token(speech_like: Samples) -> None:
    async with serving(token="secret") as server, channel(server.address) as opened:
        pulling_without = pull_call(opened, ids())
        assert statuses(await pulled(pulling_without))[0][0] == ERROR
        for call in (pulling_without, ask_call(opened), push_call(opened, "wrong")):
            assert (await refusal(call))[0] == "UNAUTHENTICATED"
        pulling = asyncio.create_task(pulled(pull_call(opened, ids("s", "1"), "secret")))
        assert await push(opened, pushed(speech_like, ids("s", "1")), "secret") == MADE
        assert len(weights(await pulling)) == 90


async def test_a_server_that_ends_says_so_to_who_waits() -> None:
    async with serving() as server, channel(server.address) as opened:
        call = pull_call(opened, ids())
        pulling = asyncio.create_task(pulled(call))
        await asyncio.sleep(0.2)
        leaving = server.a2f.__aexit__(None, None, None)
        await leaving
        await pulling
        assert (await refusal(call))[0] == "UNAVAILABLE"


async def test_who_pulls_and_leaves_is_forgotten(speech_like: Samples) -> None:
    async with serving() as server, channel(server.address) as opened:
        gone = pull_call(opened, ids("s", "1"))
        reading = asyncio.create_task(pulled(gone))
        await asyncio.sleep(0.2)
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await asyncio.sleep(0.2)
        pulling = asyncio.create_task(pulled(pull_call(opened, ids("s", "1"))))
        assert await push(opened, pushed(speech_like, ids("s", "1"))) == MADE
        assert len(weights(await pulling)) == 90


async def test_a_message_that_is_none_is_refused() -> None:
    async with serving() as server, channel(server.address) as opened:
        call = push_call(opened)
        await call.write(b"\xff\xff\xff")
        code, words = await refusal(call)
        assert code == "INVALID_ARGUMENT"
        assert words.startswith("a message is no AudioStream of Audio2Face-3D;")
