"""Photographs the viewer page: the bundled clip, what was typed, and an answer.

    python benchmarks/page_pictures.py --out docs/pictures

Needs `pip install playwright` and Chromium, and a machine that does nothing else: the page shows
what it measures.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from agent_page import questions
from browser import Scheme, listening_to, opened
from facewire_cli.bench.server_process import serving
from facewire_cli.demo import demo_clip

DESKTOP = (1280, 800)
PHONE = (360, 740)
CLIP_S = 7
"""Where in the clip it is photographed, from the next open mouth on: the curves are full then."""
GREETING = "Hello there."
"""Its lead is known when it is over, and stands beside the next text."""
TYPED = (
    "Any program can give me words, while it is still thinking about the next ones. "
    "My lips know what they will say, before there is any sound. "
    "So my face and my voice stay together, however long we talk, and whatever you ask me to say."
)
SPOKEN_MS = 9_000
TALKED_MS = 3_500
AVATAR = (640, 360)
"""Software draws 3D slowly."""


def photograph_clip(path: Path) -> None:
    """Photograph the page at the live stream of the bundled clip."""
    with serving("live", "--demo") as server, opened(f"http://{server.address}/", DESKTOP) as page:
        page.wait_for_function(
            f"facewire.lastFrame?.timestamp > {CLIP_S} * facewire.hello?.sample_rate"
            " && facewire.drawn.mouthGapPx > 8"
        )
        page.screenshot(path=path)


def photograph_typed(path: Path, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light") -> None:
    """Photograph the page while it says a text and another one is being typed."""
    with serving() as server, opened(f"http://{server.address}/", size, scheme) as page:
        box, go = page.get_by_label("What the face says"), page.get_by_role("button", name="Say")
        box.fill(GREETING)
        go.click()
        page.wait_for_function(r"/\d/.test(document.getElementById('sync-lead').textContent)")
        box.fill(TYPED)
        go.click()
        page.wait_for_timeout(SPOKEN_MS)
        box.fill("Type the next one while it speaks")
        page.wait_for_function("facewire.drawn.mouthGapPx > 8")
        page.screenshot(path=path)


def photograph_talk(path: Path) -> None:
    """Photograph the page while it answers what its microphone heard."""
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / "question.wav"
        questions(heard, count=1)
        with (
            serving("serve", "--agent", "canned") as server,
            opened(f"http://{server.address}/", DESKTOP, arguments=listening_to(heard)) as page,
        ):
            page.get_by_role("button", name="Talk").click()
            page.wait_for_function("facewire.dialogue.turns[0]?.soundMs")
            page.wait_for_timeout(TALKED_MS)
            page.wait_for_function("facewire.drawn.mouthGapPx > 8")
            page.screenshot(path=path)


def photograph_avatar(path: Path, file: Path) -> None:
    """Photograph the face alone while somebody's avatar speaks the bundled clip, over and over."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving("live", "--input", _again(Path(folder) / "demo.wav")) as server,
        opened(f"http://{server.address}/?view=face", AVATAR) as page,
    ):
        page.wait_for_function("document.getElementById('avatar').dataset.ready")
        page.set_input_files("#avatar-file", file)
        page.wait_for_function("facewire.avatar && facewire.drawn.weights.jawOpen > 0.1")
        page.screenshot(path=path)


def _again(path: Path) -> str:
    samples, rate = soundfile.read(demo_clip(), dtype="int16")
    soundfile.write(path, np.tile(samples, 6), rate)
    return str(path)


def main() -> None:
    """Photograph all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--avatar", type=Path, help="photograph this GLB or VRM, and nothing else")
    arguments = parser.parse_args()
    folder = arguments.out
    if arguments.avatar:
        photograph_avatar(folder / "avatar.png", arguments.avatar)
        return
    photograph_clip(folder / "viewer.png")
    photograph_talk(folder / "talking.png")
    photograph_typed(folder / "speaking.png")
    photograph_typed(folder / "speaking-phone.png", PHONE, "dark")


if __name__ == "__main__":
    main()
