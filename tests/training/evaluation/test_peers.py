import json
import shutil
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire.errors import EngineError
from facewire.face.lips import labiodental_gap, lip_gap, lip_width
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.peers import absent, performers
from facewire_training.evaluation.peers.allphone import Allphone
from facewire_training.evaluation.peers.browser import FOLDER, HEADAUDIO, WLIPSYNC, BrowserPeer
from facewire_training.evaluation.peers.visemes import OCULUS, VOWELS, blend

FPS = Fraction(60)
NO_SUCH = BrowserPeer("nobody", "nobody.mjs", "no-such-package", OCULUS)


def viseme(name: str, amount: float = 1.0) -> np.ndarray:
    row = np.zeros((1, len(OCULUS)), np.float32)
    row[0, list(OCULUS).index(name)] = amount
    return blend(row, OCULUS)


def vowel(seconds: float, silence_s: float) -> Utterance:
    """A buzz at 120 Hz through the formants of an open vowel, after silence."""
    times = np.arange(round(seconds * 16_000)) / 16_000
    buzz = np.zeros(len(times))
    for harmonic in range(1, 40):
        hz = 120 * harmonic
        loudness = sum(1 / (1 + ((hz - formant) / 120) ** 2) for formant in (730, 1090, 2440))
        buzz += loudness * np.sin(2 * np.pi * hz * times)
    buzz *= 0.3 / np.abs(buzz).max()
    silence = np.zeros(round(silence_s * 16_000))
    samples = np.concatenate((silence, buzz)).astype(np.float32)
    return Utterance("vowel", samples, (), "nobody", "made")


def test_visemes_have_the_lips_that_they_are_named_for() -> None:
    assert lip_gap(viseme("PP"))[0] == 0
    assert lip_gap(viseme("PP", 0.75))[0] == 0
    assert lip_gap(viseme("aa"))[0] > 0.4
    assert labiodental_gap(viseme("FF"))[0] < 0.05
    assert lip_width(viseme("U"))[0] < -0.15 < 0 < lip_width(viseme("I"))[0]
    assert not viseme("sil").any()


def test_every_viseme_is_made_of_known_sounds() -> None:
    sounds = {sound for table in (OCULUS, VOWELS) for group in table.values() for sound in group}
    assert sounds <= set(PHONES)
    assert len(OCULUS) == 15


def test_amounts_have_to_fit_the_table() -> None:
    with pytest.raises(ValueError, match="3 amounts for 15 visemes"):
        blend(np.zeros((1, 3), np.float32), OCULUS)


def test_what_is_absent_is_said_in_one_line() -> None:
    here = {peer.name for peer in performers()}
    reasons = absent()
    assert len(here) + len(reasons) == 4
    assert all("\n" not in reason and "left out" in reason for reason in reasons)
    reason = NO_SUCH.missing()
    assert reason is not None
    assert "npm install" in reason or "install Node.js" in reason


def test_the_lock_file_pins_what_is_asked_for_and_names_no_host() -> None:
    lock = (FOLDER / "package-lock.json").read_text("utf-8")
    asked = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    packages = json.loads(lock)["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert "resolved" not in lock
    assert "://" not in lock


def test_a_peer_that_fails_is_named() -> None:
    if shutil.which("node") is None:
        pytest.skip("install Node.js 20 or later")
    with pytest.raises(EngineError, match="nobody failed in Node"):
        NO_SUCH(vowel(0.1, 0.0), FPS)


@pytest.mark.parametrize("peer", [HEADAUDIO, WLIPSYNC], ids=lambda peer: peer.name)
def test_a_browser_peer_opens_the_mouth_when_it_hears_a_vowel(peer: BrowserPeer) -> None:
    if reason := peer.missing():
        pytest.skip(reason)
    take = peer(vowel(1.0, silence_s=1.0), FPS)
    assert take.weights.shape == (120, 52)
    assert take.weights[:58].max() < 0.01
    # One of them takes this vowel for an n, in which people's lips are an eighth of a jaw apart.
    assert take.gap()[75:].mean() > 0.05


@pytest.mark.parametrize("wait_ms", [0.0, 100.0])
def test_phones_that_come_later_do_not_change_a_frame(wait_ms: float) -> None:
    peer = Allphone(wait_ms)
    if reason := peer.missing():
        pytest.skip(reason)
    whole = vowel(1.0, silence_s=0.3)
    cut = Utterance("cut", whole.samples[:12_800], (), "nobody", "made")
    sure = round((0.8 - wait_ms / 1000) * 60) - 1
    short, long = peer(cut, FPS), peer(whole, FPS)
    np.testing.assert_array_equal(peer(cut, FPS).weights, short.weights)
    np.testing.assert_array_equal(short.weights[:sure], long.weights[:sure])
    assert long.weights.shape == (78, 52)
    assert long.gap()[60:].max() > 0.1
    assert long.gap()[:15].max() < 0.1
