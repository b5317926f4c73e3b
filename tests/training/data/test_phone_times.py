import json
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_training.data.adapters.phone_times import read_phone_times

TEXT_GRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.0
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1.0
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.0
            text = "mop"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.0
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = "M"
        intervals [2]:
            xmin = 0.25
            xmax = 0.5
            text = "AA1"
        intervals [3]:
            xmin = 0.5
            xmax = 0.75
            text = "P"
        intervals [4]:
            xmin = 0.75
            xmax = 1.0
            text = ""
"""
MOP = [("m", 0.0, 0.25), ("aa", 0.25, 0.5), ("p", 0.5, 0.75)]


def read(path: Path) -> list[tuple[str, float, float]]:
    return [(p.label, round(p.start_s, 6), round(p.end_s, 6)) for p in read_phone_times(path)]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_grid_gives_its_tier_of_phones(tmp_path: Path) -> None:
    assert read(write(tmp_path, "mop.TextGrid", TEXT_GRID)) == MOP


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seconds.lab", "0.0 0.25 m\n0.25 0.5 AA1\n0.5 0.75 p\n"),
        ("htk.lab", "0 2500000 m\n2500000 5000000 aa\n5000000 7500000 p\n"),
        ("festival.lab", "separator ;\n#\n0.25 100 m\n0.5 100 aa\n0.75 100 p\n"),
        ("timit.phn", "0 4000 m\n4000 8000 aa\n8000 12000 p\n"),
    ],
)
def test_label_files_are_read_in_their_own_units(tmp_path: Path, name: str, text: str) -> None:
    assert read(write(tmp_path, name, text)) == MOP


@pytest.mark.parametrize(
    "content",
    [
        [{"start": s, "end": e, "phone": label} for label, s, e in MOP],
        {"phones": [{"start_s": s, "end_s": e, "label": label} for label, s, e in MOP]},
        {
            "tiers": {
                "words": {"entries": []},
                "phones": {"entries": [[s, e, x] for x, s, e in MOP]},
            }
        },
    ],
)
def test_json_is_read_in_three_forms(tmp_path: Path, content: object) -> None:
    assert read(write(tmp_path, "mop.json", json.dumps(content))) == MOP


def test_ipa_is_understood_and_its_sequences_are_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "ipa.lab", "0.0 0.1 ʃ\n0.1 0.3 aɪə\n0.3 0.4 <eps>\n0.4 0.5 tʃ\n")
    assert read(path) == [
        ("sh", 0.0, 0.1), ("ay", 0.1, 0.2), ("ah", 0.2, 0.3), ("sil", 0.3, 0.4), ("ch", 0.4, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unknown.lab", "0.0 0.1 qqq\n"),
        ("words.json", '[{"from": 1}]'),
        ("broken.json", "{"),
        ("torn.TextGrid", "File type"),
        ("short.lab", "0.0 0.1\n"),
        ("notes.txt", "hello"),
    ],
)
def test_what_is_no_phone_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read_phone_times(write(tmp_path, name, text))
