"""Times of a client's own speech on `/speak`: good ones, late ones, and all kinds of bad ones."""

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.engines.phones.alignment.said import intervals, say
from tests.runtime.server.speak.speech_client import RATE, Client, rows, served, speaking

from facewire.audio.format import Encoding
from facewire.speaking.alignment.formats.registry import FORMATS
from facewire.wire.binary import (
    FRAME_KIND,
    AudioMessage,
    WireFrame,
    decode_frame,
    encode_audio,
    encode_samples,
)
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.engine import PhonesEngine
from facewire_training.evaluation.metrics.lips.closure import closure_rate
from facewire_training.take import Take

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

WORDS: list[Any] = [{"word": "bob", "start": 0.1, "end": 0.3}]
GOOD: dict[str, Any] = {"format": "words", "data": WORDS}


async def begin(client: Client, turn: int = 1, **options: object) -> None:
    await client.tell(type="speech", turn=turn, alignment=True, **options)


async def align(client: Client, turn: int = 1, **message: Any) -> None:
    await client.tell(type="alignment", turn=turn, **message)


async def says_once_and_goes_on(client: Client, *messages: dict[str, Any]) -> str:
    """Return the one sentence that some times are answered with; the turn and the next go on."""
    await client.open()
    await begin(client)
    for message in messages:
        await align(client, **message)
    await client.speak(1)
    await client.tell(type="end_turn", turn=1)
    told = await client.told("problem", "turn_end")
    assert (told["type"], told["turn"]) == ("problem", 1)
    assert (await client.ends(1))["frames"] == 30
    await begin(client, 2)
    await align(client, 2, **GOOD)
    await client.speak(2)
    await client.tell(type="end_turn", turn=2)
    end = await client.told("problem", "turn_end")
    assert (end["type"], end["turn"], end["frames"]) == ("turn_end", 2, 30)
    return str(told["message"])


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"format": "festival", "data": []}, "there is no format 'festival' of times"),
        (
            {"format": "words", "data": [{"word": "bob", "start": None}]},
            "start is missing, or not a finite number",
        ),
        ({"format": "words", "data": 3}, "words come as an object"),
        ({"format": "azure", "data": [{"audio_offset": 0, "viseme_id": 99}]}, "viseme_id is 0"),
        ({"format": "azure", "data": [{"audio_offset": 0, "viseme_id": 1.5}]}, "viseme_id is 0"),
        ({"format": "polly", "data": "}{"}, "lines of JSON"),
        ({"format": "words", "data": WORDS * 8_000}, "bytes of times are more than"),
        (
            {"format": "words", "data": [{"word": "b", "start": s, "end": s + 9} for s in (9, 37)]},
            "past the end of the turn's 0.5 s of audio",
        ),
        (
            {"format": "words", "data": [{"word": "b", "start": s} for s in (60, 376, 800)]},
            "more than 60 s ahead of the audio",
        ),
        (
            {
                "format": "azure",
                "data": [{"audio_offset": n / 9, "viseme_id": n} for n in range(5)],
            },
            "ms of the turn's 0.5 s of audio; are they in seconds",
        ),
    ],
)
async def test_bad_times_are_one_sentence_and_the_audio_is_heard(
    model: PhonesEngine, message: dict[str, object], says: str
) -> None:
    async with served(model) as server, speaking(server) as client:
        assert says in await says_once_and_goes_on(client, message)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"format": "words", "data": [{"word": "a", "start": float("nan")}]}, "malformed"),
        ({"format": "words", "data": [], "offset_ms": 1e300}, "offset_ms"),
        ({"format": "words", "data": [], "offset_ms": -1e300}, "offset_ms"),
        ({"format": "words"}, "required field `data`"),
        ({"format": 5, "data": []}, "$.format"),
        ({"format": "words", "data": [], "turns": 1}, "turns"),
    ],
)
async def test_times_in_a_wrong_message_are_told_and_the_connection_stays(
    model: PhonesEngine, message: dict[str, Any], says: str
) -> None:
    async with served(model) as server, speaking(server) as client:
        assert says in await says_once_and_goes_on(client, message, message)


async def test_times_of_a_turn_that_cannot_be_are_told_and_what_is_no_json_ends_it(
    model: PhonesEngine,
) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await align(client, 0, **GOOD)
        assert (await client.told("problem"))["turn"] == 0
        await client.say(1)
        assert (await client.ends(1))["frames"] == 30
        await client.connection.send('{"type":"alignment","turn":2,"data":[')
        assert (await client.told("error"))["code"] == "bad-message"


async def test_a_reader_that_fails_costs_the_times_and_not_the_connection(
    model: PhonesEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(FORMATS, "unforeseen", lambda data: [data["none"]])
    async with served(model) as server, speaking(server) as client:
        bad = {"format": "unforeseen", "data": {}}
        said = await says_once_and_goes_on(client, bad, bad)
    assert said == "times of turn 1 cannot be read; the server's log says why"
    assert "KeyError" in caplog.text


async def test_a_hundred_thousand_times_are_too_many(model: PhonesEngine) -> None:
    pieces: list[dict[str, Any]] = [
        {"format": "words", "data": [{"word": "a", "start": n + k / 99} for k in range(4_000)]}
        for n in range(25)
    ]
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await begin(client)
        for piece in pieces:
            await align(client, **piece)
        told = await client.told("problem")
        assert told["message"].startswith("more than 20000 times came for one turn")
        await client.speak(1)
        await client.tell(type="end_turn", turn=1)
        end = await client.told("problem", "turn_end")
        assert (end["type"], end["frames"]) == ("turn_end", 30)


async def test_few_may_be_allowed(model: PhonesEngine) -> None:
    async with served(model, alignment_entries=100) as server, speaking(server) as client:
        data = [{"word": "a", "start": n} for n in range(101)]
        said = await says_once_and_goes_on(client, {"format": "words", "data": data})
        assert "more than 100 times" in said


async def test_the_phones_of_words_count(model: PhonesEngine) -> None:
    async with served(model, alignment_entries=100) as server, speaking(server) as client:
        fits = {"word": "bob", "start": 0.1, "end": 0.4, "phones": ["b", "aa", "b"] * 33}
        word = {"format": "words", "data": [fits]}
        assert "more than 100 times" in await says_once_and_goes_on(client, word, word)


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"word": "bob", "start": -5, "end": -1}, {"word": "bob", "start": -1, "end": 0.2}],
        [{"word": "bob", "start": 1 - n / 10, "end": 1.5} for n in range(10)],
        [{"word": "bob", "start": n / 9, "end": n / 9 + 1} for n in range(45)],
        [{"word": "bob", "start": 0.3, "end": 0.1}] * 5,
        [
            {"word": "Eichhörnchen", "start": 0},
            {"word": "你好", "start": 0.2},
            {"word": "", "start": 0.3},
        ],
    ],
    ids=["empty", "negative", "backwards", "longer", "inside-out", "another-language"],
)
async def test_odd_times_are_taken_as_they_are(model: PhonesEngine, data: Sequence[Any]) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await begin(client)
        for _ in range(2):  # a second one for the same turn is no problem either
            await align(client, format="words", data=data)
        await client.speak(1)
        await client.tell(type="end_turn", turn=1)
        end = await client.told("problem", "turn_end")
        assert (end["type"], end["frames"]) == ("turn_end", 30)


async def test_times_of_another_kind_of_turn_are_told_once(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        for _ in range(3):
            await align(client, 9, **GOOD)
        assert "begin turn 9 with speech" in (await client.told("problem"))["message"]
        await client.say(1)
        assert (await client.ends(1))["frames"] == 30
        await align(client, 1, **GOOD)
        told = await client.told("problem")
        assert told["message"] == "turn 1 is over, so its times are too late"
        await client.begin(2)
        await align(client, 2, **GOOD)
        told = await client.told("problem")
        assert (told["turn"], '"alignment": true' in told["message"]) == (2, True)
        await client.speak(2)
        await client.tell(type="end_turn", turn=2)
        assert (await client.ends(2))["frames"] == 30
        await begin(client, 3, tokens=True)
        assert "without tokens" in (await client.told("problem"))["message"]
        await begin(client, 4, audio=False)
        assert "has tokens, audio, or both" in (await client.told("problem"))["message"]
        assert await client.all_told() == []


@pytest.mark.parametrize("silence", [[], [0.0]])
async def test_times_without_audio_are_told(model: PhonesEngine, silence: list[float]) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await begin(client, 1)
        await align(client, 1, **GOOD)
        for seconds in silence:
            await client.speak(1, seconds)
        await client.tell(type="end_turn", turn=1)
        told = await client.told("problem")
        assert told["message"] == "no audio came for turn 1, so its times have no faces"
        assert (await client.ends(1))["frames"] == 0
        await begin(client, 2)
        await client.speak(2)
        await client.tell(type="end_turn", turn=2)
        assert (await client.ends(2))["frames"] == 30


async def test_times_of_an_interrupted_turn_are_left_out_in_silence(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await begin(client)
        await client.speak(1, 5.0)
        await client.told("turn")
        await client.tell(type="interrupt", turn=1)
        await client.told("interrupted")
        await align(client, **GOOD)
        assert await client.all_told() == []


async def test_an_engine_that_has_no_phones_hears_the_audio() -> None:
    async with served(EnergyEngine()) as server, speaking(server) as client:
        await client.open()
        await begin(client)
        await align(client, **GOOD)
        await client.speak(1)
        await client.tell(type="end_turn", turn=1)
        end = await client.told("problem", "turn_end")
        assert (end["type"], end["frames"]) == ("turn_end", 30)


async def test_an_aligned_turn_takes_one_place_of_the_engine_and_gives_it_back(
    model: PhonesEngine,
) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open()
        for turn in range(1, 5):
            await begin(client, turn)
            await align(client, turn, **GOOD)
            await client.speak(turn)
            await client.tell(type="end_turn", turn=turn)
        for turn in range(1, 5):
            assert (await client.ends(turn))["frames"] == 30


async def faces(client: Client) -> tuple[list[WireFrame], list[dict[str, Any]]]:
    """Return the faces of turn 1, and what was told, until the stream ends."""
    found: list[WireFrame] = []
    told: list[dict[str, Any]] = []
    async for message in client.connection:
        if isinstance(message, str):
            told.append(json.loads(message))
            if told[-1]["type"] == "end":
                break
        elif message[0] == FRAME_KIND and (frame := decode_frame(message)).turn == 1:
            found.append(frame)
    return found, told


@pytest.mark.parametrize(
    ("when", "pacing"),
    [
        ("before", "burst"),
        ("with", "burst"),
        ("before", "real-time"),
        ("with", "real-time"),
        ("after", "real-time"),  # in a burst faces leave as soon as their audio is there
    ],
)
async def test_lips_close_by_times_that_come_before_with_or_after_the_audio(
    model: PhonesEngine, when: str, pacing: str
) -> None:
    """In noise that hides many closures: what is seen is what the times say."""
    said = say("Maybe Bobby may borrow my bumpy blue bus")
    noise = np.random.default_rng(1).normal(0, 0.2, len(said.samples))
    pcm = encode_samples(np.clip(said.samples + noise, -1, 1), Encoding.S16LE)
    times = [
        {"phone": one.label, "start": one.start / RATE, "end": one.end / RATE}
        for one in said.phones
    ]
    half = len(times) // 2
    async with served(model) as server, speaking(server) as client:
        await client.open(pacing, idle=False)
        await begin(client)
        if when == "before":
            await align(client, format="phones", data=times)
        for first in range(0, len(pcm), 6_400):
            if when == "with" and first == 0:
                await align(client, format="phones", data=times[half:])
                await align(client, format="phones", data=times[:half], offset_ms=0)
            message = AudioMessage(pcm[first : first + 6_400], first // 2, 1)
            await client.connection.send(encode_audio(message))
        if when == "after":
            await align(client, format="phones", data=times)
        await client.tell(type="end_turn", turn=1)
        await client.tell(type="end")
        found, told = await faces(client)
    assert [one for one in told if one["type"] == "problem"] == []
    weights = np.stack([frame.weights for frame in found])
    shown = Take(weights, Fraction(60), intervals(said))
    assert closure_rate([shown]) > (0.85 if when == "after" else 0.9)
