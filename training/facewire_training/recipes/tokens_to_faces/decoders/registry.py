"""The face decoders by name: what each is made of, and the sizes that have names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from facewire_training.recipes.tokens_to_faces.decoders.distilled_diffusion import (
    DistilledDiffusion,
    DistilledDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.gru_diffusion import (
    GruDiffusion,
    GruDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.decoders.streaming import (
    Streaming,
    StreamingConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.transformer import (
    Transformer,
    TransformerConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.two_regions import TwoRegions

Regions = Literal["joint", "two"]
"""One network for all shapes; or one for jaw and mouth, and one for the rest."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A size that has a name, and how it is trained unless the command line says otherwise."""

    network: Any
    """A config of the decoder's."""
    batch: int = 16
    """Windows in a batch, on all devices together."""
    seconds: int = 10
    """Of the longest window."""
    steps: int = 20_000
    rate: float = 1e-4
    """The highest learning rate."""
    warm_up: int = 0
    """Steps until it is reached."""


@dataclass(frozen=True, slots=True)
class DecoderKind:
    """A decoder that can be trained."""

    config: type[Any]
    """A frozen dataclass of plain values: it is kept as JSON beside a checkpoint."""
    build: Callable[[Any, Setting], nn.Module]
    """Makes a module that is a `FaceDecoder`."""
    presets: Mapping[str, Preset]
    """`paper` is as published or as large; `narrow` learns something within minutes on one core."""


DECODERS: Mapping[str, DecoderKind] = {
    "transformer": DecoderKind(
        TransformerConfig,
        Transformer,
        {
            "paper": Preset(TransformerConfig(), batch=64, seconds=30, steps=51_000),
            "narrow": Preset(
                TransformerConfig(
                    width=128, layers=3, heads=4, feed_forward=256, head=256,
                    # As published it says the median face after so few steps (training/LOG.md).
                    positions="time", start="aligned", norm="before", dropout=0.0,
                    first_face="rest",
                ),
                seconds=5, steps=600, rate=2e-3, warm_up=50,
            ),
        },
    ),
    "streaming": DecoderKind(
        StreamingConfig,
        Streaming,
        {
            "paper": Preset(
                StreamingConfig(width=512, layers=6), batch=64, steps=51_000, warm_up=500
            ),
            "narrow": Preset(
                StreamingConfig(width=128, layers=3, heads=4),
                seconds=5, steps=600, rate=1e-3, warm_up=50,
            ),
        },
    ),
    "gru-diffusion": DecoderKind(
        GruDiffusionConfig,
        GruDiffusion,
        {
            "paper": Preset(GruDiffusionConfig(), batch=1, seconds=30, steps=320_000),
            "narrow": Preset(
                GruDiffusionConfig(width=128, condition=128, dropout=0.1),
                seconds=5, steps=600, rate=2e-3, warm_up=20,
            ),
        },
    ),
    "distilled-diffusion": DecoderKind(
        DistilledDiffusionConfig,
        DistilledDiffusion,
        {
            "paper": Preset(DistilledDiffusionConfig(), seconds=30, steps=20_000),
            "narrow": Preset(DistilledDiffusionConfig(), seconds=5, steps=300, rate=5e-4),
        },
    ),
}  # fmt: skip


def build(name: str, config: Any, setting: Setting, regions: Regions) -> nn.Module:
    """Make a decoder: one network, or two."""
    make = DECODERS[name].build
    if regions == "joint":
        return make(config, setting)
    return TwoRegions(make(config, setting), make(config, setting))
