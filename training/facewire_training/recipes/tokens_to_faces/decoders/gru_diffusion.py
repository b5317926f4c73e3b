"""The GRU that takes noise out of faces, of From Tokens to Faces, from its description.

It looks at each frame's speech, noisy face and how noisy it is, forward in time, and says the clean
face. A new face is drawn by asking it again and again (`diffusion_sampling.py`).
"""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.diffusion_sampling import (
    Clean,
    ancestral,
    cosine_noise,
    ddim,
    even_steps,
)
from facewire_training.recipes.tokens_to_faces.decoders.embedding import IdEmbedding, RowEmbedding
from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting, to_frames


@dataclass(frozen=True, slots=True)
class GruDiffusionConfig:
    """The size of the network; the paper's unless said otherwise."""

    width: int = 256
    """Of the GRU, and of what it is told about the step."""
    layers: int = 2
    condition: int = 512
    """Of the vector that a row of speech becomes."""
    dropout: float = 0.3
    steps: int = 1000
    """Of noise."""
    passes: int = 0
    """Of the network for a face: DDIM along so many steps, or, if 0, every step of all."""
    ids: IdEmbedding = "plain"
    levels: tuple[int, ...] = ()
    """Of the digits of ids; those of S3 need not be said."""
    stacked: int = 1
    """Rows of features that a frame hears, side by side; of HuBERT the paper stacks 2."""
    loss: MotionLoss = field(default_factory=lambda: MotionLoss(velocity=0, smoothness=0))


class GruDiffusion(nn.Module):
    """A `FaceDecoder` that draws one of the faces that fit."""

    passes: int
    """As in the config; others may be asked for after training."""

    def __init__(self, config: GruDiffusionConfig, setting: Setting) -> None:
        super().__init__()
        self.config, self.setting = config, setting
        self.noise = cosine_noise(config.steps)
        self.sample_in(config.passes)
        width, representation = config.width, setting.representation
        if config.stacked > 1 and representation.is_ids:
            raise ConfigError(f"rows of {representation.name} are ids, which cannot be stacked")
        heard = replace(representation, width=representation.width * config.stacked)
        self.embed = RowEmbedding(heard, config.condition, config.ids, config.levels)
        # A linear layer of a one-hot step is a table, here with the first values of such a layer.
        table = nn.Embedding(config.steps, width)
        nn.init.uniform_(table.weight, -(config.steps**-0.5), config.steps**-0.5)
        self.step = nn.Sequential(table, nn.Mish(), nn.Linear(width, width))
        entry = config.condition + arkit.COUNT + width
        self.norm = nn.LayerNorm(entry)
        self.gru = nn.GRU(
            entry, width, config.layers, batch_first=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )  # fmt: skip
        self.out = nn.Linear(width, arkit.COUNT)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def losses(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss: how far what it calls clean is from the truth."""
        # What is not known has no face, only noise: nobody may learn from what stands there.
        truth = batch.faces.where(batch.trust > 0, 0.0)
        count = len(truth)
        steps = torch.randint(1, self.noise.steps + 1, (count,), generator=generator)
        noise = torch.randn(truth.shape, generator=generator).to(truth.device)
        steps = steps.to(truth.device)
        condition = self.condition(batch.speech, batch.lengths, truth.shape[1])
        said = self(condition, self.noise.add(truth, steps, noise), steps)
        return self.config.loss(said, truth, batch.trust)

    def faces(self, speech: Speech, frames: int, generator: torch.Generator) -> Tensor:
        """Return `[B, frames, 52]` weights that may leave [0, 1]."""
        lengths = self.setting.frames_of(speech.lengths)
        condition = self.condition(speech, lengths, frames)

        def draw() -> Tensor:
            shape = (len(condition), frames, arkit.COUNT)
            return torch.randn(shape, generator=generator).to(condition.device)

        clean = self.clean(condition)
        if self.passes:
            steps = even_steps(self.noise.steps, self.passes)
            return ddim(clean, self.noise, draw(), steps)
        return ancestral(clean, self.noise, draw(), draw)

    def sample_in(self, passes: int) -> None:
        """Draw faces from now on in so many passes, or, if 0, in every step of all.

        Raises:
            ConfigError: there are not so many.
        """
        if not 0 <= passes <= self.noise.steps:
            raise ConfigError(f"faces are drawn in 0 to {self.noise.steps} passes, not {passes}")
        self.passes = passes

    def condition(self, speech: Speech, lengths: Tensor, frames: int) -> Tensor:
        """Return what each frame hears, `[B, frames, condition]`."""
        stacked = self.config.stacked
        if stacked == 1:
            return to_frames(self.embed(speech.rows), speech.lengths, lengths, frames)
        rows = to_frames(speech.rows, speech.lengths, stacked * lengths, stacked * frames)
        embedded: Tensor = self.embed(rows.reshape(len(rows), frames, -1))
        return embedded

    def clean(self, condition: Tensor) -> Clean:
        """Return what says clean faces for one speech."""

        def say(x: Tensor, step: int) -> Tensor:
            steps = torch.full((len(x),), step, device=x.device)
            said: Tensor = self(condition, x, steps)
            return said.float()

        return say

    def forward(self, condition: Tensor, x: Tensor, steps: Tensor) -> Tensor:
        """Map noisy faces `[B, F, 52]`, after steps `[B]` of 1 to T, to clean ones."""
        when = self.step(steps - 1)[:, None].expand(-1, x.shape[1], -1)
        heard, _ = self.gru(self.norm(torch.cat((condition, x, when), dim=-1)))
        faces: Tensor = self.out(heard)
        return faces
