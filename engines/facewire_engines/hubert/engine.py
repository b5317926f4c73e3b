"""The engine `hubert`: HuBERT over a window, and a causal Transformer that reads faces from it.

It is a model of the engine `recipe` whose encoder is two graphs: the *front end* turns each hop
into features at 50 Hz, and never sees a sample twice; the *encoder* runs once for every hop over
the window of the last features, and says anew what each of its newest rows is in context.

Sizes come from the graphs: `facewire_training.recipes.hubert.export` chose them.
"""

from pathlib import Path

from facewire.errors import EngineError
from facewire_engines.backends.graph import GraphLoader
from facewire_engines.backends.onnx_graph import load_onnx
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.model_files import SpeechRows, read_manifest
from facewire_engines.recipe.engine import RecipeEngine, load_recipe
from facewire_engines.recipe.model import DECODER, ENCODER, FACE, FRONT_END

FEATURE_RATE = 50
STEP_MS = 1000 // FEATURE_RATE


def feature_rows(step: int) -> SpeechRows:
    """Return what HuBERT's features mean, so many of which are a hop.

    The middle of what a feature sees is that of the samples from 80 before its hop of 320 to its
    end. A frame reads the features of the hop that its look-ahead has to wait for.
    """
    return SpeechRows(
        name="hubert",
        rate=str(FEATURE_RATE),
        middle="3/8",
        sample_rate=SAMPLE_RATE,
        kind="features",
        lookahead_ms=step * STEP_MS,
    )


def load_hubert(folder: Path, load: GraphLoader = load_onnx) -> RecipeEngine:
    """Load a model of this kind from a folder, and run it once so that the first frame is fast.

    Args:
        folder: where its manifest is.
        load: the back-end.

    Raises:
        EngineError: a file is missing, damaged, or not a model of this kind, or the back-end
            cannot run it.
    """
    if not {FRONT_END, ENCODER, DECODER, FACE} <= read_manifest(folder).files.keys():
        raise EngineError(
            f"the model in {folder} is not one for the engine hubert; make one with: "
            "python -m facewire_training.recipes.hubert.export"
        )
    return load_recipe(folder, load, feature_rows)
