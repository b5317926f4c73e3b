"""A plan is used only if it is whole, and exactly the one that is wanted."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from facewire.errors import ConfigError
from facewire_engines.backends.tensorrt.plans import (
    PlanKey,
    PlanState,
    find_plan,
    plan_state,
    read_plan,
    stored_plans,
    write_plan,
)

KEY = PlanKey(
    model="phones",
    graph="encoder.onnx",
    graph_sha256="a" * 64,
    precision="fp32",
    targets=("sm_89", "sm_120"),
    max_batch=64,
    library="tensorrt_rtx",
    library_version="1.7.1",
)
PLAN = b"compiled" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "plans"


def test_a_plan_that_was_written_is_read(folder: Path) -> None:
    assert (plan_state(folder, KEY), read_plan(folder, KEY)) == (PlanState.MISSING, None)
    path = write_plan(folder, KEY, PLAN)
    assert (plan_state(folder, KEY), read_plan(folder, KEY)) == (PlanState.READY, PLAN)
    assert sorted(path.parent.iterdir()) == [path.with_suffix(".json"), path]


@pytest.mark.parametrize(
    "change", [{"graph_sha256": "b" * 64}, {"library_version": "1.8"}], ids=lambda c: next(iter(c))
)
def test_a_plan_of_another_revision_is_stale(folder: Path, change: dict[str, str]) -> None:
    path = write_plan(folder, KEY, PLAN)
    wanted = msgspec.structs.replace(KEY, **change)
    assert (plan_state(folder, wanted), read_plan(folder, wanted)) == (PlanState.STALE, None)
    assert write_plan(folder, wanted, b"new") == path
    assert read_plan(folder, wanted) == b"new"
    assert read_plan(folder, KEY) is None


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"graph": "decoder.onnx"},
        {"precision": "fp16"},
        {"targets": ("sm_89",)},
        {"max_batch": 8},
        {"library": "tensorrt"},
    ],
    ids=lambda c: next(iter(c)),
)
def test_another_models_processors_or_librarys_plan_has_another_name(
    folder: Path, change: dict[str, object]
) -> None:
    write_plan(folder, KEY, PLAN)
    wanted = msgspec.structs.replace(KEY, **change)
    assert plan_state(folder, wanted) is PlanState.MISSING


@pytest.mark.parametrize(
    "change", [{"targets": ("sm_80",)}, {"library": "tensorrt"}], ids=lambda c: next(iter(c))
)
def test_a_plan_of_another_processor_or_library_under_this_name_is_foreign(
    folder: Path, change: dict[str, object]
) -> None:
    path = write_plan(folder, msgspec.structs.replace(KEY, **change), PLAN)
    for suffix in (".plan", ".json"):
        path.with_suffix(suffix).rename(folder / f"{KEY.stem}{suffix}")
    assert (plan_state(folder, KEY), read_plan(folder, KEY)) == (PlanState.FOREIGN, None)


def test_a_processors_plan_is_found_among_those_of_both_libraries(folder: Path) -> None:
    """Whichever has more rows: one library cannot read the other's."""
    other = msgspec.structs.replace(KEY, library="tensorrt", library_version="11.4", max_batch=256)
    paths = {key.library: write_plan(folder, key, PLAN) for key in (KEY, other)}
    for key in (KEY, other):
        found = find_plan(folder, key, "sm_89")
        assert found is not None
        assert found[0] == paths[key.library]
    assert find_plan(folder, msgspec.structs.replace(other, library="third"), "sm_89") is None


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit": lambda path: path.write_bytes(b"X" + path.read_bytes()[1:]),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "no manifest": lambda path: path.with_suffix(".json").unlink(),
    "not a manifest": lambda path: path.with_suffix(".json").write_text("{}"),
    "half a manifest": lambda path: path.with_suffix(".json").write_text('{"key": {"mod'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_plan_is_not_loaded_and_can_be_replaced(folder: Path, damage: str) -> None:
    path = write_plan(folder, KEY, PLAN)
    DAMAGES[damage](path)
    assert (plan_state(folder, KEY), read_plan(folder, KEY)) == (PlanState.DAMAGED, None)
    assert list(stored_plans(folder)) == [(path, None)]
    write_plan(folder, KEY, PLAN)
    assert read_plan(folder, KEY) == PLAN


def test_the_folder_of_another_user_is_the_users_mistake(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ConfigError, match="--cache"):
        write_plan(blocked / "plans", KEY, PLAN)


def test_a_full_disk_leaves_what_was_there(folder: Path) -> None:
    full = Path("/dev/shm")
    if not full.is_dir() or os.name != "posix":
        pytest.skip("needs a POSIX system, where the size of files can be limited")
    import resource
    import signal

    write_plan(folder, KEY, PLAN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(ConfigError, match="cannot write the plan"):
            write_plan(folder, KEY, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert read_plan(folder, KEY) == PLAN
    assert len(list(folder.iterdir())) == 2
