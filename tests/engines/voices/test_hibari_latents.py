"""The natural voice with a face from its latents: what it gives, how lips move, what it refuses."""

import os
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from facewire.clock import SystemClock
from facewire.errors import ConfigError, EngineError
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.speaking.voice import LatentVoice, Speech, Voice, VoiceRequest
from facewire.speaking.voices import load_local_voice, load_voice, voice_decoder
from facewire.tokens import TokenChunk, TokenSpace
from facewire.wire.binary import WireFrame
from facewire_client import AudioRun, Problem, SpeakClient
from facewire_engines.latents.decoder import LatentDecoder, load_latent_decoder
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.voices.hibari import package
from facewire_engines.voices.hibari.package import load_hibari
from facewire_engines.voices.hibari.voice import HibariVoice
from facewire_engines.voices.registry import load_hibari_voice

FIRST = "Bob bought my puppy a map."
TEXT = f"{FIRST} We have moved."


@pytest.fixture(autouse=True)
def _hibari() -> None:
    try:
        load_hibari("")
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def model() -> PhonesEngine:
    return load_embedded()


def voice_of(face: str = "latents") -> HibariVoice:
    voice = HibariVoice(load_hibari(""))
    return voice if face == "phones" else voice.with_latents()


def faces(voice: Voice, model: PhonesEngine, speeches: list[Speech]) -> np.ndarray:
    """Return the weights of some speech, [T, 52], 60 a second."""
    session = voice_decoder(model, voice).session(frame_rate=Fraction(60), lookahead_ms=150)
    tokens = np.concatenate([speech.tokens for speech in speeches])
    frames = session.push(TokenChunk(tokens, voice.space, 0, 0, 16_000)) + session.flush()
    return np.stack([frame.weights for frame in frames])


def test_its_tokens_are_latents_on_the_clock_of_its_sound() -> None:
    voice = voice_of()
    first, second = voice.speak(TEXT)
    for speech in (first, second):
        assert speech.tokens.shape[1] == voice.space.vocabulary == 256
        assert len(speech.tokens) % 4 == 0
        assert len(speech.samples) == 200 * len(speech.tokens)
    phones, _ = voice_of("phones").speak(TEXT)
    assert [p.label for p in first.phones] == [p.label for p in phones.phones]
    apart = [a.start - b.start for a, b in zip(first.phones, phones.phones, strict=True)]
    assert max(apart) - min(apart) <= 1  # both are cut out of the same sound
    assert 0 <= min(apart) < 200


def test_lips_meet_where_it_says_p_b_and_m(model: PhonesEngine) -> None:
    from facewire.face.lips import SHUT, lip_gap

    voice = voice_of()
    speeches = list(voice.speak(FIRST))
    gap = lip_gap(faces(voice, model, speeches))
    for phone in speeches[0].phones:
        frames = slice(phone.start * 60 // 16_000, phone.end * 60 // 16_000 + 2)
        if phone.label in ("p", "b", "m"):
            assert gap[frames].min() <= SHUT
        elif phone.label in ("aa", "ao", "ay"):
            assert gap[frames].max() > SHUT


def test_clauses_before_it_change_no_more_of_a_face_than_where_they_meet(
    model: PhonesEngine,
) -> None:
    voice = voice_of()
    first, second = voice.speak(TEXT)
    alone = faces(voice, model, [second])
    after = faces(voice, model, [first, second])[-len(alone) :]
    # Neither at the same phase of a frame, nor without what was before: only what is far from it.
    assert np.abs(after[40:] - alone[40:]).mean() < 0.02


async def test_a_client_hears_it_and_sees_its_lips_move(model: PhonesEngine) -> None:
    async with (
        FaceServer(model, make_face, clock=SystemClock(), port=0) as server,
        SpeakClient(
            f"ws://{server.address}", voice="hibari", face="latents", pacing="burst", idle=False
        ) as speaker,
    ):
        await speaker.say(FIRST)
        await speaker.end()
        events = [event async for event in speaker]
    assert not [event for event in events if isinstance(event, Problem)]
    kinds = [type(e) for e in events if isinstance(e, (WireFrame, AudioRun))]
    assert kinds[0] is WireFrame
    shown = np.stack([e.weights for e in events if isinstance(e, WireFrame)])
    assert shown.max() > 0.3
    heard = sum(len(e.samples) for e in events if isinstance(e, AudioRun))
    assert abs(heard - sum(len(s.samples) for s in voice_of().speak(FIRST))) < 1_600


def test_voices_without_latents_say_so() -> None:
    pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")
    assert not isinstance(load_voice(language="de", voice="", rate=175, pitch=50), LatentVoice)
    for load in (load_voice, load_local_voice):
        with pytest.raises(ConfigError, match="the voice espeak has no latents"):
            load(language="en-us", voice="espeak", rate=175, pitch=50, face="latents")


def test_another_voice_or_version_of_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hibari = load_hibari("")
    monkeypatch.setattr(hibari, "name", "fenrir")
    with pytest.raises(ConfigError, match=r"hibari:heart only, not of hibari:fenrir; choose"):
        HibariVoice(hibari).with_latents()
    monkeypatch.undo()
    package._load.cache_clear()
    monkeypatch.setattr(package, "VERSION", "0.0.1")
    try:
        heard = load_hibari_voice(VoiceRequest())
    finally:
        package._load.cache_clear()
    assert isinstance(heard, LatentVoice)
    with pytest.raises(ConfigError, match=r"and what is installed .* has others; pip install"):
        heard.with_latents()


def test_a_projector_of_other_latents_says_so(model: PhonesEngine) -> None:
    decoder = load_latent_decoder(model.token_decoder())
    narrow = replace(decoder, space=TokenSpace("narrow", Fraction(80), 192))
    assert isinstance(narrow, LatentDecoder)
    with pytest.raises(EngineError, match="latents of 192 numbers, but hibari's have 256; choose"):
        HibariVoice(load_hibari(""), decoder=narrow)
