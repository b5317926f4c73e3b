"""HuBERT's weights: from a folder, from the hub's cache on this machine, or random."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

SAMPLE_RATE = 16_000
HOP = 320
"""Samples of one feature."""
BEFORE = 80
"""Samples before its hop that a feature sees."""

SIZES: dict[str, dict[str, Any]] = {
    "base": {},
    "tiny": {
        "conv_dim": (16,) * 7,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
    },
}
"""Settings in which an architecture differs from HuBERT-base (Hsu et al. 2021, table 1)."""


def load_transformers() -> Any:
    """Return the `transformers` module.

    Raises:
        ConfigError: it is not installed, or does not load here.
    """
    # Its top module imports nothing; what fails, such as a torchaudio of another torch, is below.
    need = "HuBERT's networks come from transformers"
    hint = "uninstall a torchaudio that does not fit torch"
    import_optional("transformers.models.hubert.modeling_hubert", need, "train", hint=hint)
    return import_module("transformers")


def random_hubert(size: str, seed: int = 0) -> Any:
    """Return a `transformers.HubertModel` of random weights, of a size from `SIZES`."""
    transformers = load_transformers()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = transformers.HubertConfig(**SIZES[size], attn_implementation="eager")
        return transformers.HubertModel(config).eval()


def load_hubert(source: str) -> tuple[Any, bool]:
    """Load weights that are on this machine, in the layout of the Hugging Face hub.

    Args:
        source: a folder with `config.json` and `model.safetensors` or `pytorch_model.bin`, or a
            name such as `facebook/hubert-base-ls960` that is in the hub's cache.

    Returns:
        The `transformers.HubertModel`, and whether it was trained on utterances that were brought
        to zero mean and unit variance.

    Raises:
        ConfigError: there are no such weights here, or they are not those of a HuBERT.
    """
    transformers = load_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(source, local_files_only=True)
        if config.model_type != "hubert":
            raise ConfigError(f"{source} holds a {config.model_type} model, not a HuBERT")
        model, loading = transformers.HubertModel.from_pretrained(
            source, local_files_only=True, attn_implementation="eager", output_loading_info=True
        )
    except ConfigError:
        raise
    except Exception as error:  # of safetensors and pickle, too, with classes of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"there are no weights of a HuBERT at {source!r} ({reason}); give a folder with "
            "config.json and model.safetensors, or fetch them first with: "
            f"hf download {source}"
        ) from error
    missing = [name for name in loading["missing_keys"] if name != "masked_spec_embed"]
    if missing:
        raise ConfigError(
            f"the weights at {source!r} lack {len(missing)} tensors of a HuBERT, such as "
            f"{sorted(missing)[0]!r}; download them again"
        )
    return model.eval(), _wants_normalised_samples(source)


def _wants_normalised_samples(source: str) -> bool:
    """Read `do_normalize` of the preprocessor; true where nothing is said, as in transformers."""
    hub = import_module("transformers.utils.hub")
    name = "preprocessor_config.json"
    found = hub.cached_file(
        source, name, local_files_only=True, _raise_exceptions_for_missing_entries=False
    )
    return bool(json.loads(Path(found).read_text()).get("do_normalize", True)) if found else True
