"""A download goes on where it was cut, and only what is whole and right gets its name."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facewire.errors import ConfigError, EngineError
from facewire_engines.store.download import TRIES, Downloaded, download
from facewire_engines.store.partial import PartialFile
from facewire_engines.store.published import PublishedFile

httpx = pytest.importorskip("httpx", reason="install it: pip install -e '.[models]'")

CONTENT = np.random.default_rng(3).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PUBLISHED = PublishedFile(SHA256, len(CONTENT))


@pytest.fixture
def get(hub: Any, tmp_path: Path) -> Callable[..., Downloaded]:
    """Download `/model.bin` into the folder of the test, without waiting between tries."""
    hub.files["/model.bin"] = CONTENT

    def run(published: PublishedFile = PUBLISHED) -> Downloaded:
        with httpx.Client(follow_redirects=True, timeout=10) as client:
            partial = PartialFile(tmp_path / "model.bin")
            url = f"{hub.address}/model.bin"
            return download(client, url, partial, published, lambda *_: None, lambda _: None)

    return run


def whole(folder: Path) -> bool:
    """Tell whether the file is there and right, and nothing else is."""
    return [path.name for path in folder.iterdir()] == ["model.bin"] and (
        folder / "model.bin"
    ).read_bytes() == CONTENT


def test_a_file_comes_whole(get: Any, tmp_path: Path) -> None:
    assert get() == Downloaded(SHA256, len(CONTENT), "")
    assert whole(tmp_path)


def test_a_connection_that_breaks_is_made_again(hub: Any, get: Any, tmp_path: Path) -> None:
    hub.cut_after = [100_000, 300_000]
    get()
    assert whole(tmp_path)
    begins = [int(asked[6:-1] or 0) if asked else 0 for _, asked in hub.asked]
    assert begins[0] == 0
    assert 0 < begins[1] <= 100_000 < begins[2] <= 400_000


def test_the_next_run_goes_on_where_this_one_was_cut(hub: Any, get: Any, tmp_path: Path) -> None:
    hub.cut_after = [200_000] + [0] * TRIES
    with pytest.raises(EngineError, match="run the same command again, and it goes on from there"):
        get()
    assert not (tmp_path / "model.bin").exists()
    came = (tmp_path / "model.bin.part").stat().st_size
    assert 0 < came <= 200_000
    hub.asked.clear()
    get()
    assert whole(tmp_path)
    assert hub.asked == [("/model.bin", f"bytes={came}-")]


@pytest.mark.parametrize("change", ["content", "ranges", "weak"])
def test_what_cannot_be_continued_begins_anew(
    hub: Any, get: Any, tmp_path: Path, change: str
) -> None:
    """The file has changed meanwhile, or the server knows no ranges, or names no version."""
    hub.weak = change == "weak"
    hub.ranges = change != "ranges"
    if change == "content":
        hub.files["/model.bin"] = bytes(len(CONTENT))
    hub.cut_after = [200_000] + [0] * TRIES
    with pytest.raises(EngineError):
        get()
    hub.files["/model.bin"], hub.cut_after = CONTENT, []
    get()
    assert whole(tmp_path)


def test_a_whole_file_that_did_not_get_its_name_is_not_fetched_again(
    hub: Any, get: Any, tmp_path: Path
) -> None:
    hub.cut_after = [200_000] + [0] * TRIES
    with pytest.raises(EngineError):
        get()
    (tmp_path / "model.bin.part").write_bytes(CONTENT)
    get()
    assert whole(tmp_path)


def test_a_part_that_is_longer_than_the_file_is_forgotten(
    hub: Any, get: Any, tmp_path: Path
) -> None:
    hub.cut_after = [200_000] + [0] * TRIES
    with pytest.raises(EngineError):
        get()
    (tmp_path / "model.bin.part").write_bytes(CONTENT + b"more")
    get()
    assert whole(tmp_path)


def test_wrong_bytes_are_thrown_away(hub: Any, get: Any, tmp_path: Path) -> None:
    hub.files["/model.bin"] = CONTENT[:-1] + b"?"
    with pytest.raises(EngineError, match=f"not the file that was published.*{SHA256[:12]}"):
        get()
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_was_changed_on_disk_is_noticed(hub: Any, get: Any, tmp_path: Path) -> None:
    hub.cut_after = [200_000] + [0] * TRIES
    with pytest.raises(EngineError):
        get()
    part = tmp_path / "model.bin.part"
    part.write_bytes(b"?" + part.read_bytes()[1:])
    with pytest.raises(EngineError, match="not the file that was published"):
        get()
    get()
    assert whole(tmp_path)


def test_a_file_of_another_size_is_refused_before_it_comes(
    hub: Any, get: Any, tmp_path: Path
) -> None:
    hub.files["/model.bin"] = CONTENT + b"?"
    with pytest.raises(EngineError, match="700,001 bytes where 700,000 were published"):
        get()
    assert list(tmp_path.iterdir()) == []


def test_the_beginning_of_a_sha256_is_compared_too(hub: Any, get: Any, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not the file that was published"):
        get(PublishedFile("00000000"))
    assert get(PublishedFile(SHA256[:8])).sha256 == SHA256


def test_what_a_hub_states_is_believed_and_checked(hub: Any, get: Any, tmp_path: Path) -> None:
    hub.commit, hub.stated = "c0ffee", {"/model.bin": SHA256}
    assert get(PublishedFile()) == Downloaded(SHA256, len(CONTENT), "c0ffee")
    (tmp_path / "model.bin").unlink()
    hub.stated = {"/model.bin": "0" * 64}
    with pytest.raises(EngineError, match="expected 000000000000"):
        get(PublishedFile())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "says"), [(404, "there is no http"), (403, "--from"), (503, "answers 503")]
)
def test_a_refusal_is_one_sentence(
    hub: Any, get: Any, tmp_path: Path, status: int, says: str
) -> None:
    hub.status = status
    with pytest.raises(EngineError, match=says):
        get()
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_one_sentence(tmp_path: Path) -> None:
    partial = PartialFile(tmp_path / "model.bin")
    with (
        httpx.Client(trust_env=False) as client,
        pytest.raises(EngineError, match=r"cannot reach 127\.0\.0\.1:9 .*connect to the network"),
    ):
        download(client, "http://127.0.0.1:9/model.bin", partial, PUBLISHED, lambda *_: None)


FULL = """
import resource, sys
from pathlib import Path
from facewire.errors import ConfigError
from facewire_engines.store.partial import PartialFile
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
partial = PartialFile(Path(sys.argv[1]))
partial.restart('"1"')
try:
    for _ in range(9):
        partial.append(bytes(30_000))
except ConfigError as error:
    print(error)
    print(partial.size, (Path(sys.argv[1] + ".part")).stat().st_size)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of file sizes")
def test_a_full_disk_is_one_sentence_and_keeps_what_came(
    hub: Any, get: Any, tmp_path: Path
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "model.bin")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    said, sizes = result.stdout.splitlines()
    assert "no room for the rest" in said
    assert "--store" in said
    assert sizes == "100000 100000"
    assert not (tmp_path / "model.bin").exists()
    get()
    assert whole(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="choose another folder with --store"):
        PartialFile(tmp_path / "file" / "model.bin")
