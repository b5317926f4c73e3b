"""What machine a figure was measured on."""

import contextlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from facewire import __version__


class Machine(msgspec.Struct, frozen=True):
    """Enough to compare two figures."""

    processor: str
    cores: int
    system: str
    python: str
    facewire: str
    libraries: dict[str, str] = {}
    """Versions of the libraries that the figures depend on, of those that are installed."""
    load: float = 0.0
    """What else it did: programs that wanted a core in the minute before, for each core."""

    def line(self) -> str:
        """Return what a person wants to know of it."""
        return (
            f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}, "
            f"Facewire {self.facewire}"
        )


LIBRARIES = ("numpy", "onnxruntime", "websockets", "torch", "tensorrt-rtx", "tensorrt")


def describe_machine() -> Machine:
    """Look at the machine that this runs on."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        facewire=__version__,
        libraries=_versions(),
        load=round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)
        if hasattr(os, "getloadavg")
        else 0,
    )


def _versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed, importing none of them."""
    found = {}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _processor() -> str:
    """Return the processor's name where the system tells it, or its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
