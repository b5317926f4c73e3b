"""A training as it stands after some step: what is written down, and what goes on from there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from facewire.errors import ConfigError
from facewire_training.model.networks import PARTS, Model, TrainConfig, carried
from facewire_training.model.widen import widened
from facewire_training.training_run import read_state, write_checkpoint

Weights = dict[str, Tensor]


@dataclass(slots=True, eq=False)
class Training:
    """Everything that changes while a run trains."""

    model: Model
    optimizer: torch.optim.Optimizer
    average: Weights
    """Running mean of the weights, of the same names."""
    hidden: Tensor
    """What the recurrent layers remembered at the end of the last batch."""
    step: int
    """Steps that are done."""

    def carried(self, generator: torch.Generator) -> Tensor:
        """Return what each crop of the next batch begins with."""
        return carried(self.hidden, self.model.config.carried, generator)

    @torch.no_grad()
    def take_average(self) -> None:
        """Let the running mean follow the weights, quickly during the first steps."""
        keeps = min(self.model.config.average, (1 + self.step) / (10 + self.step))
        state = self.model.state_dict()
        for name, value in state.items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keeps)

    def save(self, run: Path) -> None:
        """Write a checkpoint so that a crash in the middle leaves the last one whole."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average,
            "hidden": self.hidden,
            "optimizer": self.optimizer.state_dict(),
            "config": asdict(self.model.config),
        }
        write_checkpoint(state, run / "checkpoint.pt")


def begin(config: TrainConfig, run: Path, device: str = "cpu") -> Training:
    """Return a training as a run left it, or a new one, perhaps from the networks of another.

    Those may be narrower: what they do is what the new ones begin with.

    Raises:
        ConfigError: those are wider, or other networks, or the run was begun with other settings.
    """
    torch.manual_seed(config.seed)
    model = Model(config).to(device)
    for name, weight in model.named_parameters():
        weight.requires_grad_(name.startswith(PARTS[config.part]))
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=config.learning_rate, weight_decay=config.weight_decay
    )
    if config.begin_with:
        try:
            grown = widened(learned(Path(config.begin_with)), model.state_dict())
        except ValueError as error:
            raise ConfigError(
                f"{config.begin_with} holds wider networks than these ({error}); leave --width, or "
                "begin with another run"
            ) from error
        model.load_state_dict(grown)
    if config.decoder_of:
        other = learned(Path(config.decoder_of)).items()
        decoder = {name: value for name, value in other if name.startswith("decoder.")}
        model.load_state_dict(model.state_dict() | decoder)
    hidden = model.encoder.past(config.batches.batch)[-1]
    average = {name: value.clone() for name, value in model.state_dict().items()}
    training = Training(model, optimizer, average, hidden, 0)
    if (run / "checkpoint.pt").exists():
        state = read_state(run / "checkpoint.pt", device)
        _refuse_others(config, state, run)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        training.average, training.hidden = state["average"], state["hidden"]
        training.step = state["step"]
    return training


def _refuse_others(config: TrainConfig, state: Mapping[str, Any], run: Path) -> None:
    """Refuse to go on with other settings than the run was begun with; it may only get longer."""
    if not {"config", "optimizer", "average", "hidden", "step"} <= state.keys():
        raise ConfigError(f"{run} holds another kind of training; choose another --run")
    begun, wanted = state["config"], asdict(config)
    other = [name for name in wanted if name in begun and begun[name] != wanted[name]]
    if other := [name for name in other if name != "steps"]:
        raise ConfigError(
            f"{run} was begun with other settings of {', '.join(other)} (its config.json and "
            "command.txt); give the same, or another --run"
        )


def width_of(run: Path) -> int:
    """Return how wide the encoder of a run is."""
    return int(state_of(run)["config"]["encoder"]["width"])


def learned(run: Path) -> Weights:
    """Return what a run has learned: the running mean of its weights, if it has kept one."""
    state = state_of(run)
    weights: Weights = state.get("average", state["model"])
    return weights


def state_of(run: Path) -> dict[str, Any]:
    """Return what the checkpoint of a run holds.

    Raises:
        ConfigError: there is none, it is damaged, or of another kind of training.
    """
    state: dict[str, Any] = read_state(run / "checkpoint.pt")
    if not {"config", "model"} <= state.keys() or "encoder" not in state["config"]:
        raise ConfigError(f"{run} holds another kind of training, not of facewire_training.model")
    return state
