"""What runs in Kokoro's own Python: writes the smallest model it takes, of random weights.

The tagger that its English wants is written too, of a few rules, as a package in `site`.
"""

import json
import sys
from pathlib import Path

import torch

SYMBOLS = (
    ';:,.!?—…"()“” ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧ'
    "ʊʋʌɣɤχʎʒʔˈˌːʰʲᵻ"
)
VOCABULARY = {symbol: number for number, symbol in enumerate(SYMBOLS, 1)}
CONFIG = {
    "vocab": VOCABULARY, "n_token": len(VOCABULARY) + 1, "hidden_dim": 512, "style_dim": 128,
    "n_layer": 1, "max_dur": 4, "dropout": 0.0, "text_encoder_kernel_size": 3, "n_mels": 80,
    "plbert": {
        "hidden_size": 16, "embedding_size": 8, "num_attention_heads": 1, "intermediate_size": 16,
        "max_position_embeddings": 512, "num_hidden_layers": 1,
    },
    # 600 samples a frame as in its own, but 2 x 1 x 300 instead of 2 x 10 x 6 x 5.
    "istftnet": {
        "upsample_rates": [1], "upsample_kernel_sizes": [1], "gen_istft_n_fft": 1200,
        "gen_istft_hop_size": 300, "upsample_initial_channel": 512,
        "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 1, 1]],
    },
}  # fmt: skip
TAGS: dict[str, dict[str, object]] = {
    "NN": {"IS_ALPHA": True}, "CD": {"LIKE_NUM": True}, "DT": {"LOWER": {"IN": ["a", "the"]}},
    ".": {"TEXT": {"IN": [".", "?", "!"]}}, ",": {"TEXT": ","}, "$": {"TEXT": "$"},
}  # fmt: skip


def write_model(folder: Path) -> None:
    """Write config.json, random.pth, and voices for English and Spanish."""
    from kokoro import KModel  # type: ignore[import-not-found]

    torch.manual_seed(0)
    nothing, model = folder / "nothing.pth", folder / "random.pth"
    torch.save({}, nothing)
    network = KModel("hexgrad/Kokoro-82M", config=CONFIG, model=str(nothing))
    nothing.unlink()
    # Without this all symbols last about as long.
    network.bert_encoder.weight.data *= 100
    network.predictor.duration_proj.linear_layer.weight.data *= 100
    torch.save({name: part.state_dict() for name, part in network.named_children()}, model)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "voices").mkdir()
    for name in ("af_random", "em_random"):
        torch.save(torch.randn(510, 1, 256), folder / "voices" / f"{name}.pt")


def write_tagger(site: Path) -> None:
    """Write a package as spaCy's own are."""
    import spacy  # type: ignore[import-not-found]

    name = "en_core_web_sm"
    nlp = spacy.blank("en", meta={"name": "core_web_sm", "version": "0.0.0"})
    tagger = nlp.add_pipe("attribute_ruler", name="tagger")
    for tag, pattern in TAGS.items():
        tagger.add([[pattern]], {"TAG": tag})
    package, installed = site / name, site / f"{name}-0.0.0.dist-info"
    package.mkdir(parents=True)
    installed.mkdir()
    nlp.to_disk(package / f"{name}-0.0.0")
    (package / "meta.json").write_text(json.dumps(nlp.meta))
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n\n\n"
        "def load(**options):\n    return load_model_from_init_py(__file__, **options)\n"
    )
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.0\n")


if __name__ == "__main__":
    write_model(Path(sys.argv[1]))
    write_tagger(Path(sys.argv[1], "site"))
