"""A face from latents of a TTS: a projector makes of them what the embedded encoder would say.

The design is that of UniTAF (arXiv 2602.15651): a small projector takes the latents of a frozen TTS
to where a frozen face decoder takes its rows. Here the latents are hibari's, 80 a second, and the
rows those of `PhonesTokenDecoder`, 100 a second: so four latents make five rows.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from facewire.clock import Clock
from facewire.errors import EngineError
from facewire.tokens import TokenSpace
from facewire_engines.backends.graph import BATCH, Graph, GraphLoader, TensorSpec
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.latents.session import ROWS, WINDOW, LatentSession
from facewire_engines.model_files import EMBEDDED_MODELS, read_graph, read_manifest
from facewire_engines.phones.engine import DECODER_INPUTS
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.phones.token_session import MAX_LOOKAHEAD_MS, PhonesTokenDecoder

FOLDER = EMBEDDED_MODELS / "hibari-latents"
"""The projector that comes with Facewire, for the latents of the natural voice."""
FILE = "projector.onnx"
DECODER = "decoder.onnx"
"""A decoder that has learned with the projector, where there is one."""
INPUTS: tuple[str, ...] = ("latents",)
RATE = Fraction(80)
"""Latents a second."""


@dataclass(frozen=True, slots=True)
class LatentDecoder:
    """A projector and a decoder, as one engine: latents in, faces out. Immutable, and shared."""

    space: TokenSpace
    """What it takes: rows of so many numbers as the vocabulary says."""
    projector: Graph
    phones: PhonesTokenDecoder

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.space.name

    @property
    def sample_rate(self) -> int:
        """The rate of the audio clock that latents are on, in Hz."""
        return SAMPLE_RATE

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = MAX_LOOKAHEAD_MS,
        clock: Clock | None = None,
    ) -> LatentSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        rows = self.phones.session(frame_rate=frame_rate, lookahead_ms=lookahead_ms, clock=clock)
        return LatentSession(self.space, self.projector, rows)


def load_latent_decoder(
    phones: PhonesTokenDecoder, folder: Path = FOLDER, load: GraphLoader = load_onnx
) -> LatentDecoder:
    """Load a projector for a decoder.

    Args:
        phones: decodes the rows that it makes, unless the folder has a decoder of its own.
        folder: what `facewire_training.recipes.joint.export` wrote.
        load: the back-end.

    Raises:
        EngineError: a file is missing, damaged, or no projector of this kind.
    """
    manifest = read_manifest(folder)
    projector = load(read_graph(folder, manifest, FILE))
    projector.spec.require(INPUTS)
    (latents,) = projector.spec.inputs
    expected = [(BATCH, WINDOW, latents.shape[-1]), (BATCH, ROWS, len(PHONES)), (BATCH, ROWS)]
    fits = _shapes(latents, *projector.spec.outputs) == expected
    if manifest.tokens != PHONES or not fits or not isinstance(latents.shape[-1], int):
        raise EngineError(
            f"the model in {folder} is no projector of latents to the phones of this version; "
            "export it again"
        )
    if DECODER in manifest.files:
        decoder = load(read_graph(folder, manifest, DECODER))
        decoder.spec.require(DECODER_INPUTS)
        phones = PhonesTokenDecoder(manifest.name, decoder)
    return LatentDecoder(TokenSpace(manifest.name, RATE, int(latents.shape[-1])), projector, phones)


def _shapes(*tensors: TensorSpec) -> list[tuple[int | str, ...]]:
    return [tensor.shape for tensor in tensors]
