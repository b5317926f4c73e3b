"""Which files a command may record into."""

import os
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire.sinks.output_files import Existing, settle_outputs
from facewire.sinks.uri import FileOutput, LiveOutput, parse_output


def settled(
    *uris: str,
    inputs: tuple[Path | int | None, ...] = (),
    existing: Existing = Existing.OVERWRITTEN,
) -> list[str]:
    outputs = settle_outputs(list(map(parse_output, uris)), inputs=inputs, existing=existing)
    return [str(output.path) for output in outputs if isinstance(output, FileOutput)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in.wav").write_bytes(b"sound")
    Path("soft.csv").symlink_to("in.wav")
    Path("hard.csv").hardlink_to("in.wav")
    Path("here").symlink_to(".")
    return tmp_path


@pytest.mark.parametrize(
    "uri",
    ["csv:in.wav", "csv:./in.wav", "npz:here/in.wav", "soft.csv", "hard.csv", "csv:{}/in.wav"],
)
@pytest.mark.parametrize("existing", Existing)
def test_no_output_is_an_input(uri: str, existing: Existing, folder: Path) -> None:
    uri = uri.format(folder)
    with pytest.raises(ConfigError, match="is what is read"):
        settled("new.csv", uri, inputs=(None, Path("in.wav")), existing=existing)
    with open("in.wav", "rb") as file, pytest.raises(ConfigError, match="is what is read"):
        settled(uri, inputs=(file.fileno(),), existing=existing)


def test_a_pipe_to_read_from_is_no_file() -> None:
    read, write = os.pipe()
    try:
        assert settled("new.csv", inputs=(read,)) == ["new.csv"]
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.parametrize(
    "uris",
    [
        ("d.csv", "d.csv"),
        ("d.csv", "jsonl:./d.csv"),
        ("d.csv", "here/here/d.csv"),
        ("d.csv", "npz:{}/d.csv"),
        ("soft.csv", "hard.csv"),
        ("csv:no/such/folder/d", "npz:no/such/folder/d"),
        ("later.csv", "csv:x"),
    ],
)
@pytest.mark.parametrize("existing", [Existing.OVERWRITTEN, Existing.KEPT])
def test_two_outputs_are_not_one_file(
    uris: tuple[str, str], existing: Existing, folder: Path
) -> None:
    Path("later.csv").symlink_to("x")
    with pytest.raises(ConfigError, match="are one file"):
        settled(*(uri.format(folder) for uri in uris), existing=existing)


def test_a_device_may_be_given_twice() -> None:
    assert settled("csv:/dev/null", "jsonl:/dev/null") == ["/dev/null", "/dev/null"]


def test_what_exists_is_refused_overwritten_or_gives_a_new_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Path("take.csv").write_text("a take")
    with pytest.raises(ConfigError, match=r"take\.csv exists; .*--overwrite"):
        settled("take.csv", "new.npz", existing=Existing.REFUSED)
    assert settled("take.csv", existing=Existing.OVERWRITTEN) == ["take.csv"]
    assert not caplog.records
    kept = settled("take.csv", "new.npz", "jsonl:/dev/null", existing=Existing.KEPT)
    assert kept == ["take-2.csv", "new-2.npz", "/dev/null"]
    (said,) = caplog.records
    assert "take.csv is kept; this recording goes to take-2.csv, new-2.npz" in said.message
    Path("new-2.npz").write_text("another")
    assert settled("take.csv", "new.npz", existing=Existing.KEPT) == ["take-3.csv", "new-3.npz"]


def test_what_was_left_of_an_archive_counts_as_one() -> None:
    Path("take.npz.part").write_text("what was left")
    with pytest.raises(ConfigError, match=r"take\.npz\.part is left .* `facewire recover"):
        settled("take.npz", existing=Existing.REFUSED)
    assert settled("take.npz", existing=Existing.KEPT) == ["take-2.npz"]
    assert settled("take.csv", existing=Existing.KEPT) == ["take.csv"]


@pytest.mark.parametrize("existing", Existing)
def test_new_and_empty_files_are_used_as_they_are(existing: Existing) -> None:
    Path("empty.csv").touch()
    assert settled("empty.csv", "new.csv", existing=existing) == ["empty.csv", "new.csv"]


def test_what_is_watched_stays_in_its_place() -> None:
    Path("take.csv").write_text("a take")
    outputs = settle_outputs(
        [parse_output("osc://127.0.0.1:9000"), parse_output("take.csv")],
        inputs=(),
        existing=Existing.KEPT,
    )
    assert isinstance(outputs[0], LiveOutput)
    assert outputs[1] == FileOutput("csv", Path("take-2.csv"))
