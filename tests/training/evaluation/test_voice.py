"""The lips close on the p, b and m of the embedded voice."""

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.token_session import PhonesTokenDecoder
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_training.evaluation.metrics.lips.closure import closure_rate, false_closure_rate
from facewire_training.evaluation.voice import FIRST, main, score, sentences, speak


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    try:
        return EspeakVoice()
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def decoder() -> PhonesTokenDecoder:
    return load_embedded().token_decoder()


@pytest.mark.parametrize("frame_rate", [Fraction(60), Fraction(30)])
def test_lips_close_on_bilabials_and_not_on_open_vowels(
    voice: EspeakVoice, decoder: PhonesTokenDecoder, frame_rate: Fraction
) -> None:
    takes = [speak(text, voice, decoder, frame_rate) for text in sentences()[:30]]
    assert closure_rate(takes) >= 0.95
    assert false_closure_rate(takes) < 0.1


def test_the_report_counts_them(voice: EspeakVoice, decoder: PhonesTokenDecoder) -> None:
    take = speak(FIRST, voice, decoder, Fraction(60))
    said = " ".join(phone.label for phone in take.phones)
    assert said == "b aa b b ao t m ay p ah p iy iy ah m ae p"
    assert score([take]).line().startswith("lips closed on 100.0 % of 8 p, b and m")


@pytest.mark.usefixtures("voice")
def test_the_command_prints_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [FIRST, "--frame-rate", "30", "--json", str(tmp_path / "voice.json")]
    monkeypatch.setattr("sys.argv", ["evaluate_voice", *words])
    main()
    assert "% of 8 p, b and m" in capsys.readouterr().out
    assert json.loads((tmp_path / "voice.json").read_text())["contacts"] == 8
