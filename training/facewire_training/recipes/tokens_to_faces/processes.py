"""The processes that train one network together, as `torchrun` starts them; one without it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from facewire.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Processes:
    """Which of them this one is."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes the checkpoints and the log."""
        return self.rank == 0

    def together(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are the mean over all processes."""
        if self.world == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=devices)


@contextmanager
def open_processes(kind: str) -> Iterator[Processes]:
    """Join the others, if there are any, and leave them at the end.

    Args:
        kind: `cpu`, or `cuda`: then each process has a GPU of its own.

    Raises:
        ConfigError: there is no GPU, or there are fewer than processes.
    """
    rank, world, local = (
        int(os.environ.get(name, default))
        for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
    )
    if kind == "cuda" and local >= torch.cuda.device_count():
        raise ConfigError(
            f"torch sees {torch.cuda.device_count()} GPUs, fewer than processes; "
            "use --device cpu, or fewer of them"
        )
    device = torch.device("cuda", local) if kind == "cuda" else torch.device("cpu")
    if world == 1:
        yield Processes(device)
        return
    distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield Processes(device, rank, world)
    finally:
        distributed.destroy_process_group()
