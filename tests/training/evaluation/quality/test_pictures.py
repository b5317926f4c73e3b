from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from facewire import arkit
from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.quality.material import Material
from facewire_training.evaluation.quality.pictures.curve import draw_curve
from facewire_training.evaluation.quality.pictures.drawing import save
from facewire_training.evaluation.quality.pictures.excerpt import Excerpt, choose_excerpt
from facewire_training.evaluation.quality.pictures.pictures import curves_of, telling
from facewire_training.evaluation.quality.pictures.plot import Curve, draw_plot
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import make_rows
from facewire_training.evaluation.quality.run import RowScores, SetScores
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

WORDS = "sil m aa p sil s iy t s iy t f ow b uw sil"


def clip(words: str, name: str = "one") -> Clip:
    labels = words.split()
    phones = tuple(
        PhoneInterval(0.2 * place, 0.2 * place + 0.2, INDEX[label])
        for place, label in enumerate(labels)
    )
    rng = np.random.default_rng(0)
    samples = 0.1 * rng.standard_normal(3200 * len(labels)).astype(np.float32)
    return Clip(Utterance(name, samples, phones, "nobody", "made"))


def take(seconds: float, jaw: float) -> Take:
    weights = np.zeros((int(30 * seconds), arkit.COUNT), np.float32)
    weights[::2, arkit.INDEX["jawOpen"]] = jaw
    return Take(weights, Fraction(30), clip(WORDS).utterance.phones)


def test_the_excerpt_is_where_lips_have_most_to_do() -> None:
    sets = {"made": [clip("sil s iy t s iy sil", "dull"), clip(WORDS)]}
    chosen = choose_excerpt(sets, None, 1.0)
    assert chosen.clip.utterance.name == "one"
    assert chosen.start_s == pytest.approx(0.1)
    assert chosen.end_s == pytest.approx(1.1)
    assert choose_excerpt(sets, "dull", 60.0).end_s == pytest.approx(1.4)
    with pytest.raises(ConfigError, match="no clip 'nobody'"):
        choose_excerpt(sets, "nobody", 1.0)


def test_the_plot_has_phones_curves_and_bands_for_contacts(tmp_path: Path) -> None:
    excerpt = Excerpt("made", clip(WORDS), 0.0, 3.2)
    curves = [
        Curve("true phones (oracle)", take(3.2, 0.5), "", true=True),
        Curve("ours", take(3.2, 0.3), "#1a6f7b"),
    ]
    figure = draw_plot(excerpt, curves)
    strip, gap, jaw = figure.axes
    assert [text.get_text() for text in strip.texts] == [
        word for word in WORDS.split() if word != "sil"
    ]
    bold = {text.get_text() for text in strip.texts if text.get_fontweight() == "bold"}
    assert bold == {"m", "p", "b", "f"}
    for axes in (gap, jaw):
        drawn = [line for line in axes.lines if line.get_label() == "ours"]
        assert [to_hex(line.get_color()) for line in drawn] == ["#1a6f7b"]
        assert np.max(np.asarray(drawn[0].get_ydata())) == pytest.approx(0.3, abs=0.01)
    save(figure, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_the_users_mistake(tmp_path: Path) -> None:
    for name in ("no/plot.png", "plot.what"):
        with pytest.raises(ConfigError, match="cannot write the picture"):
            save(Figure(), tmp_path / name)


def test_the_plot_shows_the_baselines_and_two_look_aheads(tmp_path: Path) -> None:
    rows = make_rows(("oracle", "meter", "phones"), (0.0, 40.0, 80.0, 160.0))
    assert [row.name for row in telling(rows)] == [
        "oracle", "volume meter", "phones 0 ms", "phones 80 ms"
    ]  # fmt: skip
    excerpt = Excerpt("made", clip(WORDS), 0.0, 3.2)
    curves = curves_of(excerpt, Material({"a": [excerpt.clip]}, None), rows, Request(tmp_path))
    assert [curve.name for curve in curves if curve.true] == ["true phones (oracle)"]
    assert len({curve.colour for curve in curves}) == 4


def scores(*lookaheads_ms: float) -> SetScores:
    def values(ahead: float) -> dict[str, float]:
        return {
            "closure": 0.8, "luck": 0.2, "false_closure": 0.0, "rounding_auc": 0.9,
            "labial_auc": 0.9, "lag_ms": ahead,
        }  # fmt: skip

    rows = {f"phones {a:g} ms": RowScores(values(0), values(a), a) for a in lookaheads_ms}
    return SetScores("made", "", "", {"volume meter": RowScores(values(0), values(47)), **rows})


def test_the_curve_has_both_timings_by_look_ahead() -> None:
    figure = draw_curve(scores(80.0, 0.0))
    closure, *_, lag = figure.axes
    lines = {line.get_label(): line for line in closure.lines}
    assert {"content timing", "live timing", "volume meter", "volume meter, live"} == set(lines)
    assert np.asarray(lines["content timing"].get_ydata()).tolist() == [80.0, 80.0]
    live = next(line for line in lag.lines if line.get_label() == "live timing")
    assert np.asarray(live.get_xdata()).tolist() == [0.0, 80.0]
    assert np.asarray(live.get_ydata()).tolist() == [0.0, 80.0]


def test_a_curve_of_one_look_ahead_is_refused() -> None:
    with pytest.raises(ConfigError, match="--lookahead-ms several times"):
        draw_curve(scores(80.0))
