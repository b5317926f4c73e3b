"""Export a trained decoder of CosyVoice's ids as the ONNX file and manifest that the engine loads.

    python -m facewire_training.recipes.cosyvoice.export --run runs/cosyvoice2/digits \
        --corpus runs/corpus --tokens runs/cosyvoice2/tokens --out runs/cosyvoice2/model
"""

import datetime
import hashlib
import tempfile
import warnings
from pathlib import Path

import msgspec
import onnx
import torch
from torch import nn

from facewire import __version__, arkit
from facewire.report_file import command_line
from facewire_engines.backends.onnx_graph import load_onnxruntime
from facewire_engines.cosyvoice.decoder import FILE, INPUTS, PLACES, REST
from facewire_engines.model_files import DataSource, Manifest, ModelFile
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import load
from facewire_training.data.sources import SOURCES
from facewire_training.recipes.cosyvoice.network import Network, NetworkConfig

OPSET = 18
TOLERANCE = 1e-4
OUTPUTS = ["weights", "speech"]


def load_run(run: Path) -> tuple[Network, str]:
    """Rebuild the network of a run from its checkpoint, and tell the space of its ids."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    network = Network(NetworkConfig(**state["config"]["network"]))
    network.load_state_dict(state["network"])
    return network.eval(), state["config"]["space"]


def onnx_of(network: nn.Module) -> bytes:
    """Return a network as ONNX with dynamic batch, compared with itself in onnxruntime."""
    ids = torch.arange(2 * PLACES).reshape(2, PLACES) * 199 % (REST + 1)
    ids[0, 0] = REST
    inputs = ids, (torch.rand(2, PLACES) > 0.3).float(), torch.rand(2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        with warnings.catch_warnings():
            # The exporter that keeps names and a dynamic batch is called the old one.
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                network,
                inputs,
                path,
                input_names=list(INPUTS),
                output_names=OUTPUTS,
                dynamic_axes={name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)},
                opset_version=OPSET,
                dynamo=False,
            )
        onnx.checker.check_model(str(path))
        content = path.read_bytes()
    session = load_onnxruntime().InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(None, dict(zip(INPUTS, (x.numpy() for x in inputs), strict=True)))
    with torch.no_grad():
        expected = network(*inputs)
    for name, got, wanted in zip(OUTPUTS, found, expected, strict=True):
        difference = float((torch.from_numpy(got) - wanted).abs().max())
        if difference > TOLERANCE:
            raise ValueError(f"onnxruntime and torch differ by {difference:g} in {name}")
    return content


def write_model(
    network: Network, space: str, out: Path, command: str, data: tuple[DataSource, ...] = ()
) -> None:
    """Write the ONNX file of a network and its manifest, named after its ids."""
    content = onnx_of(network)
    out.mkdir(parents=True, exist_ok=True)
    (out / FILE).write_bytes(content)
    count = sum(value.numel() for value in network.parameters())
    manifest = Manifest(
        name=space,
        version=__version__,
        licence="Apache-2.0",
        non_commercial=False,
        command=command,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        tokens=(),
        blendshapes=arkit.NAMES,
        data=data,
        files={FILE: ModelFile(hashlib.sha256(content).hexdigest(), len(content), count)},
    )
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (out / "manifest.json").write_bytes(encoded + b"\n")


def sources(corpus: Path, tokens: Path) -> tuple[DataSource, ...]:
    """Return what a run learned from."""
    used = [shard for shard in load(corpus) if (tokens / f"{shard.corpus}.npz").is_file()]
    return tuple(
        DataSource(source.name, round(shard.hours, 2), source.licence, source.attribution)
        for shard in used
        if (source := SOURCES.get(shard.corpus)) is not None
    )


def main() -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--corpus", type=Path, required=True, help="corpora it was trained on")
    parser.add_argument("--tokens", type=Path, required=True, help="their ids")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    options = parser.parse_args()
    network, space = load_run(options.run)
    command = (options.run / "command.txt").read_text().strip()
    command += f" && {command_line()}"
    write_model(network, space, options.out, command, sources(options.corpus, options.tokens))
    print(f"{options.out}: decoder of {space} tokens")


if __name__ == "__main__":
    run_command(main)
