"""Photograph the viewer page while the embedded model says p, b, m, f, v, o, u and th.

    python benchmarks/viseme_pictures.py --out docs/pictures/visemes.png

The bundled clip goes through the model as a microphone's audio would; forced alignment of its text
tells when each sound is said, and the page draws the frame at its middle. Needs Chromium and
`pip install -e ".[train]" playwright`.
"""

import argparse
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import facewire
from browser import opened
from facewire import arkit
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire_cli.bench.server_process import serving
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.align import align, pronounced, pronunciations
from facewire_training.data.recognisers import embedded_posteriors

CLIP = Path(facewire.__file__).parent / "assets" / "demo.flac"
TEXT = (
    "hello i am a face that moves as you speak bob bought my puppy a map five foxes vanished over "
    "the river you chose two blue shoes now it is your turn"
)
SOUNDS: tuple[tuple[str, str], ...] = (
    ("p", "pu·pp·y"), ("b", "b·ought"), ("m", "m·ap"), ("f", "f·oxes"), ("v", "fi·v·e"),
    ("ow", "ch·o·se"), ("uw", "bl·ue·"), ("aa", "f·o·xes"), ("iy", "sp·ea·k"), ("dh", "·th·e"),
)  # fmt: skip
"""A phone and the word to show it in, the letters that write it between dots."""
SIZE = (640, 640)
LOOKAHEAD_MS = 80.0


def frames_of(engine: PhonesEngine, samples: Samples) -> list[BlendshapeFrame]:
    """Return what a live session shows of a clip, at 60 frames/s."""
    session = engine.session(frame_rate=Fraction(60), lookahead_ms=LOOKAHEAD_MS)
    return session.push(AudioChunk(samples, 0, SAMPLE_RATE)) + session.flush()


def moments(engine: PhonesEngine, samples: Samples) -> list[tuple[str, float]]:
    """Return a caption and the middle in seconds of each of the sounds.

    Raises:
        ConfigError: pocketsphinx is not installed.
        ValueError: the text is not that of the clip.
    """
    pronounce = pronunciations()
    found = align(embedded_posteriors(engine, samples), pronounced(TEXT, pronounce))
    if found is None:
        raise ValueError("the clip does not say the text")
    spoken = [phone for phone in found if phone.phone_index]
    places = []
    for sound, written in SOUNDS:
        word = written.replace("·", "")
        said: list[str] = list(TEXT.split())
        before = [pronounce(one) for one in said[: said.index(word)]]
        first = sum(map(len, before))
        inside = pronounce(word).index(INDEX[sound])
        phone = spoken[first + inside]
        places.append((f"{sound}  {written}", (phone.start_s + phone.end_s) / 2))
    return places


def photograph(poses: list[str]) -> list[np.ndarray[Any, Any]]:
    """Return a picture [H, W, 4] of the page's face in each pose."""
    from matplotlib.image import imread

    pictures = []
    with serving() as server, opened(f"http://{server.address}/", SIZE) as page:
        for pose in poses:
            page.goto(f"http://{server.address}/?view=face&pose={pose}")
            page.wait_for_function("window.facewire?.drawn.scale > 0")
            pictures.append(imread(io.BytesIO(page.locator("canvas").first.screenshot())))
    return pictures


def draw(path: Path, captions: list[str], pictures: list[np.ndarray[Any, Any]]) -> None:
    """Write the pictures in two rows."""
    from matplotlib.figure import Figure

    columns = (len(pictures) + 1) // 2
    figure = Figure(figsize=(2.2 * columns, 5.4), layout="constrained")
    axes = figure.subplots(2, columns)
    for axis, caption, picture in zip(axes.flat, captions, pictures, strict=True):
        height, width = picture.shape[:2]
        axis.imshow(picture[height // 4 : height * 4 // 5, width // 4 : width * 3 // 4])
        axis.set_title(caption, fontsize=11)
        axis.set_axis_off()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Parse the command line, animate, align, photograph."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    path = parser.parse_args().out
    engine = load_embedded()
    samples = np.asarray(soundfile.read(CLIP, dtype="float32")[0], np.float32)
    frames = frames_of(engine, samples)
    said = moments(engine, samples)
    poses = []
    for caption, middle_s in said:
        weights = frames[round(middle_s * 60)].weights
        shown = [
            f"{name}:{w:.3f}" for name, w in zip(arkit.NAMES, weights, strict=True) if w > 0.004
        ]
        poses.append(",".join(shown))
        print(caption, f"{middle_s:.2f} s")
    draw(path, [caption for caption, _ in said], photograph(poses))


if __name__ == "__main__":
    main()
