"""A trained pair of speech encoder and face decoder, as graphs in a folder.

The *encoder*, one graph or two behind each other, hears a hop of samples and says rows: features,
or ids. A causal one says each row once; one that hears a window says its newest rows anew with each
hop. The *decoder* takes each row once, in order, and remembers it. The *face* graph reads the
newest of what is remembered at the moment of a frame, whose distance to each row it gets exactly.

Sizes come from the graphs, and what rows mean from the manifest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError, EngineError
from facewire_engines.backends.graph import Graph, GraphLoader
from facewire_engines.backends.id_tables import takes_id
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.model_files import Manifest, SpeechRows, read_graph, read_manifest

FRONT_END, ENCODER, DECODER, FACE = (
    "front_end.onnx",
    "encoder.onnx",
    "decoder.onnx",
    "face.onnx",
)

MOST_DELAY_ROWS = 1_000
MOST_LOOKAHEAD_MS = 10_000
"""More of either is a mistake."""
_LONGEST_NAME = 40
"""Characters of a wrong name that an error repeats."""

Meaning = Callable[[int], SpeechRows]
"""Tells what rows mean, so many of which are a hop."""


@dataclass(frozen=True, slots=True, eq=False)
class RecipeModel:
    """A loaded pair. Immutable, and shared by every session."""

    manifest: Manifest
    about: SpeechRows
    """What rows mean."""
    encoders: tuple[Graph, ...]
    """What hears a hop, in order; none in a folder for tokens alone."""
    decoder: Graph
    face: Graph
    step: int
    """Rows of a hop."""
    right: int
    """The most rows of right context that a row can have before it is taken."""
    reach: int
    """Rows that a frame reads."""

    @property
    def rate(self) -> Fraction:
        """Rows a second."""
        return Fraction(self.about.rate)

    @property
    def hop(self) -> int:
        """Samples between two runs of the encoder."""
        return int(self.step * self.about.sample_rate / self.rate)

    @property
    def longest_lookahead_ms(self) -> float:
        """The look-ahead that all right context takes, and what frames can make use of."""
        return float(1000 * (self.right + self.about.delay) / self.rate) + self.about.lookahead_ms

    def shares(self, style: Mapping[str, float] | None) -> NDArray[np.float32]:
        """Return the share of each style, `[styles]`; the first one has what the others leave.

        Raises:
            ConfigError: the model has no such style, or shares are not from 0 to 1 in all.
        """
        names = self.about.styles
        if style is None:
            return np.array(self.about.shares, np.float32)
        unknown = [name for name in style if name not in names]
        if unknown or not names:
            there = f"choose from {', '.join(names)}" if names else "it has none: leave style out"
            # Clients may write anything.
            wrong = ", ".join(name[:_LONGEST_NAME] for name in unknown[:3]) or "at all"
            raise ConfigError(f"the model {self.manifest.name!r} has no style {wrong}; {there}")
        given = np.array([style.get(name, 0.0) for name in names], np.float64)
        # Not a number is neither.
        if not (given >= 0).all() or not given.sum() <= 1 + 1e-6:
            raise ConfigError(
                "shares of styles are from 0 to 1, and at most 1 together; change them"
            )
        given[0] += max(1 - given.sum(), 0.0)
        return given.astype(np.float32)

    def in_style(self, style: Mapping[str, float]) -> "RecipeModel":
        """Return the same model, for which a style is usual.

        Raises:
            ConfigError: as for `shares`.
        """
        shares = tuple(self.shares(style).tolist())
        return replace(self, about=msgspec.structs.replace(self.about, shares=shares))

    def right_context(self, lookahead: int) -> int:
        """Return how many rows may follow one before it is taken, at a look-ahead in samples.

        A frame may have to wait for a hop to end, and that time is part of its look-ahead.
        """
        rows = int(lookahead * self.rate / self.about.sample_rate)
        return min(self.right, max(0, rows - self.step - self.about.delay))

    def newest_age(self, timestamp: int, taken: int) -> float:
        """Return how many rows before a sample the middle of the newest of so many rows is."""
        moment = Fraction(timestamp, self.about.sample_rate) * self.rate
        return float(moment - (taken - 1) - Fraction(self.about.middle))


def load_recipe_model(
    folder: Path, load: GraphLoader, meaning: Meaning | None = None
) -> RecipeModel:
    """Load a model of this kind from a folder.

    Args:
        folder: where its manifest is.
        load: the back-end.
        meaning: tells what its rows mean, where the manifest does not say it.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind, or the back-end
            cannot run it.
    """
    manifest = read_manifest(folder)
    known = manifest.rows or meaning
    needed = {ENCODER, DECODER, FACE}
    if known is None or manifest.blendshapes != arkit.NAMES or not needed <= manifest.files.keys():
        raise EngineError(
            f"the model in {folder} is not one for the engine recipe; make one with: "
            "python -m facewire_training.recipes.tokens_to_faces.export"
        )
    hearing = [name for name in (FRONT_END, ENCODER) if name in manifest.files]
    graphs = {name: load(read_graph(folder, manifest, name)) for name in (*hearing, DECODER, FACE)}
    _check_joints([graphs[name] for name in hearing], graphs[DECODER], graphs[FACE])
    step = graphs[DECODER].spec.feeds[0].zeros(1).shape[1]
    about = known if isinstance(known, SpeechRows) else known(step)
    _check_rows(about, folder)
    _check_kind(about, graphs[DECODER], folder, manifest)
    _check_styles(about, graphs[DECODER], folder)
    model = RecipeModel(
        manifest,
        about,
        tuple(graphs[name] for name in hearing),
        graphs[DECODER],
        graphs[FACE],
        step=step,
        right=_result_rows(graphs[ENCODER]) - step,
        reach=graphs[FACE].spec.inputs[0].zeros(1).shape[1],
    )
    if graphs[hearing[0]].spec.feeds[0].zeros(1).shape[1:] != (model.hop,):
        raise EngineError(
            f"the encoder in {folder} does not hear {model.hop} samples at a time, as its manifest "
            "says; export it again"
        )
    return model


def _check_rows(about: SpeechRows, folder: Path) -> None:
    """See whether what a manifest says of rows can be.

    Raises:
        EngineError: it cannot.
    """
    try:
        rate, middle = Fraction(about.rate), Fraction(about.middle)
    except (ValueError, ZeroDivisionError):
        rate = middle = Fraction(0)
    possible = 0 < rate <= about.sample_rate and abs(middle) <= MOST_DELAY_ROWS
    if (
        not possible
        or not 0 <= about.delay <= MOST_DELAY_ROWS
        or not (0 <= about.lookahead_ms <= MOST_LOOKAHEAD_MS)
    ):
        raise EngineError(
            f"the manifest in {folder} says of its rows what cannot be (rate, middle, delay or "
            "look-ahead); export the model again"
        )


def _check_kind(about: SpeechRows, decoder: Graph, folder: Path, manifest: Manifest) -> None:
    """See whether rows are to the decoder what a manifest says of them.

    Raises:
        EngineError: they are not.
    """
    rows = decoder.spec.feeds[0].zeros(1)
    takes_ids = rows.dtype == np.int64
    right = about.kind == ("ids" if takes_ids else "features")
    right &= about.codebooks == (rows.shape[2] if takes_ids else 0)
    if right and takes_ids:
        # Elsewhere than on the processor an id too many may go unnoticed, or end the process.
        asked = decoder if decoder.backend == "onnx" else _on_processor(folder, manifest)
        right = about.vocabulary > 0 and takes_id(asked, about.vocabulary - 1)
        right &= not takes_id(asked, about.vocabulary)
    if not right:
        raise EngineError(
            f"the decoder in {folder} takes other rows than its manifest says (kind, codebooks or "
            "vocabulary); export the model again"
        )


def _check_styles(about: SpeechRows, decoder: Graph, folder: Path) -> None:
    """See whether the decoder takes the styles that a manifest names.

    Raises:
        EngineError: it does not.
    """
    taken = [feed.zeros(1).shape[1] for feed in decoder.spec.feeds[2:]]
    named = [len(about.styles)] if about.styles else []
    if taken != named or len(about.shares) != len(about.styles):
        raise EngineError(
            f"the decoder in {folder} takes other styles than its manifest says; export the model "
            "again"
        )


def _on_processor(folder: Path, manifest: Manifest) -> Graph:
    return load_onnx(read_graph(folder, manifest, DECODER))


def _check_joints(encoders: list[Graph], decoder: Graph, face: Graph) -> None:
    """See whether the graphs fit each other.

    Raises:
        EngineError: one has other inputs or results than it has to.
    """
    shape = [len(graph.spec.feeds) for graph in (*encoders, decoder, face)]
    results = [len(graph.spec.results) for graph in (*encoders, decoder, face)]
    hearing = [1] * len(encoders)
    if shape not in ([*hearing, 2, 3], [*hearing, 3, 3]) or results != [1] * len(results):
        raise EngineError(
            "the graphs of the model have other inputs and results than this engine feeds; export "
            "it again with this version of Facewire"
        )
    heard, taken = encoders[-1].spec.results[0], decoder.spec.feeds[0]
    if heard.dtype != taken.dtype or heard.zeros(1).shape[2:] != taken.zeros(1).shape[2:]:
        raise EngineError("the decoder of the model was made for another encoder; export both anew")


def _result_rows(graph: Graph) -> int:
    return int(graph.spec.results[0].zeros(1).shape[1])
