"""Tensors of others' checkpoints: read without running anything that a file asks for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from facewire.errors import ConfigError

_SOUGHT = 3
"""Names of tensors that a complaint lists."""


class Inert:
    """Stands for an object of a class that a checkpoint names, and that is not wanted."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


def read_tensors(path: Path, what: str) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint of torch, or of Lightning, by name.

    Args:
        path: the file.
        what: whose weights they should be, such as "SpeechTokenizer".

    Raises:
        ConfigError: it is missing, cut off, or no checkpoint.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path} with the weights of {what}")
    try:
        # Lightning writes settings beside the tensors, as objects of whichever classes.
        unknown = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
        with torch.serialization.safe_globals([(Inert, name) for name in unknown]):
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a zip that is cut off, a pickle of something else, ...
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"{path} cannot be read as the weights of {what} ({reason[:100]}); get the file again"
        ) from error
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    named = dict(found) if isinstance(found, Mapping) else {}
    tensors = {name: tensor for name, tensor in named.items() if isinstance(tensor, Tensor)}
    if not tensors:
        raise ConfigError(f"{path} holds no tensors with names; it is no checkpoint of {what}")
    return tensors


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin so, without that beginning."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def without_weight_norm(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors in which length and direction of each weight are one (Salimans 2016).

    `torch.nn.utils.weight_norm` calls them `weight_g` and `weight_v`, its successor
    `parametrizations.weight.original0` and `original1`.
    """
    pairs = (
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    )
    whole = dict(tensors)
    for length_name, direction_name in pairs:
        for name in [name for name in whole if name.endswith(length_name)]:
            start = name.removesuffix(length_name)
            direction = whole.pop(start + direction_name, None)
            if direction is not None:
                length = whole.pop(name).float()
                across = tuple(range(1, direction.ndim))
                norm = direction.float().norm(dim=across, keepdim=True)
                whole[f"{start}weight"] = direction.float() * (length / norm)
    return whole


def load_exactly(network: nn.Module, tensors: Mapping[str, Tensor], path: Path, what: str) -> None:
    """Give a network its weights; tensors that it does not have are left alone.

    Raises:
        ConfigError: a tensor lacks, has another shape, or is not all finite numbers.
    """
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - tensors.keys())
    if missing:
        some = ", ".join(missing[:_SOUGHT])
        raise ConfigError(
            f"{path} lacks {len(missing)} of {len(wanted)} tensors of {what}, such as {some}; it "
            "is of another revision, or of something else"
        )
    for name, mine in wanted.items():
        if tensors[name].shape != mine.shape:
            raise ConfigError(
                f"{path} is of another revision of {what}: its {name} has the shape "
                f"{list(tensors[name].shape)} where {list(mine.shape)} was expected"
            )
        if not tensors[name].isfinite().all():
            raise ConfigError(f"{path} is damaged: its {name} has values that are no numbers")
    network.load_state_dict({name: tensors[name] for name in wanted})
