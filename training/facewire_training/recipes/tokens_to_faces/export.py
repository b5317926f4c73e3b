"""Export a streaming decoder and its encoder as a model folder for the engine `recipe`.

    python -m facewire_training.recipes.tokens_to_faces.export --run runs/faces/labels-streaming \
        --encoder small-labels --weights runs/small/labels --out runs/models/labels

Then: facewire live --engine recipe:runs/models/labels
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.model_files import DataSource, SpeechRows
from facewire_engines.recipe.model import DECODER, FACE
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import read_sources, told_sources
from facewire_training.onnx_folder import (
    ExportedGraph,
    add_folder_options,
    export_graph,
    refuse_kept,
    write_folder,
)
from facewire_training.recipes.tokens_to_faces.checkpoint import TrainedDecoder, open_run
from facewire_training.recipes.tokens_to_faces.decoders.embedding import (
    DigitEmbedding,
    RowEmbedding,
)
from facewire_training.recipes.tokens_to_faces.decoders.streaming import Streaming
from facewire_training.recipes.tokens_to_faces.decoders.two_regions import (
    StreamingDecoder,
    streaming_parts,
    streams,
)
from facewire_training.speech_encoders.registry import ENCODERS, open_encoder
from facewire_training.speech_encoders.streaming_encoder import StreamingEncoder, hop_samples
from facewire_training.streaming.face_decoder import FaceMemory
from facewire_training.streaming.joined_decoders import AddedFaces, JoinedMemories
from facewire_training.streaming.step_network import export_step


class Tables(nn.Module):
    """The vectors of all ids, looked up: what an embedding of ids says, whatever it is made of."""

    def __init__(self, embedding: RowEmbedding, vocabulary: int) -> None:
        super().__init__()
        every = torch.arange(vocabulary)
        with torch.no_grad():
            tables = [
                table.spoken(every) if isinstance(table, DigitEmbedding) else table(every)
                for table in embedding.tables
            ]
        for place, table in enumerate(tables):
            self.register_buffer(f"table{place}", table.clone())

    def forward(self, ids: Tensor) -> Tensor:
        """Map `[B, N, codebooks]` to `[B, N, width]`."""
        tables = list(self.buffers())
        summed = tables[0][ids[..., 0]]
        for place, table in enumerate(tables[1:], start=1):
            summed = summed + table[ids[..., place]]
        return summed


def decoder_graphs(decoder: StreamingDecoder, step: int) -> list[ExportedGraph]:
    """Return the graphs of a decoder that takes so many rows at once.

    Raises:
        ValueError: onnxruntime does not compute what torch does.
    """
    parts = list(streaming_parts(decoder))
    representation, sizes = parts[0].setting.representation, parts[0].memory.config
    memories, queries = [_exported_memory(part) for part in parts], [part.query for part in parts]
    memory = memories[0] if len(memories) == 1 else JoinedMemories(memories)
    query = queries[0] if len(queries) == 1 else AddedFaces(queries)
    rows = torch.randn(2, step, representation.width)
    if representation.is_ids:
        shape = (2, step, representation.codebooks)
        rows = torch.arange(2 * step * representation.codebooks).reshape(shape)
        rows = rows % representation.vocabulary
    names = ("rows", "known", "past_known", "past_keys", "past_values")
    inputs = (rows, torch.ones(2, step), *memory.past(2))
    reach, width = torch.rand(2, sizes.reach), sizes.width * len(parts)
    asked = (torch.randn(2, sizes.reach, width), reach * 16, torch.ones_like(reach))
    return [
        export_step(DECODER, memory, inputs, names, ["memory"]),
        export_graph(FACE, query, asked, ("memory", "ages", "known"), ["weights"]),
    ]


def _exported_memory(decoder: Streaming) -> FaceMemory:
    """Return a decoder's memory, in which ids are looked up."""
    trained, representation = decoder.memory, decoder.setting.representation
    memory = FaceMemory(
        trained.config,
        Tables(trained.embed, representation.vocabulary)
        if isinstance(trained.embed, RowEmbedding) and representation.is_ids
        else trained.embed,
    )
    memory.layers, memory.norm = trained.layers, trained.norm
    return memory.eval()


def write_model(
    out: Path,
    decoder: StreamingDecoder,
    encoder: StreamingEncoder,
    *,
    name: str = "",
    command: str = "",
    licence: str = "Apache-2.0",
    non_commercial: bool = False,
    data: tuple[DataSource, ...] = (),
) -> list[ExportedGraph]:
    """Write the graphs of a pair and their manifest.

    Args:
        out: the folder.
        decoder: of the encoder's rows.
        encoder: the one that it was trained with.
        name: of the model; that of the encoder if empty.
        command: what made it, for the manifest.
        licence: of the weights.
        non_commercial: whether it forbids commercial use.
        data: what the decoder learned from.

    Raises:
        ConfigError: the decoder was trained with another encoder, or the folder cannot be written.
        ValueError: onnxruntime does not compute what torch does.
    """
    (part, *_), heard = streaming_parts(decoder), encoder.representation
    trained = part.setting.representation
    if trained != heard:
        raise ConfigError(
            f"the decoder was trained with rows of {trained.name}, not of {heard.name} as it is "
            "now; choose the encoder that it was trained with"
        )
    hop_samples(encoder)
    hearing = [network.exported() for network in encoder.networks()]
    graphs = [*hearing, *decoder_graphs(decoder, encoder.step)]
    rows = SpeechRows(
        name=heard.name,
        rate=str(heard.rate),
        middle=str(heard.middle),
        sample_rate=encoder.sample_rate,
        kind="ids" if heard.is_ids else "features",
        vocabulary=heard.vocabulary,
        codebooks=heard.codebooks,
        delay=encoder.delay,
        lookahead_ms=part.config.most_ms,
    )
    write_folder(
        out, graphs, name=name or heard.name, command=command, licence=licence,
        non_commercial=non_commercial, data=data, rows=rows,
    )  # fmt: skip
    return graphs


def streaming_decoder(trained: TrainedDecoder, run: Path) -> StreamingDecoder:
    """Return the decoder of a run.

    Raises:
        ConfigError: it is of a kind that does not stream.
    """
    decoder = trained.module
    if not streams(decoder):
        raise ConfigError(
            f"the decoder of {run} hears whole utterances; train one that streams, with "
            "--decoder streaming"
        )
    return decoder


def sources(run: Path, weights: Path | None) -> tuple[DataSource, ...]:
    """Return what a decoder has learned from, and its encoder if that was trained here.

    Raises:
        ConfigError: the decoder's run did not keep it.
    """
    decoder = told_sources(run)
    encoder = (read_sources(weights) if weights else None) or ()
    return tuple({source.name: source for source in (*encoder, *decoder)}.values())


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line and export."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--run", type=Path, required=True, help="folder of a decoder's run")
    add("--encoder", choices=ENCODERS, required=True, help="what it was trained with")
    add("--weights", type=Path, help="of the encoder, where it has to be told")
    add_folder_options(parser)
    add("--name", default="", help="of the model; the encoder's if not given")
    add("--licence", default="Apache-2.0", help="of the weights, for the manifest")
    add("--non-commercial", action="store_true", help="the licence forbids commercial use")
    run_command(lambda: _export(parser.parse_args(words)))


def _export(options: argparse.Namespace) -> None:
    refuse_kept(options)
    trained = open_run(options.run)
    encoder = open_encoder(options.encoder, options.weights)
    if not isinstance(encoder, StreamingEncoder):
        raise ConfigError(f"the encoder {options.encoder} hears whole utterances; choose another")
    told = options.run / "command.txt"
    made = f"{told.read_text().strip()} && " if told.is_file() else ""
    graphs = write_model(
        options.out,
        streaming_decoder(trained, options.run),
        encoder,
        name=options.name,
        command=made + command_line(),
        licence=options.licence,
        non_commercial=options.non_commercial,
        data=sources(options.run, options.weights),
    )
    for graph in graphs:
        print(f"{graph.name}: {graph.parameters:,} parameters, {len(graph.content):,} bytes")
    print(f"{options.out} is ready: facewire live --engine recipe:{options.out}")


if __name__ == "__main__":
    main()
