"""The test speakers, against the real recordings where they are."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="install pocketsphinx: pip install pocketsphinx")

from facewire_training.data.corpora.speechocean import SpeechOcean
from facewire_training.data.splits import SPEECHOCEAN


def test_test_speakers_say_what_their_text_says(data_dir: Path) -> None:
    root = data_dir / "speechocean762_train"
    if not root.is_dir():
        pytest.skip("FACEWIRE_DATA has no speechocean762_train")
    found = list(SpeechOcean(root).test())
    assert {utterance.speaker for utterance in found} == SPEECHOCEAN.test
    assert len(found) > 50
    for utterance in found:
        starts = [phone.start_s for phone in utterance.phones]
        assert starts == sorted(starts)
        assert utterance.phones[-1].end_s == pytest.approx(utterance.duration_s)
    (bear,) = [u for u in found if u.name == "010330033"]
    spoken = [phone for phone in bear.phones if phone.label != "sil"]
    assert [phone.label for phone in spoken][:3] == ["dh", "eh", "r"]
    loud = np.abs(bear.samples) > 0.1 * np.abs(bear.samples).max()
    assert spoken[0].start_s == pytest.approx(np.flatnonzero(loud)[0] / 16_000, abs=0.15)
