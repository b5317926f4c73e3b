"""How many places of the engine the turns of a client take, and when they come back."""

import asyncio

import pytest
from tests.runtime.server.speak.speech_client import (
    a_place_comes_back,
    opens_a_session,
    rows,
    served,
    speaking,
)

from facewire.face import FaceStage
from facewire.frames import StreamSpec
from facewire.speaking.models import SpeechModels
from facewire_engines.phones.engine import PhonesEngine


async def test_announcing_turns_takes_no_place_of_the_engine(model: PhonesEngine) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open()
        for turn in range(1, 41):
            await client.begin(turn)
        assert await client.all_told() == []
        assert await opens_a_session(server)


async def test_a_client_holds_one_place_however_many_turns_have_audio(model: PhonesEngine) -> None:
    async with served(rows(model, 2)) as server, speaking(server) as client:
        await client.open("real-time")
        for turn in range(1, 9):
            await client.begin(turn)
            await client.speak(turn, 3.0)
        await client.told("turn")
        assert await opens_a_session(server)
        assert await client.all_told() == []


async def test_turns_take_one_place_after_the_other_and_give_it_back(model: PhonesEngine) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open()
        await client.begin(1)
        await client.say(2)
        await client.say(3)
        assert await client.all_told() == []
        await client.speak(1)
        await client.tell(type="end_turn", turn=1)
        for turn in (1, 2, 3):
            assert (await client.ends(turn))["frames"] == 30
        await a_place_comes_back(server)


async def test_a_turn_for_which_there_is_no_place_is_ended_and_the_next_one_works(
    model: PhonesEngine,
) -> None:
    engine = rows(model, 1)
    async with served(engine) as server, speaking(server) as client:
        other = engine.session()
        await client.open()
        await client.say(1)
        problem = await client.told("problem")
        assert (problem["turn"], "all 1 sessions" in problem["message"]) == (1, True)
        await client.ends(1)
        other.close()
        await client.say(2)
        assert (await client.ends(2))["frames"] == 30


@pytest.mark.parametrize("how", ["interrupt", "end", "vanish"])
async def test_a_place_comes_back_with_its_turn(model: PhonesEngine, how: str) -> None:
    async with served(rows(model, 1)) as server, speaking(server) as client:
        await client.open("real-time")
        await client.begin(1)
        await client.speak(1, 3.0)
        await client.told("turn")
        assert not await opens_a_session(server)
        if how == "interrupt":
            await client.tell(type="interrupt", turn=1)
            await client.told("interrupted")
        elif how == "end":
            await client.tell(type="interrupt", turn=1)
            await client.tell(type="end")
            await client.told("end")
        else:
            client.connection.transport.abort()
            while server.sessions:  # noqa: ASYNC110 # nobody tells when a session is over
                await asyncio.sleep(0.01)
        await a_place_comes_back(server)


async def test_a_voice_is_let_go_of_when_its_stream_does_not_begin(
    model: PhonesEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[SpeechModels] = []
    close = SpeechModels.close

    def noting(models: SpeechModels) -> None:
        closed.append(models)
        close(models)

    def no_face(spec: StreamSpec, *, idle: bool, seed: int | None = None) -> FaceStage:
        raise RuntimeError("there is no face")

    monkeypatch.setattr(SpeechModels, "close", noting)
    async with served(model, no_face) as server, speaking(server) as client:
        await client.tell(type="open", version=1, text=False)
        assert (await client.told("error"))["code"] == "internal"
    assert len(closed) == 1
