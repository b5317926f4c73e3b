"""Train the embedded model: encoder and decoder together, resumable and seeded.

    python -m facewire_training.model.train --corpus runs/corpus --run runs/phones --steps 6000

The encoder learns phones and effort; the decoder learns to animate from the encoder's posteriors
at every look-ahead (the microphone's road) and from the true phones (the TTS's road).
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset

from facewire.report_file import command_line
from facewire_engines.phones.phone_set import PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import UNKNOWN
from facewire_training.model.batches import CAPTURE_SHARES, SHARES, BatchConfig, Batches
from facewire_training.model.decoder import Decoder, DecoderConfig
from facewire_training.model.encoder import HINDSIGHT, Encoder, EncoderConfig, hindsight_targets
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.model.windows import Faces, Windows, live_windows, token_windows

LABIALS = frozenset(("p", "b", "m", "f", "v"))
"""Phones in which the lips touch each other or the teeth: what is missed most when it is missed."""


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
    """How much the face losses count against the phonetic loss; 0 trains the encoder alone."""
    labials: float = 1.4
    """How much more a phone that closes the lips counts for the encoder than another."""
    every_nth_told: int = 3
    """Of how many crops with known phones the decoder also gets the phones themselves."""
    only_styles: bool = False
    """Whether nothing is trained but how captured speakers differ from the rules."""
    begin_with: str = ""
    """Run whose networks this one starts from."""
    seed: int = 0


class Model(nn.Module):
    """Both halves of the embedded model, and their losses."""

    worth: Tensor

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.encoder)
        self.decoder = Decoder(config.decoder)
        self.face_loss = FaceLoss(config.loss)
        seen = torch.tensor([name in LABIALS for name in PHONES])
        self.register_buffer("worth", torch.where(seen, config.labials, 1.0), persistent=False)

    def losses(self, batch: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss of one batch, all scalars, and some that only inform."""
        past = self.encoder.past(len(batch["samples"]))
        # Where the processor has no instructions for it, bfloat16 costs more than it saves.
        quick = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
        learns = torch.set_grad_enabled(not self.config.only_styles)
        with learns, torch.autocast("cpu", torch.bfloat16, enabled=quick):
            scores, effort, *_ = self.encoder(batch["samples"], *past, batch["warp"])
        scores, effort = scores.float(), effort.float()
        wanted = hindsight_targets(batch["labels"])
        settled = slice(HINDSIGHT, None)
        phones = functional.cross_entropy(
            scores[:, settled].flatten(0, 2),
            wanted[:, settled].flatten(),
            weight=self.worth,
            ignore_index=UNKNOWN,
        )
        loud = hindsight_targets(batch["effort"])
        with torch.no_grad():
            hit = scores[:, settled].argmax(-1) == wanted[:, settled]
            known = wanted[:, settled] != UNKNOWN
        parts = {
            "phones": phones,
            "accuracy_0": hit[..., 0][known[..., 0]].float().mean(),
            "accuracy_80": hit[..., 8][known[..., 8]].float().mean(),
        }
        if self.config.face_share > 0:
            faces = Faces(batch["curves"], batch["trust"], batch["contact"], batch["style"])
            live = live_windows(scores, effort, faces, generator)
            # A TTS's certain tokens are the easier road: a part of the crops is enough.
            told = (batch["labels"] != UNKNOWN).all(dim=1).nonzero()[:, 0]
            said = told[:: self.config.every_nth_told]
            labels, efforts = batch["labels"][said], batch["effort"][said]
            tokens = token_windows(labels, efforts, faces.of(said), generator)
            parts |= {"live": self._face(live), "tokens": self._face(tokens)}
            parts["effort"] = functional.mse_loss(effort[:, settled], loud[:, settled])
        return parts

    def _face(self, windows: Windows) -> Tensor:
        w = windows
        raw = self.decoder.raw(w.tokens, w.known, w.effort, w.effort_known, w.style)
        loss: Tensor = self.face_loss(raw, w.truth, w.trust, w.contact)
        return loss


def schedule(config: TrainConfig, step: int) -> float:
    """Return the learning rate's factor: linear warm-up, then half a cosine to 2 %."""
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    done = (step - config.warm_up) / max(config.steps - config.warm_up, 1)
    return 0.02 + 0.98 * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * min(done, 1.0)))))


def save(run: Path, model: Model, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write a checkpoint so that a crash in the middle leaves the last one whole."""
    state = {
        "step": step,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "config": asdict(model.config),
    }
    torch.save(state, run / "checkpoint.tmp")
    (run / "checkpoint.tmp").replace(run / "checkpoint.pt")


def begin(config: TrainConfig, run: Path) -> tuple[Model, torch.optim.Optimizer, int]:
    """Return the model and the optimizer as a run left them, or new ones, and the next step."""
    torch.manual_seed(config.seed)
    model = Model(config)
    if config.only_styles:
        model.requires_grad_(False).decoder.styles.requires_grad_(True)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=config.learning_rate, weight_decay=config.weight_decay
    )
    first = 0
    if config.begin_with:
        begun = torch.load(Path(config.begin_with) / "checkpoint.pt", weights_only=True)
        model.load_state_dict(begun["model"])
    if (run / "checkpoint.pt").exists():
        state = torch.load(run / "checkpoint.pt", weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    return model, optimizer, first


def train(config: TrainConfig, corpus: Path, run: Path, stop_after: int | None = None) -> None:
    """Train until `config.steps`, going on from the run's last checkpoint if there is one.

    Args:
        config: what the run is made of.
        corpus: folder that `prepare` wrote.
        run: folder of the run.
        stop_after: save and stop after this step, as if the machine were needed for something else.
    """
    run.mkdir(parents=True, exist_ok=True)
    model, optimizer, first = begin(config, run)
    (run / "config.json").write_text(json.dumps(asdict(config), indent=2))
    data = Batches(corpus, config.batches, config.seed, config.steps, config.face_share > 0)
    last = min(config.steps, stop_after or config.steps)
    loader = DataLoader(Subset(data, range(first, last)), batch_size=None, num_workers=1)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress, (run / "metrics.jsonl").open("a") as log:
        bar = progress.add_task("training", total=config.steps, completed=first)
        for step, batch in enumerate(loader, start=first):
            parts = _step(model, optimizer, batch, step)
            progress.update(bar, advance=1, description=_describe(parts))
            if step % 10 == 0:
                log.write(json.dumps({"step": step, "time": time.time(), **parts}) + "\n")
                log.flush()
            if (step + 1) % 200 == 0 or step + 1 == last:
                save(run, model, optimizer, step + 1)


def _step(
    model: Model, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor], step: int
) -> dict[str, float]:
    config = model.config
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * schedule(config, step)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    parts = model.losses(batch, generator)
    total = parts["phones"]
    if "live" in parts:
        total = total + parts["effort"] + config.face_share * (parts["live"] + parts["tokens"])
    optimizer.zero_grad()
    total.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    optimizer.step()
    return {name: round(float(value.detach()), 5) for name, value in parts.items()}


def _describe(parts: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in parts.items())


def main() -> None:
    """Parse the command line and train."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of this run; resumed if it exists"
    )
    parser.add_argument("--steps", type=int, default=6000, help="batches to train on in all")
    parser.add_argument("--batch", type=int, default=64, help="crops in a batch")
    parser.add_argument("--hops", type=int, default=320, help="length of a crop, in 10 ms")
    parser.add_argument("--plain", type=float, default=0.15, help="share of crops without noise")
    parser.add_argument("--corpora", default="", help="only these, separated by commas")
    parser.add_argument(
        "--captures", type=float, default=0.0, help="share of crops with captured faces"
    )
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--face-share", type=float, default=0.15, help="0: the encoder alone")
    parser.add_argument(
        "--only-styles", action="store_true", help="train the styles of captured speakers alone"
    )
    parser.add_argument("--begin-with", default="", help="run whose networks this one starts from")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and batches")
    parser.add_argument("--stop-after", type=int, help="save and stop after this many steps")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    chosen = arguments.corpora.split(",") if arguments.corpora else [name for name, _ in SHARES]
    config = TrainConfig(
        batches=BatchConfig(
            batch=arguments.batch,
            hops=arguments.hops,
            plain=arguments.plain,
            shares=(
                *((n, s * (1 - arguments.captures)) for n, s in SHARES if n in chosen),
                *((n, s * arguments.captures) for n, s in CAPTURE_SHARES if arguments.captures),
            ),
        ),
        steps=arguments.steps,
        learning_rate=arguments.rate,
        face_share=arguments.face_share,
        only_styles=arguments.only_styles,
        begin_with=arguments.begin_with,
        seed=arguments.seed,
    )
    arguments.run.mkdir(parents=True, exist_ok=True)
    begun = Path(arguments.begin_with, "command.txt") if arguments.begin_with else None
    before = f"{begun.read_text().strip()} && " if begun else ""
    (arguments.run / "command.txt").write_text(f"{before}{command_line()}\n")
    train(config, arguments.corpus, arguments.run, arguments.stop_after)


if __name__ == "__main__":
    run_command(main)
