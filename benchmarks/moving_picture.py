"""Make the README's moving picture: the viewer page's face while the bundled clip speaks.

    python benchmarks/moving_picture.py --out docs/pictures/moving.webp

The first sentences of the clip go through the embedded model and the face stage as a microphone's
audio would; the page's own drawing and curves show each frame, beside the words and the sound. The
picture loops without a jump because idle motion is taken from the seed that ends as it begins.
Needs Chromium, ffmpeg and `pip install -e ".[train]" playwright`.
"""

import argparse
import math
import subprocess
import tempfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from browser import opened
from facewire import arkit
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, StreamSpec
from facewire_cli.bench.server_process import serving
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_training.data.align import align, pronounced, pronunciations
from facewire_training.data.recognisers import embedded_posteriors
from viseme_pictures import CLIP, LOOKAHEAD_MS, TEXT

SPOKEN = "Hello. I am a face that moves as you speak. Bob bought my puppy a map."
"""What is shown of the clip."""
SPOKEN_S = 4.45
LOOP_S = 5.0
"""The rest is silence, in which the face comes to rest."""
FRAME_RATE = Fraction(25)
SEEDS = 400
"""Of idle motion, among which the one that ends as it begins is looked for."""
BLINK = arkit.NAMES.index("eyeBlinkLeft")
CLOSED = 0.9
SIZE = (640, 360)
SCRIPT = Path(__file__).with_suffix(".js")
SCALE = 1.25
"""Pixels of the picture for each of the page."""
QUALITY = 75


def spoken(engine: PhonesEngine, samples: Samples) -> list[BlendshapeFrame]:
    """Return what a live session's engine says of the sound, a frame for each of the loop."""
    session = engine.session(frame_rate=FRAME_RATE, lookahead_ms=LOOKAHEAD_MS)
    frames = session.push(AudioChunk(samples, 0, SAMPLE_RATE)) + session.flush()
    return frames[: round(LOOP_S * FRAME_RATE)]


def alive(frames: list[BlendshapeFrame], seed: int) -> list[BlendshapeFrame]:
    """Return the frames as the face stage shows them."""
    face = make_face(StreamSpec(frame_rate=FRAME_RATE), seed=seed)
    return [face.apply(frame) for frame in frames]


def moved(before: BlendshapeFrame, after: BlendshapeFrame) -> float:
    """Return how far a face moves from one frame to another: weights, and tenths of a radian."""
    turned = np.abs(np.subtract(after.head, before.head)).sum()
    return float(np.abs(after.weights - before.weights).sum() + 10 * turned)


def jump(frames: list[BlendshapeFrame]) -> float:
    """Return how far the face moves where the loop begins anew; infinity if it never blinks."""
    blinks = max(frame.weights[BLINK] for frame in frames) > CLOSED
    return moved(frames[-1], frames[0]) if blinks else math.inf


def words_of(engine: PhonesEngine, samples: Samples) -> list[tuple[str, float, float]]:
    """Return each word as it is written, and its beginning and end in seconds.

    Raises:
        ConfigError: pocketsphinx is not installed.
        ValueError: the text is not that of the clip.
    """
    pronounce = pronunciations()
    found = align(embedded_posteriors(engine, samples), pronounced(TEXT, pronounce))
    if found is None:
        raise ValueError("the clip does not say the text")
    phones = iter([phone for phone in found if phone.phone_index])
    words = []
    for written, word in zip(SPOKEN.split(), TEXT.split(), strict=False):
        said = [next(phones) for _ in pronounce(word)]
        words.append((written, said[0].start_s, said[-1].end_s))
    return words


def pose_of(frame: BlendshapeFrame) -> dict[str, Any]:
    """Return the page's form of a frame."""
    weights = map(float, frame.weights)
    return {**dict(zip(arkit.NAMES, weights, strict=True)), "head": list(frame.head)}


def photograph(clip: dict[str, Any], every: int, folder: Path) -> None:
    """Have the page draw every so many frames of the loop, and write each as a PNG."""
    with serving() as server, opened(f"http://{server.address}/?pose=", SIZE, scale=SCALE) as page:
        page.evaluate(
            "async ([source, clip]) => {"
            " const { film } = await import(`data:text/javascript,${encodeURIComponent(source)}`);"
            " window.drawFrame = await film(clip, location.origin); }",
            [SCRIPT.read_text("utf-8"), clip],
        )
        for index in range(0, len(clip["poses"]), every):
            page.evaluate("index => window.drawFrame(index)", index)
            page.screenshot(path=folder / f"{index // every:04d}.png")


def put_together(folder: Path, frame_rate: Fraction, picture: Path) -> None:
    """Write the frames of a folder as one picture that moves for ever."""
    read = ["-framerate", str(frame_rate), "-i", f"{folder}/%04d.png"]
    write = ["-c:v", "libwebp_anim", "-quality", str(QUALITY), "-compression_level", "6"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *read, *write, "-loop", "0", picture], check=True
    )


def loop(engine: PhonesEngine, clip: Samples) -> dict[str, Any]:
    """Return what `moving_picture.js` shows."""
    samples = np.zeros(round(LOOP_S * SAMPLE_RATE), np.float32)
    samples[: round(SPOKEN_S * SAMPLE_RATE)] = clip[: round(SPOKEN_S * SAMPLE_RATE)]
    heard = spoken(engine, samples)
    frames = min((alive(heard, seed) for seed in range(SEEDS)), key=jump)
    steps = [moved(a, b) for a, b in pairwise(frames)]
    print(
        f"the face moves by {moved(frames[-1], frames[0]):.2f} from the last frame to the first, "
        f"elsewhere by {min(steps):.2f} to {max(steps):.2f}"
    )
    levels = np.abs(samples).reshape(-1, SAMPLE_RATE // 100).max(1)
    return {
        "words": words_of(engine, clip),
        "levels": (levels / levels.max()).tolist(),
        "interval": float(1 / FRAME_RATE),
        "poses": [pose_of(frame) for frame in frames],
    }


def main() -> None:
    """Animate, align, photograph, and put the frames together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    parser.add_argument("--every", type=int, default=1, help="leave out all but every N-th frame")
    parser.add_argument("--frames", type=Path, help="folder that keeps the frames as PNG")
    arguments = parser.parse_args()
    clip = np.asarray(soundfile.read(CLIP, dtype="float32")[0], np.float32)
    shown = loop(load_embedded(), clip)
    with tempfile.TemporaryDirectory() as kept:
        folder = arguments.frames or Path(kept)
        folder.mkdir(parents=True, exist_ok=True)
        photograph(shown, arguments.every, folder)
        put_together(folder, FRAME_RATE / arguments.every, arguments.out)


if __name__ == "__main__":
    main()
