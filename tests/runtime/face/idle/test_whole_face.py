"""Idle motion on top of speech as the embedded model animates it."""

from fractions import Fraction

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from facewire import arkit
from facewire.face import Profile, make_face
from facewire.face.gap_keeper import UNSEEN
from facewire.face.lips import SHUT, lip_gap, lips_met
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.stream.engines import load_engine
from facewire_cli.demo import demo_clip

Floats = NDArray[np.float32]
RATES = (30, 60)
ALIVE = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekSquintLeft", "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft",
    "eyeWideRight", "jawLeft", "jawRight", "mouthFrownLeft", "mouthFrownRight", "mouthLeft",
    "mouthRight", "mouthShrugLower", "mouthShrugUpper", "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""What the embedded model leaves still, and people do not."""


@pytest.fixture(scope="module")
def spoken() -> dict[int, list[BlendshapeFrame]]:
    """The bundled clip as the embedded model hears it, by frame rate."""
    read, rate = soundfile.read(demo_clip(), dtype="float32")
    samples = np.asarray(read, np.float32)
    engine = load_engine("phones")
    assert rate == engine.sample_rate
    found = {}
    for frame_rate in RATES:
        session = engine.session(frame_rate=Fraction(frame_rate), lookahead_ms=80.0)
        found[frame_rate] = [*session.push(AudioChunk(samples, 0, rate)), *session.flush()]
        session.close()
    return found


def shown(
    frames: list[BlendshapeFrame],
    seed: int = 0,
    rate: int = 60,
    idle: bool = True,
    profile: Profile | None = None,
) -> Floats:
    face = make_face(
        StreamSpec(frame_rate=Fraction(rate)), profile or Profile(), idle=idle, seed=seed
    )
    return np.array([face.apply(frame).weights for frame in frames])


@pytest.mark.parametrize("seed", range(6))
def test_the_lips_are_as_far_apart_as_speech_has_them(
    spoken: dict[int, list[BlendshapeFrame]], seed: int
) -> None:
    bare, alive = shown(spoken[60], idle=False), shown(spoken[60], seed)
    assert np.abs(lip_gap(alive) - lip_gap(bare)).max() <= UNSEEN + 1e-5
    near = np.abs(lip_gap(bare) - SHUT) < UNSEEN
    np.testing.assert_array_equal(lips_met(alive)[~near], lips_met(bare)[~near])
    assert lips_met(bare).any()
    assert not lips_met(bare).all()


def test_a_strong_profile_does_not_part_the_lips_either(
    spoken: dict[int, list[BlendshapeFrame]],
) -> None:
    strong = Profile(
        cheek_strength=2.0, nose_chin_strength=2.0, asymmetry_strength=2.0, breath_strength=2.0,
        brow_strength=2.0,
    )  # fmt: skip
    bare = shown(spoken[60], idle=False)
    for seed in range(3):
        alive = shown(spoken[60], seed, profile=strong)
        assert np.abs(lip_gap(alive) - lip_gap(bare)).max() <= UNSEEN + 1e-5
        assert alive.min() >= 0
        assert alive.max() <= 1


def test_what_people_move_moves(spoken: dict[int, list[BlendshapeFrame]]) -> None:
    bare = shown(spoken[60], idle=False)
    alive = np.concatenate([shown(spoken[60], seed) for seed in range(4)])
    for name in ALIVE:
        place = arkit.INDEX[name]
        assert np.ptp(alive[:, place]) > max(0.01, 1.2 * float(np.ptp(bare[:, place]))), name
        assert alive[:, place].max() < 0.5, name


@pytest.mark.parametrize("seed", range(3))
def test_30_and_60_frames_a_second_agree(
    spoken: dict[int, list[BlendshapeFrame]], seed: int
) -> None:
    slow, fast = shown(spoken[30], seed, rate=30), shown(spoken[60], seed)[::2]
    apart = np.abs(slow - fast[: len(slow)])
    # A blink may begin a frame later where frames are further apart, and lids are fast.
    lids = [arkit.INDEX[name] for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    wide = [arkit.INDEX[name] for name in ("eyeWideLeft", "eyeWideRight")]
    others = np.delete(apart, lids + wide, axis=1)
    assert others.max() < 0.05
    assert np.quantile(others, 0.99) < 0.02


def test_a_pause_in_the_frames_changes_no_later_motion_of_time(
    spoken: dict[int, list[BlendshapeFrame]],
) -> None:
    """What a seed draws is by time, and not by how many frames there were."""
    head = [frame for frame in spoken[60] if frame.index % 4 == 0]
    whole, sparse = shown(spoken[60]), shown(head)
    place = arkit.INDEX["mouthLeft"]
    near = np.abs(whole[::4, place] - sparse[:, place])
    assert near.max() < 0.01


def test_every_session_is_its_own(spoken: dict[int, list[BlendshapeFrame]]) -> None:
    one, other = shown(spoken[60], 1), shown(spoken[60], 2)
    for name in ("mouthLeft", "browDownLeft", "eyeSquintLeft", "jawRight", "eyeBlinkLeft"):
        assert np.abs(one - other)[:, arkit.INDEX[name]].max() > 0.005, name
    np.testing.assert_array_equal(one, shown(spoken[60], 1))
