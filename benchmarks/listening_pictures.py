"""Photographs a listening study on a phone, and draws what simulated raters say of one.

    python benchmarks/listening_pictures.py --out docs/pictures

Needs `pip install playwright statsmodels matplotlib` and Chromium.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

from browser import opened
from facewire_cli.demo import demo_clip
from facewire_training.evaluation.listening.analysis.picture import draw_report
from facewire_training.evaluation.listening.analysis.report import analyse
from facewire_training.evaluation.listening.coverage import SENTENCES, TRUTH
from facewire_training.evaluation.listening.simulated import simulate, study_of
from facewire_training.evaluation.listening.study import Kind

PHONE = (360, 740)
PIECE_S = 2.6
RATERS, CARELESS, SEED = 20, 2, 1
SYSTEMS = ("clear=phones,lookahead=160", "live=phones,lookahead=20", "meter=energy")
RATED = ((0, 82), (1, 31))
"""Sliders that are moved, and to where."""
STANDS = """() => {
    const { performed } = listening;
    if (performed.heardS < 0.3 || performed.drawn.mouthGapPx < 9) return false;
    performed._follow = () => {};
    return true;
}"""
"""Lets the face stand where the mouth is open: a photograph takes its time."""
LISTEN = (sys.executable, "-m", "facewire", "bench", "listen")


def photograph_page(path: Path) -> None:
    """Photograph a screen of a study of the bundled clip while a face speaks."""
    with tempfile.TemporaryDirectory() as folder:
        study = _make(Path(folder))
        server = subprocess.Popen(
            [*LISTEN, "serve", str(study), "--port", "0"], stderr=subprocess.PIPE, text=True
        )
        try:
            assert server.stderr is not None
            found = re.search(r"http://\S+", server.stderr.readline())
            if found is None:
                raise SystemExit("the study is not served")
            _photograph(found[0], path)
        finally:
            server.terminate()
            server.wait()


def _make(folder: Path) -> Path:
    samples, rate = soundfile.read(demo_clip())
    (folder / "sentences").mkdir()
    for place in range(3):
        piece = samples[round(place * PIECE_S * rate) : round((place + 1) * PIECE_S * rate)]
        soundfile.write(folder / "sentences" / f"s{place}.wav", piece, rate)
    systems = [word for system in SYSTEMS for word in ("--system", system)]
    subprocess.run(
        [
            *LISTEN, "make", "--audio", str(folder / "sentences"), *systems,
            "--reference", "clear", "--out", str(folder / "study"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return folder / "study"


def _photograph(url: str, path: Path) -> None:
    with opened(url, PHONE, scale=2) as page:
        page.get_by_role("button", name="I agree: begin").click()
        page.wait_for_function("listening.state")
        for screen in range(2):
            plays = page.locator(".play")
            for place in range(plays.count()):
                plays.nth(place).click()
                page.wait_for_function("!listening.performed.playing")
            sliders = page.locator("input[type=range]")
            rated = RATED if screen else tuple((at, 50) for at in range(sliders.count()))
            for place, value in rated:
                sliders.nth(place).fill(str(value))
            if not screen:
                page.get_by_role("button", name="Next").click()
                page.get_by_text("2 of 6").wait_for()
        page.locator(".play").nth(3).click()
        page.wait_for_function(STANDS)
        page.screenshot(path=path)


def draw_result(path: Path) -> None:
    """Draw the analysis of a simulated study."""
    study = study_of(TRUTH, Kind.MUSHRA, SENTENCES, SENTENCES)
    _, ratings = simulate(study, TRUTH, RATERS, SEED, CARELESS)
    draw_report(path, analyse(study, ratings), ratings)


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    arguments = parser.parse_args()
    photograph_page(arguments.out / "listening-phone.png")
    draw_result(arguments.out / "listening-result.png")


if __name__ == "__main__":
    main()
