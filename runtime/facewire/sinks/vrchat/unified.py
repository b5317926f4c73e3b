"""ARKit shapes as VRCFaceTracking's Unified Expressions, and the `v2` parameters made of them.

What is what is that project's documentation (docs.vrcft.io, "Unified Expressions" and
"Parameters"). Left and right are the speaker's own, as ARKit's are.
"""

from collections.abc import Mapping

from facewire import arkit
from facewire.frames import BlendshapeFrame

SIDES = ("Left", "Right")


def parameters(frame: BlendshapeFrame) -> dict[str, float]:
    """Return every `v2` parameter that speech moves, each in [-1, 1], by what follows `v2/`."""
    weights = dict(zip(arkit.NAMES, frame.weights.tolist(), strict=True))
    found = _mouth(weights) | _upper_face(weights)
    found |= _combined(found)
    found |= _gaze(weights)
    return found


def _mouth(arkit_weights: Mapping[str, float]) -> dict[str, float]:
    w = arkit_weights
    found = {
        "JawOpen": w["jawOpen"],
        "JawLeft": w["jawLeft"],
        "JawRight": w["jawRight"],
        "JawForward": w["jawForward"],
        "MouthClosed": w["mouthClose"],
        "MouthRaiserUpper": w["mouthShrugUpper"],
        "MouthRaiserLower": w["mouthShrugLower"],
        "TongueOut": w["tongueOut"],
    }
    for side in SIDES:
        up = w[f"mouthUpperUp{side}"]
        smile = w[f"mouthSmile{side}"]
        found |= {
            f"LipSuckLower{side}": w["mouthRollLower"],
            # A lip that is raised does not roll in.
            f"LipSuckUpper{side}": min(1 - up ** (1 / 6), w["mouthRollUpper"]),
            f"LipFunnelUpper{side}": w["mouthFunnel"],
            f"LipFunnelLower{side}": w["mouthFunnel"],
            f"LipPuckerUpper{side}": w["mouthPucker"],
            f"LipPuckerLower{side}": w["mouthPucker"],
            f"MouthUpperUp{side}": up,
            f"MouthUpperDeepen{side}": up,
            f"MouthLowerDown{side}": w[f"mouthLowerDown{side}"],
            f"MouthUpper{side}": w[f"mouth{side}"],
            f"MouthLower{side}": w[f"mouth{side}"],
            f"MouthCornerPull{side}": smile,
            f"MouthCornerSlant{side}": smile,
            f"MouthFrown{side}": w[f"mouthFrown{side}"],
            f"MouthStretch{side}": w[f"mouthStretch{side}"],
            f"MouthDimple{side}": w[f"mouthDimple{side}"],
            f"MouthPress{side}": w[f"mouthPress{side}"],
        }
    return found


def _upper_face(arkit_weights: Mapping[str, float]) -> dict[str, float]:
    w = arkit_weights
    found: dict[str, float] = {}
    for side in SIDES:
        closed = min(1.0, w[f"eyeBlink{side}"] * (1 + w[f"eyeSquint{side}"]))
        found |= {
            f"BrowPinch{side}": w[f"browDown{side}"],
            f"BrowLowerer{side}": w[f"browDown{side}"],
            f"BrowInnerUp{side}": w["browInnerUp"],
            f"BrowOuterUp{side}": w[f"browOuterUp{side}"],
            f"CheekPuff{side}": w["cheekPuff"],
            f"CheekSquint{side}": w[f"cheekSquint{side}"],
            f"NoseSneer{side}": w[f"noseSneer{side}"],
            f"EyeSquint{side}": w[f"eyeSquint{side}"],
            f"EyeWide{side}": w[f"eyeWide{side}"],
            f"EyeOpen{side}": 1 - closed,
            f"EyeClosed{side}": closed,
            f"EyeLid{side}": 0.75 * (1 - closed) + 0.25 * w[f"eyeWide{side}"],
        }
    return found


def _combined(base: Mapping[str, float]) -> dict[str, float]:
    found = {
        "JawX": base["JawRight"] - base["JawLeft"],
        "JawZ": base["JawForward"],
        "MouthUpperX": base["MouthUpperRight"] - base["MouthUpperLeft"],
        "MouthLowerX": base["MouthLowerRight"] - base["MouthLowerLeft"],
    }
    found["MouthX"] = (found["MouthUpperX"] + found["MouthLowerX"]) / 2
    for side in SIDES:
        smile = 0.8 * base[f"MouthCornerPull{side}"] + 0.2 * base[f"MouthCornerSlant{side}"]
        frown, stretch = base[f"MouthFrown{side}"], base[f"MouthStretch{side}"]
        brow_up = min(1.0, (base[f"BrowInnerUp{side}"] + base[f"BrowOuterUp{side}"]) / 2)
        brow_down = 0.75 * base[f"BrowLowerer{side}"] + 0.25 * base[f"BrowPinch{side}"]
        found |= {
            f"SmileFrown{side}": smile - frown,
            f"SmileSad{side}": smile - max(frown, stretch),
            f"MouthOpen{side}": (base[f"MouthUpperUp{side}"] + base[f"MouthLowerDown{side}"]) / 2,
            f"BrowUp{side}": brow_up,
            f"BrowDown{side}": brow_down,
            f"BrowExpression{side}": brow_up - brow_down,
            f"CheekPuffSuck{side}": base[f"CheekPuff{side}"],
        }
    for lips in ("LipSuck", "LipFunnel", "LipPucker"):
        for half in ("Upper", "Lower"):
            found[f"{lips}{half}"] = _mean(base, f"{lips}{half}")
        found[lips] = (found[f"{lips}Upper"] + found[f"{lips}Lower"]) / 2
    for name in _OF_BOTH_SIDES:
        found[name] = _mean(base if f"{name}Left" in base else found, name)
    return found


_OF_BOTH_SIDES = (
    "SmileFrown", "SmileSad", "MouthOpen", "BrowUp", "BrowDown", "BrowExpression",
    "CheekPuffSuck", "CheekSquint", "NoseSneer", "MouthUpperUp", "MouthLowerDown", "MouthStretch",
    "MouthDimple", "MouthPress", "BrowInnerUp", "BrowOuterUp", "EyeSquint", "EyeWide", "EyeOpen",
    "EyeClosed", "EyeLid",
)  # fmt: skip


def _mean(values: Mapping[str, float], name: str) -> float:
    return (values[f"{name}Left"] + values[f"{name}Right"]) / 2


def _gaze(arkit_weights: Mapping[str, float]) -> dict[str, float]:
    """Return where the eyes look: to the right and up are positive."""
    w = arkit_weights
    found = {
        "EyeLeftX": w["eyeLookInLeft"] - w["eyeLookOutLeft"],
        "EyeRightX": w["eyeLookOutRight"] - w["eyeLookInRight"],
        "EyeLeftY": w["eyeLookUpLeft"] - w["eyeLookDownLeft"],
        "EyeRightY": w["eyeLookUpRight"] - w["eyeLookDownRight"],
    }
    found["EyeX"] = (found["EyeLeftX"] + found["EyeRightX"]) / 2
    found["EyeY"] = (found["EyeLeftY"] + found["EyeRightY"]) / 2
    return found
