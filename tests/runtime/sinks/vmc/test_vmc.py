"""VMC, as OSC decoders that others wrote understand it."""

from typing import Any

import numpy as np
import pytest
from pythonosc.osc_packet import OscPacket
from tests.runtime.sinks.datagrams.catching import caught, face_of, foreign, some_face

from facewire import arkit
from facewire.emotion import NAMES, emotion_of
from facewire.errors import ConfigError
from facewire.face.emotion.layer import EmotionLayer
from facewire.frames import AudioChunk
from facewire.sinks.osc.messages import MAX_BUNDLE_BYTES
from facewire.sinks.uri import sink_from_uri
from facewire.sinks.vmc.expressions import vowels
from facewire.sinks.vmc.messages import head_rotation
from facewire_cli.bench.throughput_load import clip_samples
from facewire_engines.phones.engine import load_embedded

Message = tuple[str, tuple[Any, ...]]


def by_python_osc(datagrams: list[bytes]) -> list[Message]:
    return [
        (timed.message.address, tuple(timed.message.params))
        for datagram in datagrams
        for timed in OscPacket(datagram).messages
    ]


def by_osc4py3(datagrams: list[bytes]) -> list[Message]:
    parser = foreign("osc4py3.oscbuildparse", "osc4py3")
    return [
        (message.addrpattern, tuple(message.arguments))
        for datagram in datagrams
        for message in parser.decode_packet(datagram).elements
    ]


def values(messages: list[Message]) -> dict[str, float]:
    return {params[0]: params[1] for address, params in messages if address == "/VMC/Ext/Blend/Val"}


async def presets(names: str = "vrm0", /, **shapes: float) -> dict[str, float]:
    face = face_of(**shapes)
    return values(by_python_osc(await caught(f"vmc://127.0.0.1:PORT?names={names}", face)))


@pytest.mark.parametrize("decode", [by_python_osc, by_osc4py3])
async def test_perfect_sync_is_52_values_then_apply_head_and_that_we_are_there(decode: Any) -> None:
    datagrams = await caught("vmc://127.0.0.1:PORT?names=perfect-sync", some_face())
    assert len(datagrams) == 2
    assert all(len(datagram) <= MAX_BUNDLE_BYTES for datagram in datagrams)
    messages = decode(datagrams)
    assert [address for address, _ in messages] == (
        ["/VMC/Ext/Blend/Val"] * 52
        + ["/VMC/Ext/Blend/Apply", "/VMC/Ext/Bone/Pos", "/VMC/Ext/OK", "/VMC/Ext/T"]
    )
    found = values(messages)
    assert list(found)[17] == "JawOpen"
    weights = [found[name[0].upper() + name[1:]] for name in arkit.NAMES]
    np.testing.assert_array_equal(np.array(weights, np.float32), some_face().weights)
    apply, bone, ok, time = (params for _, params in messages[52:])
    assert apply == ()
    assert bone[0] == "Head"
    np.testing.assert_allclose(bone[1:4], (0, 0.09, 0), atol=1e-7)
    np.testing.assert_allclose(bone[4:], head_rotation(0.25, -0.5, 0.125), atol=1e-6)
    assert ok == (1,)
    assert time == (1.5,)
    assert type(ok[0]) is int
    assert type(time[0]) is float


async def test_names_have_each_receivers_case() -> None:
    pascal = await presets("perfect-sync", jawOpen=0.5)
    camel = await presets("perfect-sync-camel", jawOpen=0.5)
    assert pascal["JawOpen"] == camel["jawOpen"] == 0.5
    assert [name.casefold() for name in pascal] == [name.casefold() for name in camel]
    assert " ".join(await presets("vrm0")) == (
        "A I U E O Blink Blink_L Blink_R LookUp LookDown LookLeft LookRight"
    )
    assert " ".join(await presets("vrm1")) == (
        "aa ih ou ee oh blink blinkLeft blinkRight lookUp lookDown lookLeft lookRight"
    )
    both = await presets("vrm0,perfect-sync", jawOpen=0.5)
    assert len(both) == 64


def _both(name: str, value: float) -> dict[str, float]:
    return {f"{name}Left": value, f"{name}Right": value}


MOUTHS = {
    "A": {"jawOpen": 0.49, **_both("mouthLowerDown", 0.22)},
    "I": {"jawOpen": 0.15, **_both("mouthSmile", 0.3), **_both("mouthStretch", 0.32),
          **_both("mouthLowerDown", 0.19), **_both("mouthUpperUp", 0.12)},
    "U": {"jawOpen": 0.13, "mouthPucker": 0.74, "mouthFunnel": 0.15},
    "E": {"jawOpen": 0.35, **_both("mouthSmile", 0.13), **_both("mouthStretch", 0.14),
          **_both("mouthLowerDown", 0.23), **_both("mouthUpperUp", 0.12)},
    "O": {"jawOpen": 0.43, "mouthFunnel": 0.35, "mouthPucker": 0.21,
          **_both("mouthLowerDown", 0.14)},
}  # fmt: skip
"""What the embedded engine's teacher shows in the middle of each vowel."""


@pytest.mark.parametrize("vowel", MOUTHS)
async def test_a_vowel_is_the_preset_of_its_name(vowel: str) -> None:
    found = await presets(**MOUTHS[vowel])
    mouth = {name: found[name] for name in "AIUEO"}
    assert max(mouth, key=lambda name: mouth[name]) == vowel
    assert mouth[vowel] > 0.4
    assert sum(mouth.values()) < 1.05
    assert all(0 <= value <= 1 for value in found.values())


async def test_closed_lips_are_no_vowel() -> None:
    shut = {"jawOpen": 0.11, "mouthClose": 0.11, "mouthRollLower": 0.1, **_both("mouthPress", 0.2)}
    for shapes in (shut, {}):
        found = await presets(**shapes)
        assert max(found[name] for name in "AIUEO") < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_what_is_felt_is_no_vowel(name: str) -> None:
    """A smile spreads the lips as an "i" does, and so does fear."""
    clip = clip_samples(16_000)
    session = load_embedded().session()
    frames = session.push(AudioChunk(clip, 0, 16_000)) + session.flush()
    layer, felt = EmotionLayer(0.0), emotion_of({name: 1.0})
    spoken, shown = [], []
    for frame in frames:
        weights = frame.weights.copy()
        spoken.append(vowels(weights))
        layer.apply(weights, (0.0, 0.0, 0.0), felt, 1 / 60)
        shown.append(vowels(weights))
    means = np.mean(spoken, axis=0)
    assert means.max() > 0.1
    np.testing.assert_allclose(np.mean(shown, axis=0), means, atol=0.06)
    resting = np.zeros(arkit.COUNT, np.float32)
    layer.apply(resting, (0.0, 0.0, 0.0), felt, 1 / 60)
    assert max(vowels(resting)) < 0.02


async def test_blinks_add_up_for_avatars_with_one_or_three() -> None:
    found = await presets(eyeBlinkLeft=0.75, eyeBlinkRight=0.25)
    assert (found["Blink"], found["Blink_L"], found["Blink_R"]) == (0.25, 0.5, 0)


async def test_eyes_look_to_the_avatars_own_left() -> None:
    found = await presets(eyeLookOutLeft=0.5, eyeLookInRight=0.25, **_both("eyeLookUp", 0.125))
    assert found["LookLeft"] == 0.375
    assert found["LookUp"] == 0.125
    assert found["LookRight"] == found["LookDown"] == 0


def test_the_head_turns_as_in_unity() -> None:
    half = np.sqrt(0.5)
    quarter = np.pi / 2
    # Unity is left-handed with x to the right: a positive turn about y is one to the right.
    np.testing.assert_allclose(head_rotation(quarter, 0, 0), (0, -half, 0, half), atol=1e-9)
    np.testing.assert_allclose(head_rotation(0, quarter, 0), (half, 0, 0, half), atol=1e-9)
    np.testing.assert_allclose(head_rotation(0, 0, quarter), (0, 0, -half, half), atol=1e-9)
    assert np.linalg.norm(head_rotation(0.4, -0.3, 0.2)) == pytest.approx(1)


async def test_the_head_may_be_left_out() -> None:
    messages = by_python_osc(await caught("vmc://127.0.0.1:PORT?head=no", some_face()))
    assert "/VMC/Ext/Bone/Pos" not in [address for address, _ in messages]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("names=vrm2", "names=vrm2 is none of vrm0, vrm1, perfect-sync, perfect-sync-camel"),
        ("names=vrm0,vrm0", "is none of"),
        ("names=", "is none of"),
        ("head=maybe", "give yes or no"),
        ("forward=port", "is no place to listen; give a port such as forward=39540"),
        ("forward=0", "is no place to listen"),
        ("forward=:39540", "is no place to listen"),
    ],
)
def test_what_vmc_does_not_know_is_the_users_mistake(query: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        sink_from_uri(f"vmc://127.0.0.1?{query}")


def test_without_a_port_it_is_the_receivers() -> None:
    assert getattr(sink_from_uri("vmc://studio"), "name", "") == "vmc://studio:39539"
