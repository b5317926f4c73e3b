"""Which of NVIDIA's two compilers is chosen for a card, and that ours is code for both.

TensorRT itself is nowhere here: its wheels hold bindings without the library. So the choice is
tried with modules that are empty but for what is looked at, the build with the classes of TensorRT
for RTX under TensorRT's name, and names are looked up in the stubs of TensorRT 10 and in the
bindings of TensorRT 11. No plan has been built or run by TensorRT itself.
"""

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from facewire.errors import ConfigError
from facewire_engines import plan_building
from facewire_engines.backends import automatic
from facewire_engines.backends.cuda_driver import Gpu
from facewire_engines.backends.tensorrt import builder, libraries, loaded_plan, step
from facewire_engines.backends.tensorrt.libraries import Library, choose_library, library_line
from facewire_engines.backends.tensorrt.plans import PlanState, stored_plans
from facewire_engines.plan_building import build_plans

RTX_TARGETS = ("NONE", "CURRENT", "SM75", "SM80", "SM86", "SM89", "SM120")


def card(name: str, target: str) -> Gpu:
    return Gpu(f"NVIDIA {name}", target, 1 << 34, "13.0")


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what lets these libraries be there, and no others."""

    def install(*names: str) -> None:
        for name in ("tensorrt", "tensorrt_rtx"):
            module: Any = ModuleType(name)
            module.Builder, module.__version__ = object, "1.2"
            if name == "tensorrt_rtx":
                members = dict.fromkeys(RTX_TARGETS)
                module.ComputeCapability = SimpleNamespace(__members__=members)
            monkeypatch.setitem(sys.modules, name, module if name in names else None)

    return install


BOTH = ("tensorrt", "tensorrt_rtx")


@pytest.mark.parametrize(
    ("name", "target", "there", "chosen"),
    [
        ("GeForce RTX 4090", "sm_89", BOTH, "tensorrt_rtx"),
        ("RTX PRO 6000 Blackwell Server Edition", "sm_120", BOTH, "tensorrt_rtx"),
        ("GeForce RTX 4090", "sm_89", ("tensorrt",), "tensorrt"),
        ("GeForce RTX 2080 Ti", "sm_75", BOTH, "tensorrt"),  # RTX has no fp32 for it
        ("L4", "sm_89", BOTH, "tensorrt"),
        ("L4", "sm_89", ("tensorrt_rtx",), "tensorrt_rtx"),
        ("A100-SXM4-80GB", "sm_80", BOTH, "tensorrt"),
        ("A100-SXM4-80GB", "sm_80", ("tensorrt_rtx",), "tensorrt_rtx"),
        ("H200", "sm_90", BOTH, "tensorrt"),
        ("B200", "sm_100", BOTH, "tensorrt"),
    ],
)
def test_the_library_that_is_made_for_a_card_is_chosen_or_else_the_other(
    install: Any, name: str, target: str, there: tuple[str, ...], chosen: str
) -> None:
    install(*there)
    gpu = card(name, target)
    assert choose_library(gpu).name == chosen
    assert library_line(gpu) == (
        f"plans: by {libraries.TITLES[chosen]} 1.2, for NVIDIA {name} ({target})"
    )


def test_only_one_of_them_is_imported(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(*BOTH)
    asked: list[str] = []

    def import_module(name: str) -> ModuleType:
        asked.append(name)
        return sys.modules[name]

    monkeypatch.setattr(libraries, "import_module", import_module)
    choose_library(card("H200", "sm_90"))
    choose_library(card("GeForce RTX 4090", "sm_89"))
    assert asked == ["tensorrt", "tensorrt_rtx"]


@pytest.mark.parametrize(
    ("gpu", "targets"), [(card("H200", "sm_90"), ()), (None, ("sm_90",)), (None, ("sm_75",))]
)
def test_a_card_that_tensorrt_for_rtx_refuses_is_told_what_road_remains(
    install: Any, gpu: Gpu | None, targets: tuple[str, ...]
) -> None:
    install("tensorrt_rtx")
    with pytest.raises(ConfigError) as error:
        choose_library(gpu, targets)
    said = str(error.value)
    assert "\n" not in said
    target = targets[0] if targets else "sm_90"
    assert re.match(rf"TensorRT for RTX 1\.2 has no [a-z0-9 ]+ for '{target}'.*; run engines", said)
    assert "--backend torch-cuda" in said
    assert re.search(r'pip install .*"tensorrt>=', said)


def test_auto_skips_plans_on_such_a_card_for_that_reason(
    install: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("tensorrt_rtx")
    gpu = card("H200", "sm_90")
    monkeypatch.setattr("facewire_engines.backends.cuda_driver.find_gpu", lambda: gpu)
    problems: list[str] = []
    backends = list(automatic._candidates(problems))
    assert "tensorrt" not in [backend.name for backend in backends]
    assert problems[0] == (
        "not tensorrt: TensorRT for RTX 1.2 has no plans for 'sm_90' (H100, H200)"
    )


def test_tensorrt_builds_for_the_gpu_at_hand_and_for_no_other(install: Any) -> None:
    install("tensorrt")
    gpu = card("H200", "sm_90")
    assert choose_library(gpu, ("sm_90",)).known_targets() == ()
    for there, targets in ((gpu, ("sm_89",)), (None, ("sm_89",)), (None, ())):
        with pytest.raises(ConfigError, match=r"at hand only; for other GPUs .*tensorrt-rtx>="):
            choose_library(there, targets)


def test_with_both_a_plan_for_another_gpu_is_left_to_tensorrt_for_rtx(install: Any) -> None:
    install(*BOTH)
    assert choose_library(card("H200", "sm_90"), ("sm_89",)).name == "tensorrt_rtx"
    with pytest.raises(ConfigError, match=r"for 'sm_100' \(B200\)"):
        choose_library(card("H200", "sm_90"), ("sm_100",))


def test_without_either_the_one_for_the_card_is_to_be_installed(install: Any) -> None:
    install()
    with pytest.raises(ConfigError, match=r'TensorRT does not load .*"tensorrt>='):
        choose_library(card("H200", "sm_90"))
    with pytest.raises(ConfigError, match=r'TensorRT does not load .*"tensorrt-rtx>='):
        choose_library(card("GeForce RTX 4090", "sm_89"))
    assert library_line(None).startswith("plans: none can be made here: TensorRT does not load")


def test_a_folder_of_stubs_is_not_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Any
) -> None:
    install()
    (tmp_path / "tensorrt").mkdir()
    (tmp_path / "tensorrt" / "__init__.pyi").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "tensorrt")
    with pytest.raises(ConfigError, match="the module tensorrt is empty"):
        choose_library(card("H200", "sm_90"))
    sys.modules.pop("tensorrt", None)


ONLY_RTX = {
    "ComputeCapability",
    "DynamicShapesKernelSpecializationStrategy",
    "EAGER",
    "dynamic_shapes_kernel_specialization_strategy",
    "is_stream_capturable",
    "num_compute_capabilities",
    "set_compute_capability",
}
"""What of TensorRT for RTX is used where it is there."""


def used_names() -> set[str]:
    """Return whatever our code names of TensorRT for RTX: modules, classes, members."""
    rtx = pytest.importorskip("tensorrt_rtx", reason="install TensorRT: pip install tensorrt_rtx")
    there = set(dir(rtx))
    for thing in vars(rtx).values():
        if isinstance(thing, type):
            there |= {name for name in dir(thing) if not name.startswith("__")}
    found: set[str] = set()
    for module in (builder, libraries, loaded_plan, step):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "getattr",
                "hasattr",
            ):
                found |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
            if isinstance(node, ast.FunctionDef):  # what TensorRT calls
                found.add(node.name)
    return {name for name in found & there if not name.startswith("__")}


def test_names_that_are_used_are_those_of_tensorrt_10() -> None:
    spec = find_spec("tensorrt_stubs")
    if spec is None or spec.origin is None:
        pytest.skip("install TensorRT's stubs: pip install --no-deps 'tensorrt-stubs<11'")
    stubs = Path(spec.origin).parents[1] / "tensorrt_bindings" / "tensorrt.pyi"
    names = set(re.findall(r"\w+", stubs.read_text()))
    used = used_names()
    assert len(used) > 40
    assert used - names == ONLY_RTX


def test_names_that_are_used_are_those_of_tensorrt_11() -> None:
    spec = find_spec("tensorrt_bindings")
    library = Path(str(spec.origin)).parent / "tensorrt.so" if spec and spec.origin else None
    if library is None or not library.is_file():
        pytest.skip("install TensorRT's bindings: pip install --no-deps tensorrt-cu13-bindings")
    names = {name.decode() for name in re.findall(rb"\w{3,}", library.read_bytes())}
    assert used_names() - names == ONLY_RTX


def test_the_same_code_builds_where_targets_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with TensorRT: TensorRT for RTX builds, but nothing of it that TensorRT lacks is used."""
    rtx = pytest.importorskip("tensorrt_rtx", reason="install TensorRT: pip install tensorrt_rtx")
    gpu = card("A100-SXM4-80GB", "sm_80")
    module: Any = ModuleType("tensorrt")
    vars(module).update(
        {name: thing for name, thing in vars(rtx).items() if name not in ONLY_RTX}
        | {"__name__": "tensorrt", "__version__": "11.4", "Builder": builder_at_hand(rtx, "SM80")}
    )
    monkeypatch.setattr(plan_building, "gpu_at_hand", lambda: gpu)
    monkeypatch.setattr(plan_building, "choose_library", lambda *_: Library("tensorrt", module))
    first = build_plans("phones", tmp_path, max_batch=4)
    assert [result.before for result in first] == [PlanState.MISSING] * 2
    for path, manifest in stored_plans(tmp_path):
        assert manifest is not None
        assert (manifest.key.library, manifest.key.targets) == ("tensorrt", ("sm_80",))
        assert "-tensorrt-sm_80-" in path.name
        assert manifest.bytes > 1_000_000
    monkeypatch.undo()
    (ours, _) = build_plans("phones", tmp_path, targets=["sm_80"], max_batch=4)
    assert ours.before is PlanState.MISSING, "the other library's plan is not ours"


def builder_at_hand(rtx: Any, capability: str) -> Any:
    """Return RTX's builder, for a GPU that stands in for the one at hand."""

    class Builder:
        def __init__(self, log: Any) -> None:
            self._builder = rtx.Builder(log)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._builder, name)

        def create_builder_config(self) -> Any:
            config = self._builder.create_builder_config()
            config.num_compute_capabilities = 1
            config.set_compute_capability(getattr(rtx.ComputeCapability, capability), 0)
            return config

    return Builder
