"""What the command line says of a decoder: `--width`, `--layers`, `--set NAME=VALUE`."""

import argparse
from dataclasses import fields, replace
from math import isfinite
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import torch

from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.checkpoint import open_run
from facewire_training.recipes.tokens_to_faces.decoders.distilled_diffusion import (
    DistilledDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss
from facewire_training.recipes.tokens_to_faces.decoders.registry import build
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting

MOST = 100_000
"""More of anything than any network has."""


def chosen_network(options: argparse.Namespace, preset: Any, setting: Setting) -> object:
    """Return a preset's network, with what the command line says of it.

    Args:
        options: of the command, `set` among them.
        preset: a decoder's config.
        setting: what it is to be made for.

    Raises:
        ConfigError: it has no such field, or cannot be made with such a value.
    """
    pairs = [pair.partition("=")[::2] for pair in options.set]
    pairs += [(name, getattr(options, name)) for name in ("width", "layers", "teacher")]
    given = {name: value for name, value in pairs if value is not None}
    names = [name for field in fields(preset) for name in _names(field.name, preset)]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ConfigError(f"{options.decoder} has no {unknown[0]}; it has {', '.join(names)}")
    try:
        said = msgspec.to_builtins(preset)
        for name, value in given.items():
            *part, last = name.split(".")
            (said[part[0]] if part else said)[last] = value
        made: Any = msgspec.convert(said, type(preset), strict=False)
        for name in given:
            read = attrgetter(name)
            _check(name, read(made), read(preset))
        if isinstance(made, DistilledDiffusionConfig):
            made = _taught(made, options.regions)
        # On this device nothing is computed and no memory taken, but sizes have to fit.
        with torch.device("meta"):
            build(options.decoder, made, setting, options.regions)
    except (ValueError, ArithmeticError, AssertionError, RuntimeError) as error:
        raise ConfigError(f"{options.decoder} cannot be made so: {error}") from error
    return made


def _names(name: str, preset: Any) -> list[str]:
    """Return what may be set of a field: itself, or parts of a loss, such as `loss.velocity`."""
    value = getattr(preset, name)
    if not isinstance(value, MotionLoss):
        return [name]
    return [f"{name}.{part.name}" for part in fields(value)]


def _check(name: str, value: object, usual: object) -> None:
    """See whether a number is one that a network can have.

    Raises:
        ValueError: it is not; what is above 0 in the preset has to be.
    """
    if not isinstance(value, int | float) or not isinstance(usual, int | float):
        return
    may_be_none = name == "dropout" or name.startswith("loss.")
    least = 0 if may_be_none else -MOST if usual < 0 else min(usual, 1)
    most = 1 if name == "dropout" else MOST
    if not isfinite(value) or not least <= value <= most:
        raise ValueError(f"{name} is {value}; give {least} to {most}")


def _taught(made: DistilledDiffusionConfig, regions: str) -> DistilledDiffusionConfig:
    teacher = open_run(Path(made.teacher)).config if made.teacher else None
    if teacher is None or teacher.decoder != "gru-diffusion" or teacher.regions != regions:
        raise ConfigError("it takes a --teacher, a gru-diffusion run of the same --regions")
    return replace(made, network=teacher.network)
