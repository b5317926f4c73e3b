"""Times that a TTS tells, passed on by the Python client as they came."""

import asyncio
import base64
import json
import re
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from tests.clients.python.speaking.heard import Heard, serve, url
from tests.engines.phones.alignment.said import RATE, Said, intervals, say

from facewire.audio.format import Encoding
from facewire.audio.resample import StreamResampler
from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.speaking.voice import Span
from facewire.wire.binary import WireFrame, encode_samples
from facewire.wire.speak import Word
from facewire_client import SpeakClient, Words
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_training.evaluation.metrics.lips.closure import closure_rate
from facewire_training.take import Take

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

PAGE = Path(__file__).parents[4] / "docs" / "alignment.md"


@pytest.fixture(scope="module")
def said() -> Said:
    return say("Maybe Bobby may borrow my bumpy blue bus")


def noisy(said: Said) -> Samples:
    noise = np.random.default_rng(1).normal(0, 0.2, len(said.samples))
    return np.clip(said.samples + noise, -1, 1).astype(np.float32)


def elevenlabs(said: Said) -> list[dict[str, object]]:
    """Two messages of its socket, cut in the middle of a word; times count from the first one."""
    characters: list[tuple[str, float, float]] = []
    for word in said.words:
        edges = np.linspace(word.start, word.end, len(word.label) + 1) * 1000 / RATE
        lengths = np.diff(edges).tolist()
        characters += zip(word.label, edges[:-1].tolist(), lengths, strict=True)
        characters.append((" ", float(edges[-1]), 0.0))
    cut = len(characters) // 2
    return [
        {
            "audio": "",
            "alignment": {
                "chars": [one for one, *_ in part],
                "charStartTimesMs": [start for _, start, _ in part],
                "charDurationsMs": [length for *_, length in part],
            },
        }
        for part in (characters[:cut], characters[cut:])
    ]


def told(heard: Heard, said: Said) -> list[tuple[Word, Span]]:
    """Return the captions, none of which came long after its face, and the words that were said."""
    begins = heard.begins[0].sample
    shown, words = 0, list[Word]()
    for event in heard.events:
        if isinstance(event, WireFrame) and event.turn:
            shown = event.timestamp
        elif isinstance(event, Words):
            assert all(shown < word.start + RATE // 10 for word in event.words)
            words += (replace(one, start=one.start - begins) for one in event.words)
    return list(zip(words, said.words, strict=True))


def polly(said: Said) -> str:
    marks = [
        {"time": word.start * 1000 // RATE, "type": "word", "value": word.label}
        for word in said.words
    ]
    return "\n".join(json.dumps(mark) for mark in marks)


def test_a_turn_without_its_times_closes_fewer_lips(said: Said) -> None:
    """Say what the other tests are measured against: in this noise hearing alone is not enough."""
    from tests.engines.phones.alignment.said import play, session, take

    assert closure_rate([take(play(session(), noisy(said)), said)]) < 0.9


@pytest.mark.parametrize("shape", ["elevenlabs", "elevenlabs-text", "polly"])
async def test_what_a_provider_sent_closes_the_lips(
    server: FaceServer, said: Said, shape: str
) -> None:
    async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
        turn = await speaker.begin(alignment=True)
        if shape == "polly":
            await speaker.push_alignment(turn, "polly", polly(said))
        else:
            for message in elevenlabs(said):
                passed = json.dumps(message) if shape == "elevenlabs-text" else message
                await speaker.push_alignment(turn, "elevenlabs", passed)
        await speaker.send_audio(turn, noisy(said))
        await speaker.end_turn(turn)
        await speaker.end()
        heard = await Heard().read(speaker)
    assert heard.problems == []
    assert [(one.word, abs(one.start - word.start) < 20) for one, word in told(heard, said)] == [
        (word.label, True) for word in said.words
    ]
    weights = np.stack([frame.weights for frame in heard.frames if frame.turn == turn])
    assert closure_rate([Take(weights, Fraction(60), intervals(said))]) >= 0.9


class HeldEngine(PhonesEngine):
    """The engine, whose dictionaries are not loaded before it is told to."""

    def prepare_alignment(self, language: str) -> None:
        assert HELD.wait(60)
        super().prepare_alignment(language)


HELD = threading.Event()


async def test_a_dictionary_that_is_loaded_delays_nobody_else(said: Said) -> None:
    loaded = load_embedded()
    held = HeldEngine(loaded.manifest, loaded.encoder, loaded.decoder, loaded.together)
    async with serve(held) as server:
        openings = [
            SpeakClient(url(server), text=False, idle=False, pacing="burst") for _ in range(8)
        ]
        async with AsyncExitStack() as stack:
            *waiting, other = [await stack.enter_async_context(one) for one in openings]
            for speaker in (*waiting, other):
                turn = await speaker.begin(alignment=speaker is not other)
                await speaker.send_audio(turn, said.samples)
                await speaker.end_turn(turn)
                await speaker.end()
            frames = -(-len(said.samples) * 60 // RATE)
            assert (await Heard().read(other)).ends[0].frames == frames
            HELD.set()
            for speaker in waiting:
                assert (await Heard().read(speaker)).ends[0].frames == frames


def example(server: FaceServer) -> dict[str, Any]:
    """Return the names of the page's example as it is written, but for the server's address."""
    (written,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert '"ws://127.0.0.1:8765"' in written
    names: dict[str, Any] = {}
    code = written.replace("ws://127.0.0.1:8765", url(server))
    exec(compile(code, "alignment.md", "exec"), names)
    return names


async def test_the_example_of_the_page_speaks_and_ends(
    server: FaceServer, said: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    at_24_khz = StreamResampler(RATE, 24_000, 1)
    sound = np.concatenate([at_24_khz.push(noisy(said)), at_24_khz.flush()])
    pcm = encode_samples(sound, Encoding.S16LE)
    first = elevenlabs(said)[0]

    async def messages() -> AsyncIterator[dict[str, Any]]:
        """Yield what the provider's socket gives, its last message, too."""
        yield first | {"audio": base64.b64encode(pcm).decode()}
        yield {"audio": base64.b64encode(pcm[:24_000]).decode(), "alignment": None}
        yield {"audio": None, "isFinal": True}

    async with asyncio.timeout(60):
        await example(server)["main"](messages())
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert {len(line) for line in printed} == {2}  # faces, and no problem
    assert int(printed[-1][0]) >= len(sound) + 12_000 - 24_000 // 60
    assert max(float(jaw) for _, jaw in printed) > 0.1


async def test_the_example_of_the_page_ends_with_the_error_of_its_stream(
    server: FaceServer,
) -> None:
    async def messages() -> AsyncIterator[dict[str, Any]]:
        yield {"audio": None, "isFinal": None}
        raise OSError("the provider hung up")

    async with asyncio.timeout(60):
        with pytest.raises(ExceptionGroup) as caught:
            await example(server)["main"](messages())
    assert [str(one) for one in caught.value.exceptions] == ["the provider hung up"]


SOUND = base64.b64encode(bytes(1_350_000)).decode()
"""1.8 MB, more than any message may have."""


@pytest.mark.parametrize(
    ("shape", "messages"),
    [
        ("elevenlabs", [{"audio_base64": SOUND}, {"isFinal": True, "audio": None}]),
        ("elevenlabs", [{"audio": SOUND, "alignment": None}, {"audio": SOUND}]),
        ("cartesia", [{"type": "chunk", "data": SOUND}, {"type": "done", "done": True}]),
        ("rime", [{"type": "chunk", "data": SOUND}, {"type": "done"}]),
        ("azure", [[], {}]),
        ("polly", ["", []]),
    ],
)
async def test_messages_without_times_are_no_problem(
    server: FaceServer, said: Said, shape: str, messages: list[Any]
) -> None:
    """Sound of any size stays here, beside times and without them."""
    async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
        turn = await speaker.begin(alignment=True)
        times = elevenlabs(said)
        if shape == "elevenlabs":
            await speaker.push_alignment(turn, shape, json.dumps(times[0] | {"audio": SOUND}))
            await speaker.push_alignment(turn, shape, [times[1] | {"audio_base64": SOUND}])
        for message in messages:
            await speaker.push_alignment(turn, shape, message)
        await speaker.send_audio(turn, said.samples)
        await speaker.end_turn(turn)
        await speaker.end()
        heard = await Heard().read(speaker)
    assert heard.problems == []
    assert heard.ends[0].frames == -(-len(said.samples) * 60 // RATE)
    assert heard.words == ([word.label for word in said.words] if shape == "elevenlabs" else [])


async def test_bad_times_are_a_problem_and_the_next_turn_works(
    server: FaceServer, said: Said
) -> None:
    async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
        turn = await speaker.begin(alignment=True)
        with pytest.raises(ValueError, match="malformed"):
            await speaker.push_alignment(turn, "words", "[NaN]")
        await speaker.push_alignment(turn, "words", [{"word": "a", "start": float("nan")}])
        await speaker.send_audio(turn, said.samples)
        await speaker.end_turn(turn)
        turn = await speaker.begin()
        await speaker.send_audio(turn, said.samples)
        await speaker.end_turn(turn)
        await speaker.end()
        heard = await Heard().read(speaker)
    assert heard.problems == ["start is missing, or not a finite number"]
    assert [end.frames for end in heard.ends] == [-(-len(said.samples) * 60 // RATE)] * 2
