"""A realtime session's faces in one's own process."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.runtime.realtime.stand_in import SUBTYPES, answer, coded, session, tone

from facewire.animator import Animator, AnimatorOptions
from facewire.arkit import INDEX
from facewire.audio.resample import StreamResampler
from facewire.clock import MILLISECOND, SECOND, ManualClock
from facewire.errors import CapacityError
from facewire.face.lips import SHUT, lip_gap
from facewire.frames import Samples
from facewire.realtime import FaceDelta, FaceDone, FaceEvent, FaceRest, FaceStarted, RealtimeFaces
from facewire_cli.demo import demo_clip
from facewire_engines.energy.engine import EnergyEngine

OPTIONS = AnimatorOptions(engine=EnergyEngine(), seed=5)
PLACE = {"item_id": "item_1", "content_index": 0}
STARTED = {"type": "input_audio_buffer.speech_started", "audio_start_ms": 10, "item_id": "user_1"}


def new_faces(clock: ManualClock | None = None, held_s: float = 600) -> RealtimeFaces:
    return RealtimeFaces(OPTIONS, clock=clock or ManualClock(SECOND), held_s=held_s)


async def next_of(faces: RealtimeFaces, kind: type[FaceEvent], most: int = 1_000) -> list[Any]:
    """Return all events up to the first of a kind."""
    events: list[Any] = []
    while not events or not isinstance(events[-1], kind):
        events.append(await anext(faces))
        assert len(events) <= most
    return events


async def rest_of(faces: RealtimeFaces) -> FaceRest:
    event = await anext(faces)
    assert isinstance(event, FaceRest)
    return event


def feed(faces: RealtimeFaces, events: list[dict[str, Any]]) -> None:
    for event in events:
        faces.server_event(json.dumps(event))


def weights_of(events: list[Any]) -> np.ndarray[Any, Any]:
    return np.array([f.weights for e in events if isinstance(e, FaceDelta) for f in e.frames])


def expected(samples: Samples, rate: int, options: AnimatorOptions = OPTIONS) -> Any:
    with Animator(rate, options) as animator:
        frames = [*animator.push(samples), *animator.flush()]
    return np.array([frame.weights for frame in frames])


@pytest.mark.parametrize("beta", [False, True])
@pytest.mark.parametrize("coding", SUBTYPES)
async def test_each_format_gives_the_faces_of_its_audio(coding: str, beta: bool) -> None:
    rate = 24_000 if coding == "pcm16" else 8_000
    audio = coded(tone(1.3, rate), coding)
    samples, _ = soundfile.read(
        io.BytesIO(audio), dtype="float32", format="RAW", channels=1,
        samplerate=rate, subtype=SUBTYPES[coding],
    )  # fmt: skip
    async with new_faces() as faces:
        faces.server_event({"type": "session.created", "session": session(coding, beta=beta)})
        feed(faces, answer(audio, beta=beta))
        events = await next_of(faces, FaceDone)
    started, *deltas, done = events
    assert isinstance(started, FaceStarted)
    assert (started.sample_rate, started.frame_rate) == (rate, (60, 1))
    assert all(event.item_id == "item_1" for event in events)
    assert all(event.response_id == "resp_1" for event in events)
    np.testing.assert_allclose(
        weights_of(events), expected(samples.astype(np.float32), rate), atol=1e-4
    )
    assert done.frame_count == 78
    assert done.samples == round(1.3 * rate)
    first = 0
    for delta in deltas:
        assert delta.first_frame == first
        assert delta.start_sample == round(first * rate / 60)
        assert delta.start_ms == pytest.approx(first * 1000 / 60, abs=0.1)
        first += len(delta.frames)
    assert len({event.event_id for event in events}) == len(events)


async def test_the_embedded_model_hears_lips_close_in_an_answer() -> None:
    samples, rate = soundfile.read(demo_clip(), dtype="float32")
    resampler = StreamResampler(rate, 24_000)
    spoken = np.concatenate(
        [resampler.push(samples[: 3 * rate].astype(np.float32)), resampler.flush()]
    )
    async with RealtimeFaces(AnimatorOptions(idle=False)) as faces:
        feed(faces, answer(coded(spoken, "pcm16")))
        weights = weights_of(await next_of(faces, FaceDone))
    assert weights.shape == (180, 52)
    assert weights[:, INDEX["jawOpen"]].max() > 0.2
    assert (lip_gap(weights) <= SHUT).any()


async def test_a_rate_that_the_session_names_counts() -> None:
    spoken = {**session("pcm16", beta=False)}
    spoken["audio"]["output"]["format"]["rate"] = 16_000
    async with new_faces() as faces:
        faces.server_event({"type": "session.updated", "session": spoken})
        feed(faces, answer(coded(tone(0.5, 16_000), "pcm16")))
        started, *_, done = await next_of(faces, FaceDone)
    assert (started.sample_rate, done.samples, done.frame_count) == (16_000, 8_000, 30)


async def test_a_response_may_have_a_format_of_its_own() -> None:
    events = answer(coded(tone(0.5, 8_000), "g711_alaw"))
    events[0]["response"]["audio"] = {"output": {"format": {"type": "audio/pcma"}}}
    async with new_faces() as faces:
        feed(faces, events)
        feed(faces, answer(coded(tone(0.5), "pcm16"), item="item_2", response="resp_2"))
        first = await next_of(faces, FaceDone)
        second = await next_of(faces, FaceDone)
    assert (first[0].sample_rate, first[-1].samples) == (8_000, 4_000)
    assert (second[0].sample_rate, second[-1].samples) == (24_000, 12_000)


@pytest.mark.parametrize("ms", [0, 16, 250, 499, 10_000])
async def test_a_truncation_rests_the_face_at_its_sample(ms: int) -> None:
    async with new_faces() as faces:
        feed(faces, answer(coded(tone(0.5), "pcm16")))
        await anext(faces)  # opened
        truncate = {"type": "conversation.item.truncate", **PLACE, "audio_end_ms": ms}
        faces.client_event(json.dumps(truncate))
        rest = await rest_of(faces)
        assert rest.reason == "truncated"
        assert not rest.estimated
        assert rest.end_sample == min(24 * ms, 12_000)
        assert rest.end_frame == (None if ms == 0 else -(-rest.end_sample // 400) - 1)
        # Twice is once, and the server's answer is no news; nothing more comes of that item.
        faces.client_event(truncate)
        faces.server_event({**truncate, "type": "conversation.item.truncated"})
        feed(faces, answer(coded(tone(0.2), "pcm16")))
        feed(faces, answer(coded(tone(0.2), "pcm16"), item="item_2", response="resp_2"))
        after = await next_of(faces, FaceDone)
    assert {event.item_id for event in after} == {"item_2"}


async def test_an_item_can_be_truncated_when_all_its_faces_came() -> None:
    async with new_faces() as faces:
        feed(faces, answer(coded(tone(0.5), "pcm16")))
        await next_of(faces, FaceDone)
        for ms in (400, 300):
            faces.client_event({"type": "conversation.item.truncate", **PLACE, "audio_end_ms": ms})
            rest = await rest_of(faces)
            assert (rest.end_sample, rest.end_frame) == (24 * ms, ms * 60 // 1000 - 1)


async def test_speech_of_the_user_rests_what_the_clock_says_is_not_played() -> None:
    clock = ManualClock(SECOND)
    async with new_faces(clock=clock) as faces:
        for number in (1, 2, 3):
            audio = coded(tone(0.5), "pcm16")
            feed(faces, answer(audio, item=f"item_{number}", response=f"resp_{number}"))
            await next_of(faces, FaceDone)
        clock.advance(750 * MILLISECOND)
        faces.server_event(STARTED)
        faces.server_event(STARTED)  # twice
        rests = [await rest_of(faces), await rest_of(faces)]
        assert [rest.item_id for rest in rests] == ["item_2", "item_3"]
        assert [rest.end_sample for rest in rests] == [6_000, 0]
        assert all(rest.reason == "speech_started" and rest.estimated for rest in rests)
        # The app knows better.
        exact = {"type": "conversation.item.truncate", "item_id": "item_2", "content_index": 0}
        faces.client_event({**exact, "audio_end_ms": 180})
        rest = await rest_of(faces)
        assert (rest.end_sample, rest.estimated, rest.reason) == (4_320, False, "truncated")


async def test_speech_that_interrupts_nothing_rests_nothing() -> None:
    async with new_faces() as faces:
        quiet = session("pcm16", beta=False, interrupts=False)
        faces.server_event({"type": "session.created", "session": quiet})
        feed(faces, answer(coded(tone(0.5), "pcm16"))[:-3])
        faces.server_event(STARTED)
        feed(faces, answer(b"")[-2:])
        events = await next_of(faces, FaceDone)
    assert events[-1].frame_count == 25
    assert not any(isinstance(event, FaceRest) for event in events)


@pytest.mark.parametrize("named", [False, True])
async def test_a_cancelled_answer_rests_and_says_no_more(named: bool) -> None:
    clock = ManualClock(SECOND)
    async with new_faces(clock=clock) as faces:
        events = answer(coded(tone(2), "pcm16"))
        feed(faces, events[:8])
        clock.advance(100 * MILLISECOND)
        cancel = {"type": "response.cancel"} | ({"response_id": "resp_1"} if named else {})
        faces.client_event(cancel)
        rest = await rest_of(faces)
        assert (rest.reason, rest.end_sample, rest.estimated) == ("cancelled", 2_400, True)
        feed(faces, events[8:-1])
        done = {"id": "resp_1", "status": "cancelled"}
        faces.server_event({"type": "response.done", "response": done})
        faces.client_event(cancel)  # there is none any more
        feed(faces, answer(coded(tone(0.2), "pcm16"), item="item_2", response="resp_2"))
        after = await next_of(faces, FaceDone)
    assert {event.item_id for event in after} == {"item_2"}


async def test_what_the_server_cancels_rests() -> None:
    async with new_faces() as faces:
        feed(faces, answer(coded(tone(2), "pcm16"))[:8])
        done = {
            "id": "resp_1",
            "status": "cancelled",
            "status_details": {"reason": "turn_detected"},
        }
        faces.server_event({"type": "response.done", "response": done})
        rest = await rest_of(faces)
    assert (rest.reason, rest.end_sample) == ("cancelled", 0)


async def test_an_answer_that_breaks_off_without_its_end_ends() -> None:
    async with new_faces() as faces:
        feed(faces, answer(coded(tone(2), "pcm16"))[:8])
        failed = {"id": "resp_1", "status": "incomplete"}
        faces.server_event({"type": "response.done", "response": failed})
        *_, done = await next_of(faces, FaceDone)
    assert done.samples == 4 * 4_801 // 2


async def test_audio_that_is_none_ends_one_face_and_the_next_is_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with new_faces() as faces:
        for item in ("item_1", "item_2"):
            broken = {"type": "response.output_audio.delta", **PLACE, "delta": "?*no"}
            faces.server_event(json.dumps({**broken, "item_id": item, "response_id": "resp_1"}))
        events = await next_of(faces, FaceRest)
        events += await next_of(faces, FaceRest)
        feed(faces, answer(coded(tone(0.2), "pcm16"), item="item_3", response="resp_3"))
        done = await next_of(faces, FaceDone)
    rests = [event for event in events if isinstance(event, FaceRest)]
    assert [(rest.reason, rest.end_sample) for rest in rests] == [("failed", 0)] * 2
    assert "base64" in rests[0].message
    assert done[-1].item_id == "item_3"
    ours = [record for record in caplog.records if record.name.startswith("facewire")]
    assert len(ours) == 1  # one sentence a session


@pytest.mark.parametrize(
    "message",
    [
        "", "no JSON", "[]", "null", "7", '{"type": 7}', "{}", b"\xff\xfe", '{"type": "x"}',
        "[" * 100_000, '{"type": "response.output_audio.delta"}',
        '{"type": "response.output_audio.delta", "item_id": "a", "delta": {"b": 1}}',
        '{"type": "response.output_audio.delta", "item_id": "a", "delta": ""}',
        '{"type": "response.output_audio.done", "item_id": "nobody"}',
        '{"type": "response.created", "response": []}', '{"type": "response.done"}',
        '{"type": "session.created", "session": {"audio": {"output": 7}}}',
        '{"type": "session.updated", "session": {"output_audio_format": "opus"}}',
        '{"type": "conversation.item.truncated", "item_id": "item_1", "audio_end_ms": "x"}',
        '{"type": "conversation.item.truncate", "item_id": "user_1", "audio_end_ms": 7}',
        '{"type": "response.cancel"}',
    ],
)  # fmt: skip
async def test_what_nobody_published_changes_nothing(message: str | bytes) -> None:
    async with new_faces() as faces:
        faces.server_event(message)
        faces.client_event(message)
        feed(faces, answer(coded(tone(0.2), "pcm16")))
        *_, done = await next_of(faces, FaceDone)
    assert (done.item_id, done.frame_count) == ("item_1", 12)


async def test_items_that_nobody_ends_do_not_pile_up() -> None:
    delta = base64.b64encode(coded(tone(0.1), "pcm16")).decode()
    async with new_faces() as faces:
        for number in range(500):
            place = {"item_id": f"item_{number}", "content_index": 0, "response_id": "resp_1"}
            kind = "response.output_audio.delta"
            faces.server_event({"type": kind, **place, "delta": delta})
        ended = [await next_of(faces, FaceDone) for _ in range(492)]
    assert ended[-1][-1].item_id == "item_491"


async def test_audio_without_end_waits_so_far_and_no_further() -> None:
    delta = base64.b64encode(bytes(48_000)).decode()
    async with new_faces(held_s=5) as faces:
        for _ in range(8):
            place = {**PLACE, "response_id": "resp_1"}
            faces.server_event({"type": "response.audio.delta", **place, "delta": delta})
        rest = await rest_of(faces)
        assert (rest.reason, rest.end_sample) == ("failed", 0)
        assert "5 s of audio" in rest.message
        feed(faces, answer(coded(tone(0.2), "pcm16"), item="item_2", response="resp_2"))
        *_, done = await next_of(faces, FaceDone)
    assert done.item_id == "item_2"


class FullEngine(EnergyEngine):
    """An engine without a place."""

    def session(self, **options: Any) -> Any:
        raise CapacityError("there is no place; try again later")


async def test_an_engine_without_a_place_is_one_sentence() -> None:
    options = AnimatorOptions(engine=FullEngine())
    async with RealtimeFaces(options, clock=ManualClock()) as faces:
        feed(faces, answer(coded(tone(0.2), "pcm16")))
        rest = await rest_of(faces)
    assert (rest.reason, rest.message) == ("failed", "there is no place; try again later")


async def test_the_iteration_ends_when_it_is_closed() -> None:
    async with new_faces() as faces:
        feed(faces, answer(coded(tone(0.2), "pcm16")))
    assert [event async for event in faces] == []


@pytest.mark.parametrize("kind", ["truncate", "truncated"])
async def test_a_truncation_at_a_wild_time_is_the_end_of_the_item_or_nothing(kind: str) -> None:
    truncation: dict[str, Any] = {"type": f"conversation.item.{kind}", **PLACE}
    async with new_faces() as faces:
        take = faces.client_event if kind == "truncate" else faces.server_event
        feed(faces, answer(coded(tone(0.5), "pcm16"))[:-2])
        for wild in ("1e306", -5, float("nan"), float("-inf"), None):
            take({**truncation, "audio_end_ms": wild})
        await next_of(faces, FaceStarted)
        take(json.dumps({**truncation, "audio_end_ms": 1e306}))
        rest = (await next_of(faces, FaceRest))[-1]
        assert rest.end_sample == 12_000
        take(json.dumps({**truncation, "audio_end_ms": 250}))
        assert (await rest_of(faces)).end_sample == 6_000
