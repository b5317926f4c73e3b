"""Export a trained projector as the ONNX file and manifest that the engine loads.

    python -m facewire_training.recipes.joint.export --run runs/joint/one --hours 0.6 \
        --out engines/facewire_engines/models/hibari-latents
"""

from pathlib import Path

import torch

from facewire.report_file import command_line
from facewire_engines.latents.decoder import FILE, INPUTS
from facewire_engines.latents.session import WINDOW
from facewire_engines.phones.phone_set import PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import SOURCES, read_sources
from facewire_training.model.decoder import Decoder
from facewire_training.model.export import export_decoder
from facewire_training.onnx_folder import (
    ExportedGraph,
    add_folder_options,
    export_graph,
    refuse_kept,
    write_folder,
)
from facewire_training.option_ranges import number
from facewire_training.recipes.joint.projector import ProjectorConfig, RowProjector
from facewire_training.recipes.joint.train import MADE_BY, JointModel, RunConfig
from facewire_training.training_run import read_state, restoring

NAME = "hibari-latents"


def load_projector(run: Path) -> RowProjector:
    """Rebuild the projector of a run from its checkpoint."""
    state = read_state(run / "checkpoint.pt")
    own = "projector."
    with restoring(run, MADE_BY):
        sizes = state["config"]["projector"]
        projector = RowProjector(
            ProjectorConfig(
                **sizes | {"widths": tuple(sizes["widths"]), "kernels": tuple(sizes["kernels"])}
            )
        )
        weights = {n.removeprefix(own): v for n, v in state["model"].items() if n.startswith(own)}
        projector.load_state_dict(weights)
    return projector.eval()


def graph_of(projector: RowProjector) -> ExportedGraph:
    """Return a projector as ONNX: windows `[B, 24, C]` to classes and effort of five rows."""
    width = projector.projector.config.widths[0]
    latents = torch.randn(2, WINDOW, width)
    return export_graph(FILE, projector, (latents,), INPUTS, ["classes", "effort"])


def load_decoder(run: Path) -> Decoder | None:
    """Rebuild the decoder of a run, if it has learned; None if it is the published one."""
    state = read_state(run / "checkpoint.pt")
    if not (state["config"]["begin_with"] and state["config"]["decoder_learns"]):
        return None
    model = JointModel(RunConfig())
    model.load_state_dict(state["model"])
    return model.decoder.eval()


def main() -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="run that train wrote")
    parser.add_argument(
        "--hours",
        type=number(0, 10_000),
        default=0.0,
        help="of speech that it learned from, where the run does not say it",
    )
    add_folder_options(parser)
    options = parser.parse_args()
    refuse_kept(options)
    graphs, decoder = [graph_of(load_projector(options.run))], load_decoder(options.run)
    told = options.run / "command.txt"
    command = f"{told.read_text(encoding='utf-8').strip()} && " if told.is_file() else ""
    if decoder is not None:
        graphs.append(export_decoder(decoder))
    write_folder(
        options.out,
        graphs,
        name=NAME,
        command=command + command_line(),
        tokens=PHONES,
        data=read_sources(options.run) or (SOURCES["hibari"].entry(options.hours),),
    )
    print(f"{options.out} is ready; in the engine's own folder it is what --face latents takes")


if __name__ == "__main__":
    run_command(main)
