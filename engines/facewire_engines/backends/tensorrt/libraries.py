"""NVIDIA's two compilers, and which of them makes and runs the plans of a card.

TensorRT for RTX is for the cards of desks, and builds for any of them without one. TensorRT is for
data centres, and builds for the GPU at hand only. They have one API; what differs is here. Only
the one that is chosen is imported: both register the same classes, so a process has room for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from facewire.errors import ConfigError, EngineError
from facewire.optional_dependency import install_command, raise_what_ended
from facewire_engines.backends.cuda_driver import Gpu, find_gpu

RTX, TENSORRT = "tensorrt_rtx", "tensorrt"
TITLES = {RTX: "TensorRT for RTX", TENSORRT: "TensorRT"}
EXTRAS = {RTX: "tensorrt-rtx", TENSORRT: "tensorrt"}

DATA_CENTRE = {
    "sm_70": "V100",
    "sm_80": "A100",
    "sm_90": "H100, H200",
    "sm_100": "B200",
    "sm_103": "B300",
}
"""Processors that only data centres have, and cards with them."""
DESK_NAMES = ("GeForce", "RTX", "Quadro", "TITAN")
"""One of these is in the name of every card for a desk, and in no other name such as L4 or T4."""
WITHOUT_FP32 = ("sm_75",)
"""Processors for which TensorRT for RTX has no products of fp32, which every model needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """One of the two, as it was imported."""

    name: str
    """Of its module."""
    module: Any

    @property
    def version(self) -> str:
        """Its version."""
        return str(self.module.__version__)

    def __str__(self) -> str:
        return f"{TITLES[self.name]} {self.version}"

    def known_targets(self) -> tuple[str, ...]:
        """Return the processors that it builds for anywhere, such as `sm_89`, oldest first."""
        capabilities = getattr(self.module, "ComputeCapability", None)
        known = capabilities.__members__ if capabilities else ()
        numbers = sorted(int(name[2:]) for name in known if name.startswith("SM"))
        return tuple(f"sm_{number}" for number in numbers if f"sm_{number}" not in WITHOUT_FP32)

    def problem(self, targets: Sequence[str], *, at_hand: bool) -> str | None:
        """Return why it makes no plans for some processors, or None if it does.

        Args:
            targets: processors; nobody names one if it is empty.
            at_hand: whether they are those of the GPU at hand.
        """
        known = self.known_targets()
        if not known:
            return None if at_hand else "makes plans for the GPU at hand only"
        missing = next((target for target in targets if target not in known), None)
        if missing is None:
            return None
        cards = DATA_CENTRE.get(missing)
        what = "products of fp32" if missing in WITHOUT_FP32 else "plans"
        return f"has no {what} for {missing!r}" + (f" ({cards})" if cards else "")


def gpu_at_hand() -> Gpu | None:
    """Return the GPU at hand, or None if there is none, or nothing that reaches it."""
    try:
        return find_gpu()
    except EngineError:
        return None


def choose_library(gpu: Gpu | None, targets: Sequence[str] = ()) -> Library:
    """Import the library for a card: the one that is made for it, or else the other.

    Args:
        gpu: the GPU at hand, if there is one.
        targets: processors that plans shall be for; that of the GPU at hand if empty.

    Raises:
        ConfigError: none is installed, or none makes such plans.
    """
    wanted = tuple(targets) or ((gpu.target,) if gpu else ())
    at_hand = gpu is not None and wanted == (gpu.target,)
    broken: list[str] = []
    refused: list[str] = []
    known: tuple[str, ...] = ()
    order = _order(wanted, gpu.name if gpu and at_hand else "")
    for name in order:
        try:
            library = _import(name)
        except Exception as error:  # its libraries may be missing, or those of another system
            raise_what_ended(error)
            broken.append((str(error) or type(error).__name__).splitlines()[0])
            continue
        problem = library.problem(wanted, at_hand=at_hand)
        if problem is None:
            return library
        refused.append(f"{library} {problem}")
        known = known or library.known_targets()
    if not refused:
        raise ConfigError(
            f"TensorRT does not load ({'; '.join(broken)}); install it with: "
            + install_command(EXTRAS[order[0]])
        )
    raise ConfigError(f"{', and '.join(refused)}; {_road(wanted, known)}")


def _order(targets: Sequence[str], card: str) -> tuple[str, str]:
    """Return both names, first that of the library which is made for a card."""
    in_data_centre = any(target in DATA_CENTRE for target in targets)
    if card and not any(word in card for word in DESK_NAMES):
        in_data_centre = True
    if in_data_centre or any(target in WITHOUT_FP32 for target in targets):
        return TENSORRT, RTX
    return RTX, TENSORRT


def _import(name: str) -> Library:
    module = import_module(name)
    if not hasattr(module, "Builder"):  # a folder of type stubs can be imported, too
        raise ImportError(f"the module {name} is empty")
    return Library(name, module)


def _road(targets: Sequence[str], known: Sequence[str]) -> str:
    """Say what is left where no library that is installed makes the plans that are wanted."""
    real = [target for target in targets if target in DATA_CENTRE or target in WITHOUT_FP32]
    if real:
        return (
            "run engines on it with --backend torch-cuda, which records CUDA graphs, or build on "
            f"its machine with TensorRT itself: {install_command(EXTRAS[TENSORRT])}"
        )
    if known:
        return f"choose among {', '.join(known)}"
    return f"for other GPUs install TensorRT for RTX: {install_command(EXTRAS[RTX])}"


def library_line(gpu: Gpu | None, targets: Sequence[str] = ()) -> str:
    """Return one line on what makes plans here and for what, or why nothing does."""
    try:
        library = choose_library(gpu, targets)
    except ConfigError as error:
        return f"plans: none can be made here: {error}"
    if targets:
        return f"plans: by {library}, for {', '.join(targets)}"
    if gpu is not None:
        return f"plans: by {library}, for {gpu.name} ({gpu.target})"
    return f"plans: by {library}, without a GPU, for {', '.join(library.known_targets())}"
