"""The page of `facewire bench quality --html` in a real browser, from a file, without a server."""

import base64
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("scipy", reason="measuring needs scipy: pip install scipy")

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.quality.pictures.excerpt import Excerpt
from facewire_training.evaluation.quality.pictures.page import write_page
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import RowScores, SetScores
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

if TYPE_CHECKING:
    from playwright.sync_api import Browser

JAW = arkit.INDEX["jawOpen"]


def write(path: Path) -> None:
    """Write a page with a mouth that opens after one second, and one that stays shut."""
    phones = (PhoneInterval(0.0, 1.0, INDEX["m"]), PhoneInterval(1.0, 2.0, INDEX["aa"]))
    utterance = Utterance("one", np.zeros(32_000, np.float32), phones, "nobody", "made")
    opens = np.zeros((60, arkit.COUNT), np.float32)
    opens[30:, JAW] = 0.6
    shut = np.zeros((60, arkit.COUNT), np.float32)
    performed = [
        ("phones 80 ms", Take(opens, Fraction(30), phones), 500.0),
        ("<b>shut</b>", Take(shut, Fraction(30), phones), 0.0),
    ]
    values = {"closure": 0.951, "lag_ms": 12.0}
    rows = {"phones 80 ms": RowScores(values, values, 80.0), "<b>shut</b>": RowScores(values, None)}
    scores = SetScores("made & set", "1 clip", "the oracle", rows)
    report = Report("facewire bench quality --data D", "2026-11-21", "30", None, (scores,))
    write_page(path, report, [(Excerpt("made", Clip(utterance), 0.0, 2.0), performed)])


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    write(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "{{" not in page
    assert not re.findall(r'(?:src|href)="', page)
    assert "made &amp; set: 1 clip" in page
    assert "<b>shut</b>" not in page.split("<script type")[0].split("</style>")[1]
    found = re.search(r'<script type="importmap">(.*?)</script>', page)
    assert found is not None
    modules = json.loads(found[1])["imports"]
    for url in modules.values():
        source = base64.b64decode(url.partition(",")[2]).decode()
        assert set(re.findall(r'from "([^"]+)"', source)) <= set(modules)


def test_two_faces_talk_in_step_with_the_sound(tmp_path: Path, browser: "Browser") -> None:
    write(tmp_path / "page.html")
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.set_default_timeout(20_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("window.sideBySide?.sound.readyState > 0")

    def gaps(seconds: float) -> list[float]:
        page.evaluate("at => { sideBySide.sound.currentTime = at; }", seconds)
        page.wait_for_function("!sideBySide.sound.seeking")
        page.evaluate("sideBySide.draw()")
        found: list[float] = page.evaluate("sideBySide.faces.map(face => face.drawn.mouthGapPx)")
        return found

    assert gaps(0.5) == [0, 0]
    left, right = gaps(1.2)
    assert left > 5
    assert right == 0
    page.select_option("#timing", "live")
    assert gaps(1.25)[0] == 0
    assert gaps(1.7)[0] > 5
    page.select_option("#right", "phones 80 ms")
    assert gaps(1.7)[1] > 5
    assert page.inner_text("td >> text='95.1' >> nth=0") == "95.1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wrong == []
    page.close()
