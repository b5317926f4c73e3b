"""A face in a real session of LiveKit, with a voice of ours and no cloud. In real time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from livekit.agents import Agent, AgentSession, tts
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from tests.clients.agents.inside.livekit_agent import ClockSink
from tests.clients.agents.inside.spoken_words import spoken_words

from facewire.clock import MILLISECOND, SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import BlendshapeFrame
from facewire.server.server import FaceServer
from facewire.stream.engines import load_engine
from facewire.wire.binary import decode_frame
from facewire_agents.faces import Heard
from facewire_agents.livekit import FaceAvatar, FaceOptions, FaceOutput, FacewireTTS

TEXT = "Bob bought my puppy a map, and Mary made some more of them by Monday."
SENTENCES = (
    "Bob bought my puppy a map.",
    "Mary made some more of them.",
    "We saw five of those maps.",
)


async def speaking(
    face_of: Any, text: str = TEXT, interrupt_after: float | None = None, voice: Any = None
) -> Any:
    """Let a session say something; return its sink and its face."""
    sink = ClockSink(SystemClock())
    session = AgentSession(tts=voice or FacewireTTS("espeak"))
    session.output.audio = sink
    await session.start(Agent(instructions="Answer."))
    face = await face_of(session)
    handle = session.say(text)
    if interrupt_after is not None:
        await asyncio.sleep(interrupt_after)
        session.interrupt()
    await handle.wait_for_playout()
    await asyncio.sleep(0.3)
    await session.aclose()
    await sink.aclose()
    return sink, face


def test_a_session_that_is_interrupted_rests_its_face_and_tells_the_last_word() -> None:
    clock = SystemClock()
    shown, heard = [], []

    async def face_of(session: AgentSession) -> FaceOutput:
        face = FaceOutput(session.output.audio, FaceOptions(idle=False))
        face.on_face(lambda frame: shown.append((clock.now(), frame)))
        face.on("face_interrupted", lambda told: heard.append((clock.now(), told)))
        await face.start()
        session.output.audio = face
        return face

    async def main() -> None:
        sink, face = await speaking(face_of, interrupt_after=2.5)
        await face.aclose()
        assert len([frame for _, frame in shown if frame.turn]) > 40
        ((when, told),) = heard
        position, interrupted = sink.finished[-1]
        assert interrupted
        assert abs(told.at_ms - 1000 * position) < 1
        assert told.word in spoken_words([TEXT], told)
        late = [frame for at, frame in shown if at > when + 20 * MILLISECOND]
        assert late
        assert not [frame for frame in late if frame.turn]
        assert np.abs(late[-1].weights - shown[0][1].weights).max() < 0.02

    asyncio.run(main())


@pytest.mark.parametrize("seconds", [1.0, 2.2, 3.1, 4.3])
def test_the_word_that_is_spoken_is_told_in_any_sentence(seconds: float) -> None:
    heard: list[Heard] = []

    async def face_of(session: AgentSession) -> FaceOutput:
        face = FaceOutput(session.output.audio, FaceOptions(idle=False))
        face.on("face_interrupted", heard.append)
        await face.start()
        session.output.audio = face
        return face

    async def main() -> None:
        _, face = await speaking(face_of, " ".join(SENTENCES), interrupt_after=seconds)
        await face.aclose()

    asyncio.run(main())
    (told,) = heard
    assert told.word in spoken_words(SENTENCES, told)


def test_a_sentence_whose_words_have_no_times_is_no_word() -> None:
    """As LiveKit tells the sentences of a TTS that speaks them one by one."""
    heard: list[Heard] = []

    class SentenceTTS(FacewireTTS):
        def __init__(self) -> None:
            super().__init__("espeak")
            self._capabilities = tts.TTSCapabilities(streaming=False)

    async def face_of(session: AgentSession) -> FaceOutput:
        face = FaceOutput(session.output.audio, FaceOptions(idle=False))
        face.on("face_interrupted", heard.append)
        await face.start()
        session.output.audio = face
        return face

    async def main() -> None:
        _, face = await speaking(face_of, TEXT, interrupt_after=1.5, voice=SentenceTTS())
        await face.aclose()

    asyncio.run(main())
    assert [told.word for told in heard] == [""]


@pytest.mark.parametrize("text", ["...", "  \n", "No. — ... Yes."])
def test_a_text_without_much_to_speak_is_spoken(text: str) -> None:
    async def main() -> None:
        voice = FacewireTTS("espeak")
        errors: list[object] = []
        voice.on("error", errors.append)
        async with asyncio.timeout(20), voice.stream() as stream:
            for character in text:
                stream.push_text(character)
            stream.end_input()
            events = [event async for event in stream]
        told = [w for one in events for w in one.frame.userdata[USERDATA_TIMED_TRANSCRIPT]]
        words = [word for word in "".join(told).split() if word[0].isalpha()]
        assert words == [word for word in text.split() if word[0].isalpha()]
        assert [w.start_time for w in told] == sorted(w.start_time for w in told)
        assert events[-1].is_final
        assert not errors
        spoken = await voice.synthesize("Yes.").collect()
        assert spoken.duration > 0.2
        await voice.aclose()

    asyncio.run(main())


def test_an_avatar_sends_its_face_to_the_room() -> None:
    sent: list[tuple[bytes, bool, str]] = []

    async def publish_data(payload: bytes, *, reliable: bool, topic: str) -> None:
        sent.append((payload, reliable, topic))

    # A room of LiveKit needs a server to be joined.
    room = SimpleNamespace(
        local_participant=SimpleNamespace(identity="agent", publish_data=publish_data)
    )
    avatar = FaceAvatar(FaceOptions(idle=False))

    async def face_of(session: AgentSession) -> FaceAvatar:
        await avatar.start(session, room)
        assert avatar.avatar_identity == "agent"
        return avatar

    async def main() -> None:
        async with asyncio.timeout(20):
            await speaking(face_of, "Bob bought my puppy a map.")
            await avatar.aclose()
        assert {(reliable, topic) for _, reliable, topic in sent} == {(False, "facewire")}
        frames = [decode_frame(payload) for payload, _, _ in sent]
        spoken = [frame for frame in frames if frame.turn]
        assert len(spoken) > 40
        assert max(frame.weights.max() for frame in spoken) > 0.2

    asyncio.run(main())


def test_an_avatar_that_is_started_too_early_says_so() -> None:
    async def main() -> None:
        session = AgentSession(tts=FacewireTTS("espeak"))
        with pytest.raises(ConfigError, match="start the avatar after it"):
            await FaceAvatar().start(session, SimpleNamespace())

    asyncio.run(main())


def test_a_server_can_make_the_faces() -> None:
    shown: list[BlendshapeFrame] = []

    async def main() -> None:
        clock = SystemClock()
        async with FaceServer(load_engine("phones"), make_face, clock=clock, port=0) as server:

            async def face_of(session: AgentSession) -> FaceOutput:
                options = FaceOptions(server=f"ws://{server.address}", idle=False)
                face = FaceOutput(session.output.audio, options)
                face.on_face(shown.append)
                await face.start()
                session.output.audio = face
                return face

            sink, face = await speaking(face_of, "Bob bought my puppy a map.")
            await face.aclose()
        assert len([frame for frame in shown if frame.turn]) > 40
        assert not sink.finished[-1][1]

    asyncio.run(main())


def test_a_server_that_is_not_there_is_named() -> None:
    async def main() -> None:
        face = FaceOutput(ClockSink(SystemClock()), FaceOptions(server="ws://127.0.0.1:9"))
        with pytest.raises(ConfigError, match="the face's server cannot be used"):
            await face.start()

    asyncio.run(main())
