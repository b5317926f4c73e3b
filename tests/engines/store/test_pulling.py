"""What is here is kept, what is missing is got, and trust is given once."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from facewire.errors import ConfigError, EngineError
from facewire_engines.store.published import Published, PublishedFile, published_models
from facewire_engines.store.pulling import Pulled, pull, require_licence
from facewire_engines.store.record import file_state, read_record, stored_file
from facewire_engines.store.registering import register

pytest.importorskip("httpx", reason="install it: pip install -e '.[models]'")

FILES = {"config.json": b"{}", "weights.bin": b"weights" * 10_000}
MODEL = Published(
    name="tiny",
    what="a model of the tests",
    repository="nobody/tiny",
    licence="MIT",
    non_commercial=False,
    terms="https://example.org",
    attribution="nobody",
    data="",
    files={name: PublishedFile() for name in FILES},
)
SURE = msgspec.structs.replace(
    MODEL,
    files={
        name: PublishedFile(hashlib.sha256(content).hexdigest(), len(content))
        for name, content in FILES.items()
    },
)


def quiet(file: str, done: int, total: int) -> None:
    assert done <= total or not total


def serve(hub: Any, revision: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        hub.files[f"/nobody/tiny/resolve/{revision}/{name}"] = content


def fetch(hub: Any, store: Path, model: Published = MODEL) -> Pulled:
    return pull(model, store, quiet, endpoint=hub.address, pause=lambda _: None)


def test_a_model_is_pulled_once_and_needs_no_network_after_that(hub: Any, tmp_path: Path) -> None:
    serve(hub, "main", FILES)
    assert fetch(hub, tmp_path) == Pulled((), tuple(FILES), tuple(FILES))
    hub.status = 503
    assert fetch(hub, tmp_path) == Pulled(tuple(FILES), (), ())
    for name, content in FILES.items():
        assert stored_file(MODEL, name, tmp_path).read_bytes() == content


def test_what_was_published_is_no_matter_of_trust(hub: Any, tmp_path: Path) -> None:
    serve(hub, "main", FILES)
    assert fetch(hub, tmp_path, SURE) == Pulled((), tuple(FILES), ())


def test_all_files_come_from_one_state_of_the_repository(hub: Any, tmp_path: Path) -> None:
    """The main branch moves while the model comes, and does not mix two versions."""
    hub.commit = "c0ffee"
    serve(hub, "main", {"config.json": b"{}", "weights.bin": b"newer"})
    serve(hub, "c0ffee", FILES)
    fetch(hub, tmp_path)
    assert stored_file(MODEL, "weights.bin", tmp_path).read_bytes() == FILES["weights.bin"]
    assert read_record(tmp_path, MODEL).revision == "c0ffee"


def test_only_what_is_missing_or_damaged_is_got(hub: Any, tmp_path: Path) -> None:
    serve(hub, "main", FILES)
    fetch(hub, tmp_path)
    path = stored_file(MODEL, "weights.bin", tmp_path)
    path.write_bytes(b"Weights" * 10_000)
    assert fetch(hub, tmp_path) == Pulled(("config.json",), ("weights.bin",), ())
    assert path.read_bytes() == FILES["weights.bin"]
    path.unlink()
    with pytest.raises(EngineError, match="is missing; get it with: facewire models pull tiny"):
        stored_file(MODEL, "weights.bin", tmp_path)


def test_another_file_than_the_one_trusted_first_is_refused(hub: Any, tmp_path: Path) -> None:
    serve(hub, "main", FILES)
    fetch(hub, tmp_path)
    stored_file(MODEL, "config.json", tmp_path).unlink()
    serve(hub, "main", {"config.json": b"[]"})
    with pytest.raises(EngineError, match="not the file that was published"):
        fetch(hub, tmp_path)


def test_files_that_came_before_a_failure_stay(hub: Any, tmp_path: Path) -> None:
    serve(hub, "main", {"config.json": b"{}"})
    with pytest.raises(EngineError, match="there is no http"):
        fetch(hub, tmp_path)
    serve(hub, "main", FILES)
    assert fetch(hub, tmp_path).kept == ("config.json",)


def test_a_damaged_record_is_no_record(hub: Any, tmp_path: Path) -> None:
    serve(hub, "main", FILES)
    fetch(hub, tmp_path)
    (tmp_path / "tiny" / "record.json").write_text("{")
    assert fetch(hub, tmp_path).fetched == tuple(FILES)


def test_two_pulls_at_once_do_not_mix(hub: Any, tmp_path: Path) -> None:
    filelock = pytest.importorskip("filelock", reason="install it: pip install filelock")
    serve(hub, "main", FILES)
    (tmp_path / "tiny").mkdir()
    with (
        filelock.FileLock(tmp_path / "tiny" / "lock"),
        pytest.raises(ConfigError, match="another facewire is downloading tiny"),
    ):
        fetch(hub, tmp_path)
    assert not hub.asked


def test_a_licence_has_to_be_accepted_only_where_it_restricts() -> None:
    models = published_models()
    restricted = [model for model in models.values() if model.non_commercial]
    assert restricted
    for model in models.values():
        require_licence(model, accepted=True)
    for model in restricted:
        with pytest.raises(ConfigError, match="--accept-licence"):
            require_licence(model, accepted=False)


def test_every_manifest_says_where_it_is_from_and_what_is_known() -> None:
    for name, model in published_models().items():
        assert name == model.name
        assert model.files
        assert model.licence
        assert model.embedded or model.terms.startswith("https://")
        for file in model.files.values():
            assert set(file.sha256) <= set("0123456789abcdef")


def test_the_embedded_model_is_whole() -> None:
    model = published_models()["phones"]
    record = read_record(Path("nowhere"), model)
    assert all(
        file_state(file, record.files[name], quiet) == "ready" for name, file in model.files.items()
    )
    assert pull(model, Path("nowhere"), quiet) == Pulled(tuple(model.files), (), ())


@pytest.mark.parametrize("layout", ["folder", "cache", "home", "repository"])
def test_files_that_are_here_are_registered_where_they_are(
    hub: Any, tmp_path: Path, layout: str
) -> None:
    given = tmp_path / "given"
    repository = {"cache": "models--nobody--tiny", "home": "hub/models--nobody--tiny"}
    snapshot = given if layout == "folder" else given / repository.get(layout, "")
    if layout != "folder":
        (snapshot / "refs").mkdir(parents=True)
        (snapshot / "refs" / "main").write_text("c0ffee")
        (snapshot / "snapshots" / "00000a").mkdir(parents=True)
        (snapshot / "snapshots" / "00000a" / "config.json").write_bytes(b"old")
        snapshot = snapshot / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    for name, content in FILES.items():
        (snapshot / name).write_bytes(content)
    record = register(MODEL, given, tmp_path / "store", quiet)
    assert record.revision == ("main" if layout == "folder" else "c0ffee")
    assert stored_file(MODEL, "config.json", tmp_path / "store") == snapshot / "config.json"
    assert fetch(hub, tmp_path / "store").kept == tuple(FILES)
    assert not hub.asked


def test_files_that_are_not_the_model_are_not_registered(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no config\.json"):
        register(MODEL, tmp_path, tmp_path / "store", quiet)
    for name in FILES:
        (tmp_path / name).write_bytes(b"something")
    with pytest.raises(EngineError, match=r"is not the file that was published"):
        register(SURE, tmp_path, tmp_path / "store", quiet)
    assert not (tmp_path / "store").exists()


def test_a_model_without_an_address_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--from FOLDER"):
        pull(published_models()["wavtokenizer"], tmp_path, quiet)
