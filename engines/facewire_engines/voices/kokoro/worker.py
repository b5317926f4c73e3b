"""What runs in Kokoro's own Python, without anything of ours: lines of JSON in, sound out.

`python worker.py VOICE.pt MODEL.pth LANGUAGE`, with config.json beside the model; how it answers is
told in `own_process/process.py`. Of a sentence it tells its text, its symbols, how many frames of
25 ms each lasts with the silence before and after them, and for English the tokens:
`"tokens": [[text, space, symbols], ...]`.
"""

import json
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def main() -> None:
    """Load the model, and speak until standard input ends."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no part of the answers
    pipeline, voice = _load(*sys.argv[1:4])
    _tell(out, {"rate": 24_000, "timed": True})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            for told, pcm in _spoken(pipeline, voice, request["text"], request["speed"]):
                _tell(out, told)
                out.write(pcm)
            _tell(out, {"end": True})
        except Exception as error:
            _tell(out, {"error": str(error) or type(error).__name__})


def _load(voice: str, model: str, language: str) -> tuple[Any, Any]:
    if language in "ab" and find_spec("kokoro") and not find_spec("en_core_web_sm"):
        # The package would download it.
        sys.exit("English needs a tagger: python -m spacy download en_core_web_sm")
    import torch
    from kokoro import KModel, KPipeline  # type: ignore[import-not-found]

    device = "cuda" if torch.cuda.is_available() else "cpu"
    repository = "hexgrad/Kokoro-82M"
    config = str(Path(model).parent / "config.json")
    network = KModel(repo_id=repository, config=config, model=model).to(device).eval()
    pipeline = KPipeline(lang_code=language, repo_id=repository, model=network)
    return pipeline, torch.load(voice, map_location="cpu", weights_only=True)


def _spoken(
    pipeline: Any, voice: Any, text: str, speed: float
) -> Iterator[tuple[dict[str, object], bytes]]:
    import torch

    def known(symbols: str | None) -> str:
        return "".join(s for s in symbols or "" if s in pipeline.model.vocab)

    torch.manual_seed(0)  # the same text makes the same files
    # A link would set the pronunciation of its words; text is read, never obeyed.
    for result in pipeline(text.replace("](", "] ("), voice=voice, speed=speed):
        pcm = (result.audio.clamp(-1, 1) * 32_767).to(torch.int16).numpy()
        yield (
            {
                "samples": len(pcm),
                "text": result.graphemes,
                "symbols": known(result.phonemes),
                "frames": result.pred_dur.tolist(),
                "tokens": [[t.text, t.whitespace, known(t.phonemes)] for t in result.tokens or ()],
            },
            pcm.astype("<i2").tobytes(),
        )


def _tell(out: Any, answer: dict[str, object]) -> None:
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
