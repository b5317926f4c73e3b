"""A training as it stands after some step, and how it takes the next one."""

from dataclasses import replace
from math import cos, isfinite, pi
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.checkpoint import (
    CHECKPOINT,
    RunConfig,
    decode_config,
    difference,
    load_weights,
    open_run,
    read_checkpoint,
)
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, FaceDecoder
from facewire_training.recipes.tokens_to_faces.decoders.distilled_diffusion import (
    DistilledDiffusion,
)
from facewire_training.recipes.tokens_to_faces.decoders.gru_diffusion import GruDiffusion
from facewire_training.recipes.tokens_to_faces.decoders.registry import build
from facewire_training.recipes.tokens_to_faces.processes import Processes
from facewire_training.training_run import write_checkpoint


class Training:
    """A network, its optimizer, and how far they are."""

    def __init__(self, config: RunConfig, run: Path, processes: Processes) -> None:
        """Go on from the run's last checkpoint, or begin.

        Raises:
            ConfigError: the checkpoint is damaged, or of other settings.
        """
        self.config, self.run, self.step, self.processes = config, run, 0, processes
        self.lengthened = False
        """Whether the checkpoint is of a training to fewer steps."""
        torch.manual_seed(config.seed)
        self.network = build(config.decoder, config.network, config.setting, config.regions)
        distilled = [m for m in self.network.modules() if isinstance(m, DistilledDiffusion)]
        if distilled:
            teacher = open_run(Path(distilled[0].config.teacher)).module
            taught = [m for m in teacher.modules() if isinstance(m, GruDiffusion)]
            for student, network in zip(distilled, taught, strict=True):
                student.learn_from(network.to(processes.device))
        self.network.to(processes.device).train()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.rate, weight_decay=config.weight_decay
        )
        if (run / CHECKPOINT).exists():
            state = read_checkpoint(run, processes.device)
            before = decode_config(state["config"])
            self.lengthened = config.steps > before.steps
            alike = replace(config, steps=before.steps) if self.lengthened else config
            if before != alike:
                raise ConfigError(
                    f"{run} was begun with other settings ({difference(before, alike)}); "
                    "choose another --run"
                )
            load_weights(self.network, state["network"], run)
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]
        self._losses = processes.together(_Losses(self.network))

    def learn(self, batch: FaceBatch) -> dict[str, float]:
        """Take one step, and return the parts of the loss and the length of the gradient.

        Raises:
            FloatingPointError: a loss or a gradient is no number; nothing was learned from it.
        """
        config, device = self.config, self.processes.device
        rate = config.rate * schedule(config, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # What is drawn at a step does not depend on where the run was resumed.
        seed = (config.seed * 1_000_003 + self.step) * 1_009 + self.processes.rank
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        with torch.autocast(device.type, torch.bfloat16, config.precision == "bfloat16"):
            parts: dict[str, Tensor] = self._losses(batch.to(device), generator)
        self.optimizer.zero_grad()
        parts["total"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        length = float(nn.utils.clip_grad_norm_(self.network.parameters(), config.clip))
        said = {name: float(value.detach()) for name, value in parts.items()}
        # The gradient is that of all processes: if one's loss is no number, all stop here.
        if not isfinite(length) or not all(map(isfinite, said.values())):
            raise FloatingPointError
        self.optimizer.step()
        self.step += 1
        return {name: round(value, 6) for name, value in said.items()} | {
            "gradient": round(length, 5),
            "rate": rate,
        }

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "config": self.config.encode(),
        }
        write_checkpoint(state, self.run / CHECKPOINT)


class _Losses(nn.Module):
    """A decoder's losses as what a module does: so several processes can share their gradients."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss."""
        return cast(FaceDecoder, self.network).losses(batch, generator)


def schedule(config: RunConfig, step: int) -> float:
    """Return the learning rate's factor: linear warm-up, then half a cosine to the lowest rate."""
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    done = (step - config.warm_up) / max(config.steps - config.warm_up, 1)
    lowest = config.lowest_rate / config.rate
    return lowest + (1 - lowest) * 0.5 * (1 + cos(pi * min(done, 1.0)))
