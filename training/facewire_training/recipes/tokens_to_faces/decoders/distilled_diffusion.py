"""A network that takes noise out in one to four passes, distilled from one that takes many.

The way from noise to a face is cut into as many parts as the student has passes. In each the
teacher goes in small DDIM steps, and the student learns the clean face that would have led there in
one (after Salimans & Ho 2022, in one round instead of many halvings).
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.diffusion_sampling import (
    clean_of_move,
    ddim,
    even_steps,
)
from facewire_training.recipes.tokens_to_faces.decoders.gru_diffusion import (
    GruDiffusion,
    GruDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting, within


@dataclass(frozen=True, slots=True)
class DistilledDiffusionConfig:
    """What is distilled, and into how many passes."""

    network: GruDiffusionConfig = field(default_factory=GruDiffusionConfig)
    """The teacher's, and so the student's."""
    teacher: str = ""
    """The teacher's run; needed to train, not to decode."""
    passes: int = 4
    """Of the student for a face."""
    moves: int = 8
    """Of the teacher for each of these."""


class DistilledDiffusion(nn.Module):
    """A `FaceDecoder` that learns from another one's steps, not from the truth."""

    def __init__(self, config: DistilledDiffusionConfig, setting: Setting) -> None:
        super().__init__()
        self.config = config
        # What a teacher says is no sample of anything: there is nothing to overfit.
        student = replace(config.network, passes=config.passes, dropout=0.0)
        self.student = GruDiffusion(student, setting)
        # In a tuple it is no part of this module, of its checkpoints or of what learns.
        self._teacher: tuple[GruDiffusion, ...] = ()

    def learn_from(self, teacher: GruDiffusion) -> None:
        """Begin as the teacher is, and learn from it.

        Raises:
            ConfigError: it is another than the config says, or of other rows.
        """
        ours, theirs = self.student.setting, teacher.setting
        if (teacher.config, theirs.representation, theirs.frame_rate) != (
            self.config.network, ours.representation, ours.frame_rate,
        ):  # fmt: skip
            raise ConfigError(
                f"{self.config.teacher} has learned from rows of {theirs.representation.name} at "
                f"{theirs.frame_rate} frames a second; distil it on those"
            )
        self.student.load_state_dict(teacher.state_dict())
        self._teacher = (teacher.eval().requires_grad_(False),)

    def losses(self, batch: FaceBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return how far one pass is from where the teacher's small steps lead."""
        assert self._teacher, "learn_from comes first"
        (teacher,) = self._teacher
        noise, truth = self.student.noise, batch.faces.where(batch.trust > 0, 0.0)
        count = truth.shape[1]
        parts = list(pairwise(even_steps(noise.steps, self.config.passes)))
        step, after = parts[int(torch.randint(len(parts), (), generator=generator))]
        drawn = torch.randn(truth.shape, generator=generator).to(truth.device)
        with torch.no_grad():
            steps = torch.full((len(truth),), step, device=truth.device)
            noisy = noise.add(truth, steps, drawn)
            small = even_steps(step - after, min(self.config.moves, step - after))
            clean = teacher.clean(teacher.condition(batch.speech, batch.lengths, count))
            reached = ddim(clean, noise, noisy, tuple(after + s for s in small))
            wanted = clean_of_move(noise, noisy, reached, step, after)
        condition = self.student.condition(batch.speech, batch.lengths, count)
        said = self.student(condition, noisy, steps)
        spoken = within(batch.lengths, count)[..., None].expand_as(wanted).to(wanted.dtype)
        return self.config.network.loss(said, wanted, spoken)

    def faces(self, speech: Speech, frames: int, generator: torch.Generator) -> Tensor:
        """Return `[B, frames, 52]` weights that may leave [0, 1]."""
        return self.student.faces(speech, frames, generator)
