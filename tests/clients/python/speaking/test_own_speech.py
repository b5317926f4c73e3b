"""Turns of an agent that has its own voice: tokens, audio, or both."""

import numpy as np
import pytest
from tests.clients.python.speaking.heard import BOB, Heard, url

from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire_client import (
    AudioRun,
    SpeakClient,
)
from facewire_engines.phones.engine import PhonesEngine
from facewire_engines.phones.phone_set import INDEX

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")


class TestOwnSpeech:
    async def test_tokens_make_the_face_before_their_sound(self, server: FaceServer) -> None:
        said = np.repeat([INDEX[p] for p in ("sil", "m", "aa", "p", "ow", "sil")], 12)
        sound = np.random.default_rng(1).uniform(-0.3, 0.3, len(said) * 160).astype(np.float32)
        async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
            turn = await speaker.begin(tokens=True)
            await speaker.send_tokens(turn, said)
            await speaker.send_audio(turn, sound)
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        shown = [frame for frame in heard.frames if frame.turn == turn]
        assert len(shown) == -(-len(sound) * 60 // 16_000)
        start = heard.begins[0].sample
        jaw = {
            phone: np.mean([
                f.by_name["jawOpen"] - f.by_name["mouthClose"]
                for f in shown
                if first + 3 <= (f.timestamp - start) / 160 < first + 9
            ])
            for phone, first in (("m", 12), ("aa", 24), ("p", 36))
        }  # fmt: skip
        assert jaw["m"] < jaw["aa"] / 3 > jaw["p"]
        np.testing.assert_allclose(
            np.concatenate([run.samples for run in heard.sound(turn)]), sound, atol=1 / 32_768
        )

    async def test_what_is_no_id_is_refused_before_it_is_sent(self, quick: FaceServer) -> None:
        async with SpeakClient(url(quick), text=False, idle=False) as speaker:
            turn = await speaker.begin(tokens=True, audio=False)
            for wrong in (np.zeros((10, 256), np.float32), np.array([1.5]), np.zeros((2, 2), int)):
                with pytest.raises(ValueError, match="tokens are whole numbers"):
                    await speaker.send_tokens(turn, wrong)
            await speaker.send_tokens(turn, np.full(100, INDEX["aa"]))
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        assert [ends.frames for ends in heard.ends] == [60]

    async def test_tokens_alone_are_paced_too(self, quick: FaceServer) -> None:
        async with SpeakClient(url(quick), text=False, idle=False) as speaker:
            turn = await speaker.begin(tokens=True, audio=False)
            await speaker.send_tokens(turn, np.full(100, INDEX["aa"]))
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        assert [ends.frames for ends in heard.ends] == [60]
        assert not heard.of(AudioRun)

    async def test_audio_alone_is_heard_by_the_encoder(
        self, server: FaceServer, engine: PhonesEngine
    ) -> None:
        from facewire.frames import AudioChunk
        from facewire_engines.voices.espeak.voice import EspeakVoice

        (speech,) = EspeakVoice().speak(BOB)
        integers = np.rint(speech.samples * 32_767).astype(np.int16)
        async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
            turn = await speaker.begin()
            await speaker.send_audio(turn, integers)
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        session = engine.session(lookahead_ms=150)
        floats = integers.astype(np.float32) / np.float32(32_768)
        own = session.push(AudioChunk(floats, 0, 16_000)) + session.flush()
        face = make_face(session.spec, idle=False)
        expected = np.stack([face.apply(frame).weights for frame in own])
        shown = np.stack([frame.weights for frame in heard.frames if frame.turn == turn])
        np.testing.assert_allclose(shown[9:], expected[9:], atol=1e-6)
        played = np.concatenate([run.samples for run in heard.sound(turn)])
        np.testing.assert_array_equal(played, floats)

    async def test_bursts_at_an_agents_rate(self, server: FaceServer) -> None:
        seconds = np.arange(24_000 * 2) / 24_000
        tone = (0.3 * np.sin(2 * np.pi * 150 * seconds)).astype(np.float32)
        async with SpeakClient(
            url(server), text=False, sample_rate=24_000, pacing="burst"
        ) as speaker:
            assert speaker.hello.sample_rate == 24_000
            turn = await speaker.begin()
            await speaker.send_audio(turn, tone)
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        assert [ends.frames for ends in heard.ends] == [120]
        played = np.concatenate([run.samples for run in heard.sound(turn)])
        np.testing.assert_allclose(played, tone, atol=1 / 32_768)
        for frame in heard.frames:
            assert frame.timestamp == frame.index * 24_000 // 60

    async def test_another_number_of_channels_is_a_mistake_of_the_program(
        self, server: FaceServer
    ) -> None:
        async with SpeakClient(url(server), text=False, channels=2) as client:
            turn = await client.begin()
            for samples in (np.zeros(160), np.zeros((160, 1)), np.zeros((160, 2), np.int32)):
                with pytest.raises(ValueError, match=r"channel|int32"):
                    await client.send_audio(turn, samples)
            await client.send_audio(turn, np.zeros((160, 2)))

    async def test_what_does_not_fit_ends_the_turn_and_the_next_one_works(
        self, server: FaceServer
    ) -> None:
        async with SpeakClient(url(server), idle=False, pacing="burst") as speaker:
            turn = await speaker.begin(tokens=True, audio=False)
            await speaker.send_tokens(turn, np.full(50, INDEX["aa"]))
            await speaker.send_tokens(turn, np.array([99]))
            await speaker.send_tokens(turn, np.full(50, INDEX["aa"]))
            await speaker.say("And this is said.")
            await speaker.end()
            heard = await Heard().read(speaker)
        assert heard.problems[0].startswith("token 99 is outside of 'phones', which has 40 classes")
        assert [(ends.turn, ends.frames > 20) for ends in heard.ends] == [(1, True), (2, True)]
        assert heard.ends[0].frames == 30
