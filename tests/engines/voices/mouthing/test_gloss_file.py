from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_engines.voices.mouthing.gloss_file import Sign, read_gloss_file


def read(tmp_path: Path, text: str) -> list[Sign]:
    file = tmp_path / "signs.tsv"
    file.write_text(text, encoding="utf-8")
    return read_gloss_file(file)


def test_signs_are_read_with_their_times_and_what_is_mouthed(tmp_path: Path) -> None:
    heading = "word\tstart\tend\tmouthing\n# a remark\n\n"
    text = f"{heading}HAUS\t0.5\t1,25\tHaus\r\nIX\t2\t3\nGUT\t3\t4\t gut "
    assert read(tmp_path, text) == [
        Sign("HAUS", 0.5, 1.25, "Haus", 4),
        Sign("IX", 2.0, 3.0, "", 5),
        Sign("GUT", 3.0, 4.0, "gut", 6),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("HAUS 0.5 1.0 Haus", "line 2 has 1 fields; write word, start, end and mouthing"),
        ("HAUS\t0.5\t1.0\tHaus\tmore", "line 2 has 5 fields"),
        ("HAUS\tsoon\t1.0\tHaus", "line 2: 'soon' is no time; write seconds"),
        ("HAUS\tnan\t1.0\tHaus", "line 2: 'nan' is no time"),
        ("HAUS\t-1\t1.0\tHaus", "line 2: '-1' is no time"),
        ("HAUS\t1.0\t1.0\tHaus", "line 2: 'HAUS' ends at 1 s, not after its start"),
        ("HAUS\t0.3\t1.0\tHaus", "line 2: 'HAUS' begins at 0.3 s, before the last sign ends"),
    ],
)
def test_a_bad_line_is_named_in_one_sentence(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"signs\.tsv") as caught:
        read(tmp_path, f"ICH\t0\t0.5\tich\n{line}\n")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_empty_or_not_utf8_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_gloss_file(tmp_path / "none.tsv")
    with pytest.raises(ConfigError, match="has nothing to mouth"):
        read(tmp_path, "IX\t0\t1\t\n")
    (tmp_path / "latin.tsv").write_bytes("GRÜN\t0\t1\tgrün\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="not written in UTF-8"):
        read_gloss_file(tmp_path / "latin.tsv")


@pytest.mark.parametrize("inside", ["\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_lines_end_where_editors_end_them(tmp_path: Path, inside: str) -> None:
    signs = read(tmp_path, f"A\t0\t1\tguten{inside}Tag\nB\t1\t2\tja\n")
    assert [sign.line for sign in signs] == [1, 2]
