import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from typer.testing import CliRunner

from facewire import arkit
from facewire.errors import ConfigError
from facewire.report_file import write_report
from facewire_cli.app import app
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.evaluation.performers import Performer
from facewire_training.evaluation.robustness.cache import Cache
from facewire_training.evaluation.robustness.conditions import CONDITIONS, Kind, Speech
from facewire_training.evaluation.robustness.report import (
    RobustnessReport,
    RobustnessRow,
    read_robustness,
)
from facewire_training.evaluation.robustness.request import Request
from facewire_training.evaluation.robustness.run import chosen, measure
from facewire_training.evaluation.robustness.table import COLUMNS, markdown, print_report
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take

BY_NAME = {condition.name: condition for condition in CONDITIONS}


def saying(name: str, speaker: str, seconds: int = 4) -> Utterance:
    """Say aa and m by turns, 100 ms each: loud vowels, quiet contacts."""
    count = 10 * seconds
    phones = tuple(
        PhoneInterval(k / 10, (k + 1) / 10, INDEX["aa" if k % 2 == 0 else "m"])
        for k in range(count)
    )
    level = np.repeat([0.2, 0.02] * (count // 2), SAMPLE_RATE // 10)
    tone = np.sin(np.arange(len(level)) * (0.1 + 0.01 * len(speaker)))
    return Utterance(name, (level * tone).astype(np.float32), phones, speaker, "made")


def speech(folder: Path) -> Speech:
    said = [saying("1", "ann"), saying("2", "ann"), saying("3", "bob")]
    return Speech(
        said, lambda one: [s for s in said if s.speaker != one.speaker], Cache(folder), seed=0
    )


def deaf_below(level_dbfs: float) -> Performer:
    """Return what opens the jaw where the sound is louder than a level, and remembers nothing."""

    def perform(utterance: Utterance, frame_rate: Fraction) -> Take:
        hop = int(SAMPLE_RATE / frame_rate)
        frames = utterance.samples[: len(utterance.samples) // hop * hop].reshape(-1, hop)
        weights = np.zeros((len(frames), arkit.COUNT), np.float32)
        loud = np.sqrt((frames**2).mean(axis=1)) > 10 ** (level_dbfs / 20)
        weights[:, arkit.INDEX["jawOpen"]] = loud
        return Take(weights, frame_rate, utterance.phones)

    return perform


def row(name: str, folder: Path, level_dbfs: float = -30.0) -> RobustnessRow:
    request, perform = Request(folder, frame_rate=Fraction(50)), deaf_below(level_dbfs)
    (found,) = measure(request, speech(folder), perform, [BY_NAME[name]], lambda *_: None)
    return found


def test_every_condition_has_a_name_of_its_own_and_a_part_of_the_table() -> None:
    assert len(BY_NAME) == len(CONDITIONS)
    assert {condition.kind for condition in CONDITIONS} == set(Kind) == set(COLUMNS)
    assert [c.name for c in chosen(Request(Path(), only=("child", "room")))] == [
        "child-like, x 1.2", "child-like, x 1.33", "child-like, x 1.5", "room, .6 s",
    ]  # fmt: skip


def test_speech_as_it_is_closes_on_m_and_opens_on_aa(tmp_path: Path) -> None:
    figures = row("as it is", tmp_path).figures
    assert (figures["closure"], figures["closure_m"], figures["false_closure"]) == (1.0, 1.0, 0.0)
    assert figures["opening_r"] == pytest.approx(1.0)
    assert "rounding_auc" not in figures  # nothing here is round


def test_a_mouth_that_is_deaf_below_a_level_is_found_out(tmp_path: Path) -> None:
    deaf = row("a speaker drops 20 dB", tmp_path)
    assert deaf.about == "1 clips, 0.1 min"
    assert deaf.figures == {"opening_0_1": 0.0, "opening_1_2": 0.0, "opening_2_5": 0.0}
    for name in ("a speaker drops 20 dB", "at -33 dBFS, after music at -20"):
        assert row(name, tmp_path, -50.0).figures["opening_0_1"] == 1.0


def test_a_cough_is_counted_while_it_lasts_and_rest_all_the_time(tmp_path: Path) -> None:
    cough = row("coughs", tmp_path).figures
    assert 0.1 < cough["open"] < 1.0
    assert cough["rest"] > 1 - cough["open"]
    hum = row("hum", tmp_path).figures
    assert hum["open"] == pytest.approx(1 - hum["rest"])


def test_a_report_comes_back_from_its_file_and_says_all_in_markdown(tmp_path: Path) -> None:
    rows = [row("as it is", tmp_path), row("coughs", tmp_path)]
    report = RobustnessReport("facewire bench robustness", "2026-11-28", "a machine", "x", rows)
    write_report(tmp_path / "r.json", report)
    assert read_robustness(tmp_path / "r.json") == report
    text = markdown(report)
    assert "| as it is | 100 | 100 |" in text
    assert text.count("\n| coughs |") == 1
    assert "| p b m closed, % ↑ | m closed, % ↑ |" in text
    assert "| rounding, AUC ↑ |" in text
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ConfigError, match="no report"):
        read_robustness(tmp_path / "other.json")


def test_the_tables_fit_into_80_columns_and_cut_nothing(tmp_path: Path) -> None:
    keys = {kind: {column.key: 0.5 for column in COLUMNS[kind]} for kind in Kind}
    rows = [RobustnessRow(c.name, c.kind.value, "", keys[c.kind]) for c in CONDITIONS]
    console = Console(width=80, record=True, file=(tmp_path / "out").open("w"))
    print_report(console, RobustnessReport("x", "2026-11-28", "a machine", "a setting", rows))
    console.file.close()
    text = console.export_text()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    said = " ".join(text.split())
    assert all(column.legend in said for columns in COLUMNS.values() for column in columns)
    for condition in CONDITIONS:
        assert sum(line.strip().startswith(f"{condition.name} ") for line in lines) == 1
    assert not [line for line in lines if "…" in line]


def recordings(folder: Path) -> Path:
    """Write recordings with phone times of two speakers."""
    for said in (saying("1", "ann"), saying("2", "bob")):
        (folder / said.speaker).mkdir(parents=True)
        soundfile.write(folder / said.speaker / f"{said.name}.wav", said.samples, SAMPLE_RATE)
        lines = [f"{p.start_s:.3f} {p.end_s:.3f} {p.label}" for p in said.phones]
        (folder / said.speaker / f"{said.name}.lab").write_text("\n".join(lines))
    return folder


def test_the_command_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "r.json"
    data = recordings(tmp_path / "DATA")
    words = ["bench", "robustness", "--data", str(data), "--json", str(out), "--frame-rate", "30"]
    first = CliRunner().invoke(app, [*words, "--only", "room"])
    assert first.exit_code == 0, first.output
    kept = json.loads(out.read_text())["rows"]
    assert [found["name"] for found in kept] == ["room, .6 s"]
    kept[0]["figures"]["closure"] = 0.123  # what a resumed run must not measure again
    content = json.loads(out.read_text()) | {"rows": kept}
    out.write_text(json.dumps(content))
    again = CliRunner().invoke(app, [*words, "--only", "room", "--only", "tele", "--resume"])
    assert again.exit_code == 0, again.output
    rows = read_robustness(out).rows
    assert [found.name for found in rows] == ["room, .6 s", "telephone"]
    assert rows[0].figures["closure"] == 0.123
    assert "12.3" in again.output
    other = CliRunner().invoke(app, [*words, "--seed", "1", "--resume"])
    assert isinstance(other.exception, ConfigError)
    assert "another setting" in str(other.exception)


def test_wrong_options_are_refused_in_one_sentence(tmp_path: Path) -> None:
    data = recordings(tmp_path / "DATA")
    for words, told in (
        ([], "--data DIR"),
        (["--data", str(data), "--resume"], "--json FILE"),
        (["--data", str(data), "--json", str(tmp_path / "no" / "r.json")], "no folder"),
        (["--data", str(data), "--only", "moon"], "no condition begins with moon"),
        (["--data", str(data), "--engine", "nobody"], "no engine 'nobody'"),
        (["--data", str(data), "--lookahead-ms", "900"], "out of range"),
    ):
        result = CliRunner().invoke(app, ["bench", "robustness", *words])
        assert isinstance(result.exception, ConfigError)
        assert told in str(result.exception)


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    cache, said = Cache(tmp_path), saying("1", "ann")
    made: list[str] = []

    def louder(utterance: Utterance) -> Utterance:
        made.append(utterance.name)
        return replace(utterance, samples=utterance.samples * 2)

    whole = cache.voice(said, "louder", louder)
    (file,) = tmp_path.glob("*.flac")
    content = file.read_bytes()
    for damaged in (content[:40], b"", content[: len(content) // 2]):
        file.write_bytes(damaged)
        again = cache.voice(said, "louder", louder)
        np.testing.assert_array_equal(again.samples, whole.samples)
    assert made == ["1"] * 4


def test_rows_of_other_speech_are_not_kept(tmp_path: Path) -> None:
    report = RobustnessReport("x", "2026-11-28", "m", "1 clip", speech="aa")
    other = RobustnessReport("x", "2026-11-28", "m", "1 clip", speech="bb")
    assert report.goes_on(report)
    assert not report.goes_on(other)
