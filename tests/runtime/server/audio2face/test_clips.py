"""Clips over real gRPC: the same faces as on /session, with their sound and their times."""

import asyncio

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.runtime.server.audio2face.clip_client import (
    RATE,
    Answers,
    Serving,
    answers_of,
    audio,
    call_of,
    channel,
    clip,
    end,
    header,
    part,
    said,
    serving,
)
from tests.runtime.server.session_client import Client, all_sessions_over, session_of

from facewire import arkit
from facewire.audio.format import Encoding
from facewire.face.profile import Profile
from facewire.frames import Samples
from facewire.server.audio2face.messages import load_messages
from facewire.wire.binary import AudioMessage, encode_audio, encode_samples

SUCCESS, WARNING = 0, 2


def resampled(samples: Samples, rate: int) -> Samples:
    """Return the same sound at another rate; how well is no matter, as long as it is the same."""
    places = np.arange(len(samples) * rate // RATE) * RATE / rate
    sound: Samples = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
    return sound


async def of_session(serving: Serving, samples: Samples, rate: int) -> NDArray[np.float32]:
    """Return the weights [T, 52] of the same audio on /session."""
    async with session_of(serving.page) as connection:
        client = Client(connection)
        await client.open(sample_rate=rate, frame_rate=30, seed=0)
        for start in range(0, len(samples), rate // 4):
            pcm = encode_samples(samples[start : start + rate // 4], Encoding.S16LE)
            await connection.send(encode_audio(AudioMessage(pcm, start)))
        await client.tell(type="end")
        frames, _ = await client.rest()
        return np.array([frame.weights for frame in frames])


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 144_000])
async def test_frames_are_those_of_a_session(speech_like: Samples, rate: int) -> None:
    samples = resampled(speech_like, rate)
    async with serving() as server:
        answers = await said(server.address, clip(samples, rate))
        expected = await of_session(server, samples, rate)
    assert answers.weights.shape == (90, arkit.COUNT)
    np.testing.assert_allclose(answers.weights, expected, atol=1e-5)
    assert answers.weights[:, arkit.INDEX["jawOpen"]].max() > 0.1
    np.testing.assert_allclose(answers.times, np.arange(90) / 30, atol=1e-9)
    assert answers.sound == encode_samples(samples, Encoding.S16LE)


async def test_answers_come_in_nvidias_order(speech_like: Samples) -> None:
    async with serving() as server:
        answers = await said(server.address, clip(speech_like))
    assert answers.kinds == [
        "animation_data_stream_header", *["animation_data"] * 90, "event", "status",
    ]  # fmt: skip
    assert answers.statuses == [(SUCCESS, "90 frames were made.")]
    assert answers.header is not None
    assert answers.header.audio_header.samples_per_second == RATE
    assert answers.header.start_time_code_since_epoch > 1.6e9
    assert answers.names[:2] == ["EyeBlinkLeft", "EyeLookDownLeft"]
    assert [name[0].lower() + name[1:] for name in answers.names] == list(arkit.NAMES)


async def test_sound_lies_where_its_frame_does(speech_like: Samples) -> None:
    async with serving() as server:
        answers = await said(server.address, clip(speech_like))
    for index, one in enumerate(answers.animation[:-1]):
        assert one.audio.time_code == (index * RATE // 30) / RATE
        samples = (index + 1) * RATE // 30 - index * RATE // 30
        assert len(one.audio.audio_buffer) == 2 * samples


async def test_faces_come_while_the_clip_goes_on(speech_like: Samples) -> None:
    async with serving() as server, channel(server.address) as opened:
        call = call_of(opened)
        await call.write(header())
        await call.write(audio(speech_like[: RATE // 2]))
        kind = load_messages()["AnimationDataStream"]
        early = [kind.FromString(await call.read()) for _ in range(1 + 12)]
        assert Answers(early).times == [index / 30 for index in range(12)]
        await call.write(audio(speech_like[RATE // 2 :]))
        await call.write(end())
        assert len(Answers(await answers_of(call)).times) == 90 - 12


async def test_a_clip_may_end_by_closing_its_side(speech_like: Samples) -> None:
    async with serving() as server:
        answers = await said(server.address, clip(speech_like)[:-1])
    assert answers.statuses == [(SUCCESS, "90 frames were made.")]


async def test_an_empty_buffer_is_no_mistake(speech_like: Samples) -> None:
    """NVIDIA's sample client sends one where the clip lasts whole seconds."""
    async with serving() as server:
        *messages, last = clip(speech_like)
        answers = await said(server.address, [*messages, audio(b""), last])
    assert answers.statuses == [(SUCCESS, "90 frames were made.")]


async def test_less_than_a_frame_of_sound_comes_back() -> None:
    async with serving() as server:
        answers = await said(server.address, [header(), audio(bytes(20)), end()])
    assert answers.sound == bytes(20)
    assert answers.statuses[-1][0] == SUCCESS


async def test_clips_run_side_by_side_and_one_after_the_other(speech_like: Samples) -> None:
    async with serving(max_sessions=4) as server, channel(server.address) as opened:
        for _ in range(2):
            calls = [call_of(opened) for _ in range(4)]
            async with asyncio.TaskGroup() as tasks:
                reading = [tasks.create_task(answers_of(call)) for call in calls]
                for message in clip(speech_like):
                    for call in calls:
                        await call.write(message)
            assert [len(Answers(task.result()).times) for task in reading] == [90] * 4
        assert server.page.sessions == 0


async def test_the_servers_own_profile_is_where_a_client_begins(speech_like: Samples) -> None:
    jaw = arkit.INDEX["jawOpen"]
    async with serving(profile=Profile(bs_weight_multipliers={"JawOpen": 0.5})) as server:
        half = await said(server.address, clip(speech_like))
        none = {"bs_weight_multipliers": {"JawOpen": 0.0}, "bs_weight_offsets": {"CheekPuff": 0.25}}
        other = await said(server.address, clip(speech_like, blendshape_params=none))
    async with serving() as server:
        whole = await said(server.address, clip(speech_like))
    np.testing.assert_allclose(half.weights[:, jaw].max(), whole.weights[:, jaw].max() / 2, 1e-3)
    assert other.weights[:, jaw].max() == 0
    np.testing.assert_allclose(other.weights[:, arkit.INDEX["cheekPuff"]], 0.25)


async def test_what_cannot_be_done_is_said_once_and_the_clip_goes_on(speech_like: Samples) -> None:
    async with serving() as server:
        messages = clip(
            speech_like,
            face_params={"float_params": {"skinStrength": 1.5, "lowerFaceStrength": 1.25}},
        )
        messages[1] = audio(speech_like[: RATE // 4], {"outofbreath": 1.0, "fear": 0.0})
        messages[2] = audio(speech_like[RATE // 4 : RATE // 2], {"outofbreath": 1.0})
        answers = await said(server.address, messages)
    assert answers.kinds[:2] == ["animation_data_stream_header", "status"]
    assert answers.statuses == [
        (WARNING, "skinStrength 1.5 is not done here."),
        (WARNING, "emotion outofbreath 1 is not shown here."),
        (SUCCESS, "90 frames were made."),
    ]
    assert answers.sound == encode_samples(speech_like, Encoding.S16LE)


async def test_emotions_come_at_their_times(speech_like: Samples) -> None:
    smile, frown = (arkit.INDEX[name] for name in ("mouthSmileLeft", "browDownLeft"))
    async with serving() as server:
        plain = await said(server.address, clip(speech_like))
        messages = clip(
            speech_like,
            emotion_params={"beginning_emotion": {"joy": 1.0}, "live_transition_time": 0.0},
        )
        keys = [
            {"time_code": 1.0, "emotion": {"anger": 1.0}},
            {"time_code": 0.5, "emotion": {"joy": 0.5}},
        ]
        messages[1] = part(
            audio_with_emotion={
                "audio_buffer": encode_samples(speech_like[: RATE // 4], Encoding.S16LE),
                "emotions": keys,
            }
        )
        felt = await said(server.address, messages)
    more = felt.weights - plain.weights
    assert more[:15, smile].min() > 0.15
    assert more[15:30, smile].max() < more[:15, smile].max()
    assert more[31:, smile].max() < 0.1
    assert more[:30, frown].max() < 0.1
    assert more[30:, frown].min() > 0.3
    assert felt.statuses == [(SUCCESS, "90 frames were made.")]


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("", "OK"),
        ("nvidia_ace.services.a2f_controller.v1.A2FControllerService", "OK"),
        ("nvidia_ace.services.a2f_authoring.v1.A2FAuthoringService", "NOT_FOUND"),
    ],
)
async def test_health_is_told_without_a_token(service: str, code: str) -> None:
    messages = load_messages()
    async with serving(token="secret") as server, channel(server.address) as opened:
        check = opened.unary_unary("/grpc.health.v1.Health/Check")
        call = check(messages["HealthCheckRequest"](service=service).SerializeToString())
        assert (await call.code()).name == code
        if code == "OK":
            assert messages["HealthCheckResponse"].FromString(await call).status == 1


async def test_the_slots_are_those_of_the_page(speech_like: Samples) -> None:
    async with serving(max_sessions=1) as server:
        async with channel(server.address) as opened:
            call = call_of(opened)
            await call.write(header())
            await call.read()
            async with session_of(server.page) as connection:
                assert (await Client(connection).told())["code"] == "busy"
            call.cancel()
        await all_sessions_over(server.page)
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == SUCCESS


async def test_places_come_back_from_clients_that_leave(speech_like: Samples) -> None:
    async with serving(max_sessions=1) as server:
        for _ in range(3):
            async with channel(server.address) as opened:
                call = call_of(opened)
                await call.write(header())
                await call.write(audio(speech_like))
                await call.read()
                call.cancel()
            await all_sessions_over(server.page)
        assert (await said(server.address, clip(speech_like))).statuses[-1][0] == SUCCESS
