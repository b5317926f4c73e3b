"""Recordings that nobody could have made: refused in a sentence, and without filling memory."""

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facewire import arkit
from facewire.errors import ConfigError
from facewire.recordings import read_recording

NAMES = list(arkit.NAMES)
COUNT = 5


def archive(path: Path, **arrays: Any) -> Path:
    given = {"weights": np.zeros((COUNT, 52), np.float32), "names": NAMES, "frame_rate": 30}
    np.savez(path, **{**given, **arrays})
    return path


def refused(path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConfigError) as raised:
            read_recording(path)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("frame_rate", 0, "1 to 240"),
        ("frame_rate", 1e9, "1 to 240"),
        ("frame_rate", 1e-9, "1 to 240"),
        ("frame_rate", np.nan, "frame_rate"),
        ("frame_rate", np.inf, "frame_rate"),
        ("frame_rate", [np.inf, 1], "frame_rate"),
        ("frame_rate", [30, 0], "frame_rate"),
        ("frame_rate", [30, 1, 2], "frame_rate"),
        ("timestamps", [0, np.nan, 2, 3, 4], "time"),
        ("timestamps", [-500, 0, 1, 2, 3], "time"),
        ("timestamps", [0, 0, 1, 2, 3], "stands still"),
        ("timestamps", [0, 1, 2, 3, 2**62], "a month"),
        ("timestamps", np.array([5, 1, 2, 3, 4], np.uint64), "backwards"),
        ("timestamps", list("abcde"), "no numbers"),
        ("timestamps", np.zeros((COUNT, 2)), "length"),
        ("sample_rate", 10**12, "no rate of audio"),
        ("sample_rate", [1, 2], "one whole number"),
        ("lookahead", np.nan, "one whole number"),
        ("lookahead", 10**9, "ahead"),
        ("speech", np.zeros((COUNT, 2)), "length"),
        ("speech", [np.nan] * COUNT, "no numbers"),
        ("turns", [np.nan] * COUNT, "turns"),
        ("turns", [-1] * COUNT, "turns"),
        ("weights", np.zeros((COUNT, 52)) + 1j, "no numbers"),
        ("weights", np.full((COUNT, 52), 1e300), "no numbers"),
        ("weights", np.array([[{}] * 52] * COUNT, object), "allow_pickle"),
    ],
)
def test_an_archive_with_an_impossible_array(
    tmp_path: Path, name: str, value: Any, says: str
) -> None:
    path = archive(tmp_path / "face.npz", **{name: np.asarray(value)})
    assert says in refused(path).removeprefix(str(path))


def member(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_an_archive_that_would_unpack_to_gigabytes(tmp_path: Path) -> None:
    """Refused by the size that it declares, which zipfile keeps it to, before any is unpacked."""
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("names.npy", member(np.array(NAMES)))
        made.writestr("weights.npy", member(np.zeros((COUNT, 52))))
        made.getinfo("weights.npy").file_size = 10 << 30
    assert "MiB, unpacked" in refused(path)


def test_an_archive_that_holds_less_than_it_says(tmp_path: Path) -> None:
    header = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (10**12, 52)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(tmp_path / "lies.npz", "w") as made:
        made.writestr("names.npy", member(np.array(NAMES)))
        made.writestr("weights.npy", header.getvalue())
    assert "memory" in refused(tmp_path / "lies.npz")


@pytest.mark.parametrize("header", [b"\x93NUMPY\x01\x00\x10\x00{garbage        ", b"hello", b""])
def test_an_archive_of_no_arrays(tmp_path: Path, header: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "face.npz", "w") as made:
        made.writestr("names.npy", member(np.array(NAMES)))
        made.writestr("weights.npy", header)
    refused(tmp_path / "face.npz")


def test_an_archive_keeps_what_is_no_face_packed(tmp_path: Path) -> None:
    path = archive(tmp_path / "face.npz", notes=np.array([{}], object))
    assert len(read_recording(path)) == COUNT


def table(rows: list[str], header: str = "") -> str:
    return "\n".join([header or ",".join(["time_s", *NAMES]), *rows])


ROWS = [",".join([f"{row / 30:.6f}", *["0.5"] * 52]) for row in range(COUNT)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (table(ROWS).replace(",", ";").replace(".", ","), "';' between"),
        (table(ROWS).replace(",", "\t"), "between its columns"),
        ("a" * 200_000 + "," + table(ROWS), "first line"),
        (table([]), "frame rate"),
        (table([*ROWS, ROWS[0].replace("0.000000", "1e7")]), "1 to 240"),
        (table([*ROWS, ROWS[0].replace("0.000000", "nan")]), "time"),
        (table([row.replace("0.", "0.00000000", 1) for row in ROWS]), "1 to 240"),
    ],
)
def test_a_table_that_is_no_face(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "face.csv").write_text(text)
    assert says in refused(tmp_path / "face.csv")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + table(ROWS),
        table(ROWS).replace("\n", "\r\n"),
        "\n".join('"' + line.replace(",", '","') + '"' for line in table(ROWS).split("\n")),
        table(ROWS) + "\n\n\n",
        table(["hello," + row for row in ROWS], ",".join(["phoneme", "time_s", *NAMES])),
        table([row + "," for row in ROWS], ",".join(["time_s", *NAMES, ""])),
    ],
    ids=["mark", "windows", "quotes", "blank lines", "words", "comma at the end"],
)
def test_tables_as_other_programs_write_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "face.csv").write_bytes(text.encode())
    face = read_recording(tmp_path / "face.csv")
    assert face.spec.frame_rate == 30
    assert len(face) == COUNT
    assert (face.weights == 0.5).all()


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_table_in_another_encoding_says_what_to_save_it_as(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "face.csv").write_bytes(table(ROWS).replace("time_s", "zeit,ü").encode(encoding))
    assert "UTF-8" in refused(tmp_path / "face.csv")


@pytest.mark.parametrize(
    "timecode", ["1e300:00:00:00", "1e12:00:00:00", "00:00:00:99999999", "00:00"]
)
def test_a_timecode_that_no_clock_shows(tmp_path: Path, timecode: str) -> None:
    rows = ["00:00:00:29,52", timecode + ",52", "00:00:01:00,52"]
    header = ",".join(["Timecode", "BlendShapeCount", *NAMES])
    text = table([row + ",0.5" * 52 for row in [*rows, rows[0]]], header)
    (tmp_path / "face.csv").write_text(text)
    refused(tmp_path / "face.csv")


HEADER = {
    "type": "stream", "version": 1, "engine": "x", "names": NAMES, "frame_rate": [30, 1],
    "sample_rate": 16_000, "lookahead": 0,
}  # fmt: skip
FRAME = {
    "type": "frame", "turn": 0, "index": 0, "timestamp": 0, "speech": 1.0, "head": [0, 0, 0],
    "weights": [0.5] * 52,
}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "frame", "says"),
    [
        ({"frame_rate": [30, 0]}, {}, "zero"),
        ({"frame_rate": [10**30, 1]}, {}, "1 to 240"),
        ({"sample_rate": 10**30}, {}, "no rate of audio"),
        ({"lookahead": 10**30}, {}, "ahead"),
        ({}, {"timestamp": 10**30}, "too large"),
        ({}, {"timestamp": -5}, "time"),
        ({}, {"turn": 10**30}, "too large"),
        ({}, {"weights": [1e300] * 52}, "no numbers"),
        ({}, {"note": "x" * 2_000_000}, "MiB"),
    ],
)
def test_lines_with_impossible_numbers(
    tmp_path: Path, header: dict[str, Any], frame: dict[str, Any], says: str
) -> None:
    lines = [json.dumps(HEADER | header), json.dumps(FRAME | frame), ""]
    (tmp_path / "face.jsonl").write_text("\n".join(lines))
    assert says in refused(tmp_path / "face.jsonl")


def test_a_gap_of_weeks_is_not_filled_with_frames(tmp_path: Path) -> None:
    times = np.array([0, 1, 2, 3, 20 * 86_400 * 16_000])
    face = read_recording(archive(tmp_path / "face.npz", timestamps=times))
    with pytest.raises(ConfigError, match="has a gap"):
        face.at_rate(face.spec.frame_rate)
