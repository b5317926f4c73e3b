"""Build the wheel and the source archive, check them, and run the wheel where nothing else is.

What passes is in dist/, ready for `twine upload`, which is a person's step.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


def run(*command: str | Path, cwd: Path = ROOT, quiet: bool = False) -> str:
    """Run a program, and return what it printed; end where it fails."""
    result = subprocess.run([*map(str, command)], cwd=cwd, stdout=subprocess.PIPE, text=True)
    if result.stdout and not quiet:
        print(result.stdout.strip(), flush=True)
    if result.returncode:
        sys.exit(f"{Path(command[0]).name} {' '.join(map(str, command[1:]))} failed")
    return result.stdout


def build() -> Path:
    """Build both archives from an empty dist/, check what is said in them, and return the wheel."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST, quiet=True)
    run(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
    (wheel,) = DIST.glob("*.whl")
    return wheel


def try_out(wheel: Path, folder: Path) -> None:
    """Install a wheel into an empty environment, away from the checkout, and use it."""
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel)
    facewire = programs / "facewire"
    version = wheel.name.split("-")[1]
    if version not in run(facewire, "--version", cwd=folder):
        sys.exit(f"the wheel does not call itself {version}")
    find = "from facewire_cli.commands.live import demo_clip; print(demo_clip())"
    clip = run(programs / "python", "-c", find, cwd=folder).strip()
    if ROOT in Path(clip).parents:
        sys.exit("the wheel was not tried, but the checkout")
    run(facewire, "animate", clip, "-o", "face.csv", cwd=folder)
    if len((folder / "face.csv").read_text().splitlines()) < 500:
        sys.exit("the wheel made too few faces")
    # The page and the client come with it.
    check = "import facewire_web, facewire_client; print('page and client are there')"
    run(programs / "python", "-c", check, cwd=folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        try_out(build(), Path(scratch))
    print("ready:", *sorted(path.name for path in DIST.iterdir()))
