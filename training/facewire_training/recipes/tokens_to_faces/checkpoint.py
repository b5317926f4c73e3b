"""What a training writes down, how it goes on from there, and how others open what it has made."""

from dataclasses import dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from torch import nn

from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.batches import BatchConfig
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceDecoder
from facewire_training.recipes.tokens_to_faces.decoders.registry import DECODERS, Regions, build
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.training_run import read_state

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that a run is made of; `config.json` in its folder, and in its checkpoint."""

    decoder: str
    """A name of `DECODERS`."""
    network: Any
    """That decoder's config."""
    setting: Setting
    regions: Regions = "joint"
    batches: BatchConfig = field(default_factory=BatchConfig)
    steps: int = 20_000
    rate: float = 1e-4
    """The highest learning rate."""
    lowest_rate: float = 1e-6
    """Where the cosine ends."""
    warm_up: int = 0
    weight_decay: float = 0.01
    clip: float = 1.0
    """The longest gradient."""
    precision: str = "float32"
    """Or `bfloat16`: what autocast computes in."""
    seed: int = 0

    def encode(self) -> str:
        """Return the config as JSON, the same text for the same config."""
        said = msgspec.json.encode(self, enc_hook=str)
        return msgspec.json.format(said, indent=2).decode() + "\n"


def decode_config(text: str) -> RunConfig:
    """Read what `RunConfig.encode` wrote.

    Raises:
        ConfigError: it is of a decoder that there is not, or no such config.
    """
    try:
        said = msgspec.json.decode(text)
        kind = DECODERS[said["decoder"]]
        setting = said["setting"]
        representation = setting["representation"]
        for name in ("rate", "middle"):
            representation[name] = Fraction(representation[name])
        made = Setting(
            Representation(**representation), Fraction(setting["frame_rate"]), setting["seconds"]
        )
        network = msgspec.convert(said["network"], kind.config)
        batches = msgspec.convert(said["batches"], BatchConfig)
        rest = {f.name: said[f.name] for f in fields(RunConfig)}
        return RunConfig(**rest | {"network": network, "setting": made, "batches": batches})
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the run is of a decoder that this version does not know: {error}"
        ) from error


def difference(before: RunConfig, now: RunConfig) -> str:
    """Say the first thing in which a config differs from another."""
    old, new = (_flat(msgspec.json.decode(config.encode())) for config in (before, now))
    for name in old | new:
        if old.get(name) != new.get(name):
            return f"{name} {old.get(name)}, now {new.get(name)}"
    return "none"


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in said.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat


def read_checkpoint(run: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a run's last checkpoint.

    Raises:
        ConfigError: there is none, or the file is damaged.
    """
    path = run / CHECKPOINT
    if not path.is_file():
        raise ConfigError(
            f"{run} holds no checkpoint; train one with "
            "facewire_training.recipes.tokens_to_faces.train"
        )
    state = read_state(path, device)
    if not {"config", "network", "step", "optimizer"} <= state.keys():
        raise ConfigError(f"{path} is no checkpoint of this recipe; choose another run")
    return state


@dataclass(frozen=True, slots=True, eq=False)
class TrainedDecoder:
    """What a run has learned."""

    decoder: FaceDecoder
    """In eval mode; a `torch.nn.Module` too."""
    config: RunConfig
    step: int
    """After so many steps."""

    @property
    def representation(self) -> Representation:
        """Whose rows it decodes."""
        return self.config.setting.representation

    @property
    def frame_rate(self) -> Fraction:
        """Of its faces."""
        return self.config.setting.frame_rate

    @property
    def module(self) -> nn.Module:
        """The decoder as torch knows it."""
        return cast(nn.Module, self.decoder)


def open_run(run: Path, device: torch.device | str = "cpu") -> TrainedDecoder:
    """Open a run's last checkpoint, to decode with.

    Raises:
        ConfigError: there is none, it is damaged, or of another version's network.
    """
    state = read_checkpoint(run, device)
    config = decode_config(state["config"])
    network = build(config.decoder, config.network, config.setting, config.regions)
    load_weights(network, state["network"], run)
    network.to(device).eval().requires_grad_(False)
    return TrainedDecoder(cast(FaceDecoder, network), config, state["step"])


def load_weights(network: nn.Module, weights: dict[str, Any], run: Path) -> None:
    """Give a network the weights of a checkpoint.

    Raises:
        ConfigError: they are of another shape.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ConfigError(f"the weights of {run} do not fit its config; train it again") from error
