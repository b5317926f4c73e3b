"""What machine a figure was measured on."""

import os
import platform
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


def describe_machine() -> Machine:
    """Look at the machine that this runs on."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        facewire=__version__,
    )


def _processor() -> str:
    """Return the processor's name where the system tells it, or its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
