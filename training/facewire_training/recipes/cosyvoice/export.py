"""Export a trained decoder of CosyVoice's ids as the ONNX file and manifest that the engine loads.

    python -m facewire_training.recipes.cosyvoice.export --run runs/cosyvoice2/digits \
        --corpus runs/corpus --tokens runs/cosyvoice2/tokens --out runs/cosyvoice2/model
"""

from pathlib import Path

import torch

from facewire.report_file import command_line
from facewire_engines.cosyvoice.decoder import FILE, INPUTS, PLACES, REST
from facewire_engines.model_files import DataSource
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import load
from facewire_training.data.sources import SOURCES
from facewire_training.onnx_folder import (
    add_folder_options,
    export_graph,
    refuse_kept,
    write_folder,
)
from facewire_training.recipes.cosyvoice.network import Network, NetworkConfig
from facewire_training.training_run import read_state


def load_run(run: Path) -> tuple[Network, str]:
    """Rebuild the network of a run from its checkpoint, and tell the space of its ids."""
    state = read_state(run / "checkpoint.pt")
    network = Network(NetworkConfig(**state["config"]["network"]))
    network.load_state_dict(state["network"])
    return network.eval(), state["config"]["space"]


def write_model(
    network: Network, space: str, out: Path, command: str, data: tuple[DataSource, ...] = ()
) -> None:
    """Write the ONNX file of a network and its manifest, named after its ids.

    Raises:
        ConfigError: the folder cannot be written.
    """
    ids = torch.arange(2 * PLACES).reshape(2, PLACES) * 199 % (REST + 1)
    ids[0, 0] = REST
    inputs = ids, (torch.rand(2, PLACES) > 0.3).float(), torch.rand(2)
    graph = export_graph(FILE, network, inputs, INPUTS, ["weights", "speech"])
    write_folder(out, [graph], name=space, command=command, data=data)


def sources(corpus: Path, tokens: Path) -> tuple[DataSource, ...]:
    """Return what a run learned from."""
    used = [shard for shard in load(corpus) if (tokens / f"{shard.corpus}.npz").is_file()]
    return tuple(
        source.entry(shard.hours)
        for shard in used
        if (source := SOURCES.get(shard.corpus)) is not None
    )


def main() -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--corpus", type=Path, required=True, help="corpora it was trained on")
    parser.add_argument("--tokens", type=Path, required=True, help="their ids")
    add_folder_options(parser)
    options = parser.parse_args()
    refuse_kept(options)
    network, space = load_run(options.run)
    command = (options.run / "command.txt").read_text().strip()
    command += f" && {command_line()}"
    write_model(network, space, options.out, command, sources(options.corpus, options.tokens))
    print(f"{options.out}: decoder of {space} tokens")


if __name__ == "__main__":
    run_command(main)
