"""The drawn mouth at 300 pixels, in the embedded model's own poses: sounds look different."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

from facewire.arkit import NAMES
from facewire.tokens import TokenChunk
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import INDEX, TOKEN_RATE
from facewire_engines.phones.token_session import PHONETIC

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class OpenPage(Protocol):
    def __call__(self, browser: "Browser", url: str) -> AbstractContextManager["Page"]: ...


Pose = dict[str, float]

METER = Path(__file__).with_name("viseme_meter.js").read_text()
NEXT_TO = {"aa": "t", "eh": "t", "iy": "t", "ow": "t", "uw": "t"}
"""Vowels are said between consonants, which are said between the vowels of `ah`."""
SOUNDS = ("aa", "eh", "iy", "ow", "uw", "f", "v", "th", "dh", "m", "b", "p", "s", "sh", "r", "l")
ONE_OF_EACH = ("sil", "aa", "eh", "iy", "ow", "uw", "f", "th", "m", "s", "sh", "r", "l")
CLEARLY = 110
"""Pixels that two mouths differ in at least, of the 1,000 or so of a mouth."""
SEEN = 60
"""Pixels that a third of a shape of the whole face changes at least."""
WHOLE_FACE = (
    "browDown", "browInnerUp", "browOuterUp", "eyeSquint", "eyeWide", "cheekSquint", "cheekPuff",
    "noseSneer", "mouthLeft", "mouthRight", "jawLeft", "jawRight", "mouthSmile", "mouthFrown",
)  # fmt: skip


def said(phone: str) -> Pose:
    """Return what the embedded model shows at the middle of a phone in the middle of a syllable."""
    beside = NEXT_TO.get(phone, "ah")
    word = (("sil", 20), (beside, 10), (phone, 14), (beside, 10), ("sil", 30))
    ids = np.array([INDEX[one] for one, count in word for _ in range(count)], np.int32)
    session = load_embedded().token_decoder().session()
    chunk = TokenChunk(ids, PHONETIC, 0, 0, session.spec.sample_rate)
    frames = session.push(chunk) + session.flush()
    middle_s = (20 + 10 + 7) / TOKEN_RATE
    frame = frames[round(middle_s * session.spec.frame_rate)]
    return dict(zip(NAMES, map(float, frame.weights), strict=True))


@pytest.fixture(scope="module")
def poses() -> dict[str, Pose]:
    return {"sil": {}} | {phone: said(phone) for phone in SOUNDS}


@pytest.fixture(scope="module")
def page(browser: "Browser", server: str, open_page: OpenPage) -> Iterator["Page"]:
    with open_page(browser, f"{server}/?pose=jawOpen:0") as page:
        page.evaluate(METER)
        yield page


@pytest.fixture(scope="module")
def mouths(page: "Page", poses: dict[str, Pose]) -> dict[str, Any]:
    """What is seen of each mouth, in pixels of a face that is 200 wide."""
    return {phone: page.evaluate("meter", pose) for phone, pose in poses.items()}


def test_the_face_is_as_large_as_it_is_said_to_be(mouths: dict[str, Any]) -> None:
    assert mouths["sil"]["scale"] == pytest.approx(1, rel=0.01)


def test_u_is_a_small_round_dark_hole_without_teeth(mouths: dict[str, Any]) -> None:
    u, rest = mouths["uw"], mouths["sil"]
    assert u["width"] < 0.75 * rest["width"]
    assert u["dark"]["count"] > 50
    assert u["dark"]["width"] < 0.45 * rest["width"]
    assert u["teeth"]["count"] < 0.1 * u["dark"]["count"]
    assert u["tongueTip"]["count"] < 5


def test_o_is_round_too_and_clearly_larger(mouths: dict[str, Any]) -> None:
    o, u, a = mouths["ow"], mouths["uw"], mouths["aa"]
    assert o["dark"]["count"] > 2.5 * u["dark"]["count"]
    # The model's lips are as near to each other in "ow" as people's: an oval, no circle.
    assert o["dark"]["width"] < 2.8 * o["dark"]["height"]
    assert o["dark"]["width"] < 0.8 * a["dark"]["width"]


@pytest.mark.parametrize("phone", ["f", "v"])
def test_f_and_v_are_teeth_on_a_lip(mouths: dict[str, Any], phone: str) -> None:
    f, s, rest = mouths[phone], mouths["s"], mouths["sil"]
    assert f["teeth"]["count"] > 80
    assert f["dark"]["count"] < 0.3 * f["teeth"]["count"]
    assert f["tongueTip"]["count"] < 5
    # Few teeth, not the row of a smile or an s, over a lip that is rolled in.
    assert f["teeth"]["width"] < 0.8 * s["teeth"]["width"]
    assert f["height"] < rest["height"]


@pytest.mark.parametrize("phone", ["th", "dh"])
def test_th_is_a_tongue_below_the_upper_teeth(mouths: dict[str, Any], phone: str) -> None:
    th = mouths[phone]
    assert th["tongueTip"]["count"] > 120
    assert th["teeth"]["count"] > 30
    assert th["tongueTip"]["y"] > th["teeth"]["y"] + 3


def test_nobody_else_shows_the_tip_of_the_tongue(mouths: dict[str, Any]) -> None:
    least = min(mouths[phone]["tongueTip"]["count"] for phone in ("th", "dh"))
    # That of an l touches the teeth from behind, and may be seen.
    others = {n: m["tongueTip"]["count"] for n, m in mouths.items() if n not in ("th", "dh", "l")}
    assert max(others.values()) < 0.2 * least, others


@pytest.mark.parametrize("phone", ["m", "b", "p"])
def test_m_b_p_are_lips_pressed_together(mouths: dict[str, Any], phone: str) -> None:
    pressed, rest = mouths[phone], mouths["sil"]
    assert pressed["gap"] < 0.5
    assert pressed["teeth"]["count"] == 0
    assert pressed["height"] < 0.85 * rest["height"]


@pytest.mark.parametrize("phone", ["iy", "s", "sh"])
def test_upper_teeth_are_an_even_row_not_cut_in_a_v(mouths: dict[str, Any], phone: str) -> None:
    columns = np.array(mouths[phone]["teethColumns"])
    assert len(columns) > 20
    quarter = len(columns) // 4
    tops = columns[quarter:-quarter, 0]
    # A V begins lower in the middle than at its sides.
    assert np.ptp(tops) <= 2
    assert np.median(tops) - np.median(columns[2 : quarter + 2, 0]) <= 2


def test_each_sound_looks_different(page: "Page", poses: dict[str, Pose]) -> None:
    alike = {}
    for one, other in combinations(ONE_OF_EACH, 2):
        changed = page.evaluate("([a, b]) => meter.change(a, b)", [poses[one], poses[other]])
        if changed <= CLEARLY:
            alike[one, other] = changed
    assert not alike


@pytest.mark.parametrize("name", WHOLE_FACE)
def test_a_third_of_a_shape_is_seen(page: "Page", name: str) -> None:
    sides = (name,) if name in NAMES else (f"{name}Left", f"{name}Right")
    pose = dict.fromkeys(sides, 0.33)
    assert page.evaluate("(pose) => meter.change({}, pose)", pose) > SEEN
