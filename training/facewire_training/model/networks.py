"""Encoder and decoder as they are trained: together, with the settings of a run and all losses."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from facewire_training.data.shards import UNKNOWN
from facewire_training.model.batches import BatchConfig
from facewire_training.model.decoder import Decoder, DecoderConfig
from facewire_training.model.encoder import HINDSIGHT, Encoder, EncoderConfig, hindsight_targets
from facewire_training.model.losses import FaceLoss, LossConfig, PhoneLoss
from facewire_training.model.windows import Faces, Windows, live_windows, token_windows

PARTS: dict[str, tuple[str, ...]] = {
    "all": ("encoder.", "decoder."),
    "encoder": ("encoder.",),
    "decoder": ("decoder.",),
    "styles": ("decoder.styles.",),
}
"""What can learn while the rest stays: beginnings of the names of its weights. The styles are how
captured speakers differ from the rules."""


FaceCriterion = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""A further loss of consecutive faces: raw ones, true ones and how far to trust these, `[B, N, 52]`
each, and the frame rate."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that a run is made of; written into its folder."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    batches: BatchConfig = field(default_factory=BatchConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    steps: int = 6000
    learning_rate: float = 1.5e-3
    warm_up: int = 200
    weight_decay: float = 0.01
    clip: float = 1.0
    face_share: float = 0.15
    """How much the face losses count against the phonetic loss."""
    labials: float = 1.4
    """How much more a phone that closes the lips counts for the encoder than another."""
    taught: float = 0.6
    """Share of the teacher's probabilities in the phonetic loss, where there are any."""
    carried: float = 0.6
    """Share of crops that begin with the memory of another, as in a stream that goes on."""
    average: float = 0.998
    """How much of the running mean of the weights, which is what is exported, a step keeps."""
    every_nth_told: int = 3
    """Of how many crops with known phones the decoder also gets the phones themselves."""
    lead_ms: float = 0.0
    """By how much faces of a short look-ahead are ahead of their moment (`windows.lead_of`)."""
    part: str = "all"
    """Which of `PARTS` learns."""
    begin_with: str = ""
    """Run whose networks this one starts from."""
    decoder_of: str = ""
    """Run whose decoder this one starts from, if it is another."""
    seed: int = 0


def _gains_by_bfloat16(device: str) -> bool:
    """Tell whether bfloat16 is quicker: not where the processor has no instructions for it, nor
    on a GPU, for which these networks are so small that it waits for single steps.
    """
    return device == "cpu" and torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def carried(hidden: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return what each crop of the next batch begins with: another's memory, or nothing.

    A stream goes on for hours, crops for seconds: so they learn to live with what was before,
    whoever spoke, and however loud.

    Args:
        hidden: memory after the last batch, `[layers, B, width]`.
        share: of the crops that go on.
        generator: of the chances.
    """
    batch = hidden.shape[1]
    whose = torch.randperm(batch, generator=generator)
    goes_on = torch.rand(batch, generator=generator) < share
    return hidden[:, whose.to(hidden.device)] * goes_on.to(hidden.device)[None, :, None]


def hear(
    encoder: Encoder, samples: Tensor, hidden: Tensor, warp: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return an encoder's scores, effort, and memory after a batch, in float32.

    Args:
        encoder: which.
        samples: `[B, T * 160]`.
        hidden: what its recurrent layers remember of before.
        warp: `[B]` of the vocal tract.
    """
    past_samples, past_mel, _ = encoder.past(len(samples))
    device = samples.device.type
    with torch.autocast(device, torch.bfloat16, enabled=_gains_by_bfloat16(device)):
        scores, effort, *_, after = encoder(samples, past_samples, past_mel, hidden, warp)
    return scores.float(), effort.float(), after.float()


class Model(nn.Module):
    """Both halves of the embedded model, and their losses."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.encoder)
        self.decoder = Decoder(config.decoder)
        self.face_loss = FaceLoss(config.loss)
        self.phone_loss = PhoneLoss(config.labials, config.taught)
        self.criteria: tuple[FaceCriterion, ...] = ()
        """What counts besides; what they are made of is not saved with the model."""

    def losses(
        self, batch: dict[str, Tensor], hidden: Tensor, generator: torch.Generator
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the parts of the loss of one batch, all scalars, and some that only inform.

        Args:
            batch: as `Batches` gives it, or `Recorded`.
            hidden: what the recurrent layers remember of before.
            generator: where the chance comes from.

        Returns:
            The parts, and what the recurrent layers remember at the end.
        """
        if "scores" in batch:
            scores, effort = batch["scores"], batch["heard_effort"]
        else:
            learns = torch.set_grad_enabled(self.config.part in ("all", "encoder"))
            with learns:
                scores, effort, hidden = hear(self.encoder, batch["samples"], hidden, batch["warp"])
        wanted = hindsight_targets(batch["labels"])
        settled = slice(HINDSIGHT, None)
        phones = self.phone_loss(scores, batch["labels"], batch.get("soft"))
        loud = hindsight_targets(batch["effort"])
        with torch.no_grad():
            hit = scores[:, settled].argmax(-1) == wanted[:, settled]
            known = wanted[:, settled] != UNKNOWN
        parts = {
            "phones": phones,
            "accuracy_0": hit[..., 0][known[..., 0]].float().mean(),
            "accuracy_80": hit[..., 8][known[..., 8]].float().mean(),
        }
        measured = loud[:, settled].isfinite()
        off = (effort[:, settled] - loud[:, settled].nan_to_num()).square() * measured
        parts["effort"] = off.sum() / measured.sum().clamp(min=1)
        if self.config.part != "encoder":
            faces = Faces(batch["curves"], batch["trust"], batch["contact"], batch["style"])
            live = live_windows(scores, effort, faces, generator, self.config.lead_ms)
            # A TTS's certain tokens are the easier road: a part of the crops is enough.
            told = (batch["labels"] != UNKNOWN).all(dim=1).nonzero()[:, 0]
            said = told[:: self.config.every_nth_told]
            labels, efforts = batch["labels"][said], batch["effort"][said]
            tokens = token_windows(labels, efforts, faces.of(said), generator)
            parts |= {"live": self._face(live), "tokens": self._face(tokens)}
        return parts, hidden.detach()

    def _face(self, windows: Windows) -> Tensor:
        w = windows
        raw = self.decoder.raw(w.tokens, w.known, w.effort, w.effort_known, w.style)
        loss: Tensor = self.face_loss(raw, w.truth, w.trust, w.contact)
        for criterion in self.criteria:
            loss = loss + criterion(raw, w.truth, w.trust, w.frame_rate)
        return loss
