"""What runs in Piper's own Python, without anything of ours: lines of JSON in, sound out.

`python worker.py MODEL.onnx`; how it answers is told in `own_process/process.py`. Of a sentence it
tells `"phones": [[name, samples], ...]`.
"""

import json
import sys
from typing import Any


def main() -> None:
    """Load the model, and speak until standard input ends."""
    from piper import PiperVoice, SynthesisConfig  # type: ignore[import-not-found]

    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no part of the answers
    voice = PiperVoice.load(sys.argv[1], include_alignments=True)
    timed = len(voice.session.get_outputs()) > 1
    _tell(out, {"rate": voice.config.sample_rate, "timed": timed})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            length = voice.config.length_scale / request["speed"]
            manner = SynthesisConfig(length_scale=length)
            for chunk in voice.synthesize(request["text"], manner, include_alignments=timed):
                phones = [[p.phoneme, int(p.num_samples)] for p in chunk.phoneme_alignments or ()]
                _tell(out, {"samples": len(chunk.audio_int16_array), "phones": phones})
                out.write(chunk.audio_int16_bytes)
            _tell(out, {"end": True})
        except Exception as error:
            _tell(out, {"error": str(error) or type(error).__name__})


def _tell(out: Any, answer: dict[str, object]) -> None:
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
