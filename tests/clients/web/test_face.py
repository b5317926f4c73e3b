"""The drawn face in a real browser: heads turn as one piece, every shape shows, nothing is NaN."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from facewire.arkit import NAMES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class OpenPage(Protocol):
    def __call__(self, browser: "Browser", url: str) -> AbstractContextManager["Page"]: ...


SWEEP = Path(__file__).with_name("face_sweep.js").read_text()
WIDTH = 360
YAWS = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75)
PITCHES = (-0.5, -0.3, 0.0, 0.3, 0.5)
ROLLS = (-0.4, 0.0, 0.4)
MOUTHS = (
    "",
    "jawOpen:1",
    "jawOpen:1,mouthFunnel:1",
    "jawOpen:0.6,mouthClose:0.6",
    "mouthSmile:1,jawOpen:0.5",
    "mouthPucker:1,mouthFunnel:0.5",
    "mouthRollLower:1,mouthRollUpper:1",
    "mouthPress:1",
    "jawLeft:1,jawOpen:0.5",
    "cheekPuff:1",
    "tongueOut:1,jawOpen:0.4",
)
SEEN = 60
"""Pixels that a shape changes at least at 1, of the 25,000 or so of the face."""
EDGE = 50
"""Pixels at the rim of the head that the mouth may tint, where a turned mouth meets it."""
SIDES = sorted(name.removesuffix("Left") for name in NAMES if name.endswith("Left"))


@pytest.fixture(scope="module")
def face(browser: "Browser", server: str, open_page: OpenPage) -> Iterator["Page"]:
    """A page that can draw and measure poses."""
    with open_page(browser, f"{server}/?pose=jawOpen:0") as page:
        page.evaluate(SWEEP)
        yield page


def held(yaw: float, pitch: float, roll: float = 0.0) -> str:
    return f"headYaw:{yaw},headPitch:{pitch},headRoll:{roll}"


def test_the_page_knows_the_wires_shapes(face: "Page") -> None:
    assert sorted(face.evaluate("sweep.shapes")) == sorted(NAMES)


@pytest.mark.parametrize("roll", ROLLS)
def test_a_turned_head_has_no_hole_and_loses_nothing(face: "Page", roll: float) -> None:
    for yaw, pitch in product(YAWS, PITCHES):
        pose = held(yaw, pitch, roll)
        assert face.evaluate("(pose) => sweep.holes(pose)", pose) == {"holes": 0, "loose": 0}, pose


@pytest.mark.parametrize("mouth", MOUTHS)
def test_a_mouth_makes_no_hole_in_a_turned_head(face: "Page", mouth: str) -> None:
    for yaw, pitch in product((-0.5, 0.0, 0.5), (-0.3, 0.3)):
        pose = f"{mouth},{held(yaw, pitch)}"
        assert face.evaluate("(pose) => sweep.holes(pose)", pose) == {"holes": 0, "loose": 0}, pose


@pytest.mark.parametrize(
    "shape",
    [
        "eyeBlink",
        "eyeWide",
        "eyeLookOutLeft:1,eyeLookInRight",
        "eyeLookOutRight:1,eyeLookInLeft",
        "browOuterUp",
        "browDown",
        "noseSneer",
        "mouthSmile",
        "mouthLeft",
        "mouthRight",
        "mouthPucker",
        "mouthFunnel",
    ],
)
def test_eyes_brows_and_mouth_stay_inside_the_turned_head(face: "Page", shape: str) -> None:
    for yaw, pitch in product((-0.75, -0.5, 0.5, 0.75), (-0.4, 0.0, 0.4)):
        pose = held(yaw, pitch)
        changed = face.evaluate(
            "([a, b]) => sweep.outlineChange(a, b)", [pose, f"{pose},{shape}:1"]
        )
        assert changed <= EDGE, pose


@pytest.mark.parametrize("name", NAMES)
def test_each_shape_is_seen(face: "Page", name: str) -> None:
    half, whole = (
        face.evaluate("(pose) => sweep.change('', pose).count", f"{name}:{w}") for w in (0.5, 1)
    )
    assert whole > SEEN
    assert whole > half > SEEN / 4


@pytest.mark.parametrize(("name", "pixels"), [("jaw", 2500), ("mouth", 1500)])
@pytest.mark.parametrize("side", ["Left", "Right"])
def test_jaw_and_mouth_go_aside_clearly(face: "Page", name: str, pixels: int, side: str) -> None:
    change = face.evaluate("(pose) => sweep.change('', pose)", f"{name}{side}:1")
    assert change["count"] > pixels
    assert (change["x"] > WIDTH / 2 + 3) if side == "Left" else (change["x"] < WIDTH / 2 - 3)


@pytest.mark.parametrize("name", SIDES)
def test_left_and_right_are_mirrored(face: "Page", name: str) -> None:
    left, right = (
        face.evaluate("(pose) => sweep.change('', pose)", f"{name}{side}:1")
        for side in ("Left", "Right")
    )
    # Light and hair are not symmetrical.
    assert left["count"] == pytest.approx(right["count"], rel=0.1)
    assert left["x"] == pytest.approx(WIDTH - right["x"], abs=3)
    assert left["y"] == pytest.approx(right["y"], abs=3)


@pytest.mark.parametrize("mouth", ["jawOpen:0", "jawOpen:0.5", "mouthSmile:1", "mouthPucker:1"])
@pytest.mark.parametrize("roll", [-0.4, 0.4])
def test_a_rolled_mouth_is_the_upright_one_rolled(face: "Page", mouth: str, roll: float) -> None:
    # Pixels that are not smoothed between differ by 2 or 3.5 in the mean.
    difference = face.evaluate("([mouth, roll]) => sweep.rolledMouth(mouth, roll)", [mouth, roll])
    assert difference < 4.2


@pytest.mark.parametrize(
    ("weights", "head"),
    [
        ("[]", "undefined"),
        ("[0.5, NaN, -1, 7, Infinity]", "[NaN, 0, 9]"),
        ("Array(52).fill(1)", "[-9, 9, -9]"),
        ("Array(52).fill(NaN)", "[]"),
    ],
    ids=["no weights", "odd numbers", "everything at once", "no numbers"],
)
def test_whatever_comes_is_drawn_with_numbers(face: "Page", weights: str, head: str) -> None:
    numbers: list[Any] = face.evaluate(f"sweep.numbers({weights}, {head})")
    assert len(numbers) > 60
    assert all(number is not None and math.isfinite(number) for number in numbers)


def test_a_part_of_a_pose_is_drawn_with_numbers(face: "Page") -> None:
    numbers = face.evaluate("sweep.partial({ jawOpen: 0.5 })")
    assert all(number is not None and math.isfinite(number) for number in numbers)
