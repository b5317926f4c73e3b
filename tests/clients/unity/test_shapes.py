"""What modellers call a blend shape, and what is shown where a mesh has none of ARKit's."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from tests.clients.unity.mono import PACKAGE, Program

from facewire import arkit
from facewire.face.lips import linear
from facewire.sinks.vmc.expressions import vowels

STYLES: dict[str, Callable[[str], str]] = {
    "as Apple": lambda name: name,
    "perfect sync": lambda name: name[0].upper() + name[1:],
    "shouted": str.upper,
    "whispered": str.lower,
    "of a node": lambda name: f"blendShape1.{name}",
    "of a rig": lambda name: f"Head_ARKit_{name}",
    "of a namespace": lambda name: f"mesh:face|{name}",
    "snake": lambda name: re.sub("([A-Z])", r"_\1", name).lower(),
    "spaced": lambda name: re.sub("([A-Z])", r" \1", name),
    "iFacialMocap": lambda name: re.sub("Left$", "_L", re.sub("Right$", "_R", name)),
    "iFacialMocap, whispered": lambda name: STYLES["iFacialMocap"](name).lower(),
}


@pytest.mark.parametrize("style", STYLES)
def test_arkit_names_in_any_style(driver: Program, style: str) -> None:
    answers = driver.answers("names", lines=[STYLES[style](name) for name in arkit.NAMES])
    assert [int(answer.split()[0]) for answer in answers] == list(range(52))


def test_the_names_of_other_avatars(driver: Program) -> None:
    known = {
        "A": "aa",
        "I": "ih",
        "U": "ou",
        "E": "ee",
        "O": "oh",
        "Blink_L": "blinkleft",
        "aa": "aa",
        "ih": "ih",
        "ou": "ou",
        "ee": "ee",
        "oh": "oh",
        "blinkRight": "blinkright",
        "Fcl_MTH_A": "aa",
        "Fcl_MTH_O": "oh",
        "Fcl_EYE_Close": "blink",
        "Fcl_EYE_Close_L": "blinkleft",
        "Mouth_I": "ih",
        "LookUp": "lookup",
        "vrc.v_aa": "viseme_aa",
        "vrc.v_pp": "viseme_pp",
        "viseme_PP": "viseme_pp",
        "viseme_O": "viseme_o",
        "viseme_sil": "viseme_sil",
        "v_ih": "viseme_ih",
        "Smile": "-",
        "Fcl_ALL_Joy": "-",
        "Body": "-",
        "": "-",
        "_": "-",
        "hair_a": "-",
        "Extra": "-",
        "L": "-",
        "Basis": "-",
    }
    answers = driver.answers("names", lines=list(known))
    assert dict(zip(known, [answer.split() for answer in answers], strict=True)) == {
        name: ["-1", share] for name, share in known.items()
    }


def test_vowels_are_those_of_vmc(driver: Program) -> None:
    weights = np.random.default_rng(4).uniform(0, 0.6, (200, 52)).astype(np.float32)
    weights[::2, arkit.INDEX["mouthClose"]] = 0
    lines = [" ".join(map(str, row)) for row in weights]
    answers = driver.answers("shares", "aa", "ih", "ou", "ee", "oh", lines=lines)
    seen = np.array([answer.split() for answer in answers], float)
    np.testing.assert_allclose(seen, [vowels(row) for row in weights], atol=2e-3)
    assert (seen.max(0) > 0.3).all()


def test_the_table_of_the_lips_is_the_libraries() -> None:
    source = (PACKAGE / "Runtime" / "Core" / "Shapes" / "FallbackShapes.cs").read_text()
    table = {
        name: float(value) for name, value in re.findall(r'Add\("(\w+)", ([-\d.]+)f\)', source)
    }
    at_rest, gap = linear("gap")
    assert f"GapAtRest = {at_rest:.5f}f" in source
    known = {
        name: float(gap[index]) for name, index in arkit.INDEX.items() if abs(gap[index]) > 0.001
    }
    assert table == pytest.approx(known, abs=1e-5)


def test_consonants_that_are_seen_are_told_apart(driver: Program) -> None:
    def pose(**shapes: float) -> str:
        row = np.zeros(52, np.float32)
        for name, value in shapes.items():
            row[arkit.INDEX[name]] = value
        return " ".join(map(str, row))

    poses = [
        pose(jawOpen=0.2, mouthClose=0.2, mouthPressLeft=0.4, mouthPressRight=0.4),
        pose(jawOpen=0.2, mouthRollLower=0.5, mouthUpperUpLeft=0.3, mouthUpperUpRight=0.3),
        pose(jawOpen=0.3, tongueOut=0.7),
        pose(jawOpen=0.7),
        pose(),
    ]
    visemes = ("viseme_pp", "viseme_ff", "viseme_th", "viseme_aa")
    seen = np.array([a.split() for a in driver.answers("shares", *visemes, lines=poses)], float)
    assert seen[:4].argmax(1).tolist() == [0, 1, 2, 3]
    assert seen[:4].max(1).min() > 0.5
    assert seen[4].max() < 0.05
