import gzip
import os
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_training.phones import PhoneInterval, read_phones_tsv

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[4] / "shared" / "data"))
TABLE = (
    "utterance\tstart_s\tend_s\tphone\tword\n"
    "a-1\t0.00\t0.18\tSIL\t<sil>\n"
    "a-1\t0.18\t0.33\tAE1\tas\n"
    'b-2\t0.10\t0.20\tp\t"\n'
)


def test_a_table_gives_the_intervals_of_each_utterance(tmp_path: Path) -> None:
    path = tmp_path / "phones.tsv"
    path.write_text(TABLE)
    found = read_phones_tsv(path)
    assert found == {
        "a-1": [PhoneInterval(0.0, 0.18, 0), PhoneInterval(0.18, 0.33, 2)],
        "b-2": [PhoneInterval(0.10, 0.20, 27)],
    }
    assert [phone.label for phone in found["a-1"]] == ["sil", "ae"]
    assert found["a-1"][1].duration_s == pytest.approx(0.15)


def test_a_compressed_table_reads_the_same(tmp_path: Path) -> None:
    plain, packed = tmp_path / "phones.tsv", tmp_path / "phones.tsv.gz"
    plain.write_text(TABLE)
    packed.write_bytes(gzip.compress(TABLE.encode()))
    assert read_phones_tsv(packed) == read_phones_tsv(plain)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a\t0.2\t0.1\tAE\tas\n", "line 2: a phone from 0.2 s to 0.1 s"),
        ("a\t0.1\tsoon\tAE\tas\n", "line 2: could not convert"),
        ("a\t0.1\t0.2\tQQ\tas\n", "line 2: 'QQ' is not an ARPAbet phone"),
        ("a\t0.1\n", "line 2: could not convert"),
    ],
)
def test_an_impossible_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    path = tmp_path / "phones.tsv"
    path.write_text(TABLE.splitlines(keepends=True)[0] + row)
    with pytest.raises(ConfigError, match=complaint):
        read_phones_tsv(path)


def test_a_table_without_phones_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("utterance\tstart_s\tend_s\tword\na\t0\t1\tas\n")
    with pytest.raises(ConfigError, match="no column 'phone'"):
        read_phones_tsv(path)


def test_a_file_that_is_not_there_or_not_compressed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_phones_tsv(tmp_path / "nothing.tsv")
    path = tmp_path / "phones.tsv.gz"
    path.write_text(TABLE)
    with pytest.raises(ConfigError, match="cannot read"):
        read_phones_tsv(path)


@pytest.mark.skipif(
    not (DATA / "librispeech").is_dir(), reason="needs librispeech/ in FACEWIRE_DATA"
)
def test_the_published_table_reads_whole() -> None:
    found = read_phones_tsv(DATA / "librispeech" / "phones.tsv.gz")
    assert len(found) == 963
    assert sum(map(len, found.values())) == 119_710
