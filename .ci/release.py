"""Build all that is published, check it, and use it where nothing else is.

What passes is in dist/, ready to be published, which is a person's step (docs/releasing.md).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
CI = ROOT / ".ci"
CLIENT_NEEDS = {"facewire-client", "msgspec", "numpy", "websockets"}


def run(*command: str | Path, cwd: Path = ROOT, quiet: bool = False) -> str:
    """Run a program, and return what it printed; end where it fails."""
    result = subprocess.run([*map(str, command)], cwd=cwd, stdout=subprocess.PIPE, text=True)
    if result.stdout and not quiet:
        print(result.stdout.strip(), flush=True)
    if result.returncode:
        sys.exit(f"{Path(command[0]).name} {' '.join(map(str, command[1:]))} failed")
    return result.stdout


def build() -> tuple[Path, Path]:
    """Build into an empty dist/, check what is said in it, and return the wheels of both."""
    shutil.rmtree(DIST, ignore_errors=True)
    for project in (ROOT, ROOT / "clients" / "python"):
        run(sys.executable, "-m", "build", "--outdir", DIST, project, quiet=True)
    run(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
    (wheel,) = DIST.glob("facewire-*.whl")
    (client,) = DIST.glob("facewire_client-*.whl")
    return wheel, client


def pack_web_client(version: str, folder: Path, to: Path = DIST) -> Path:
    """Pack the web client for npm, with what draws avatars."""
    package = folder / "package"
    shutil.copytree(
        ROOT / "clients" / "web" / "facewire_web",
        package,
        ignore=shutil.ignore_patterns("*.py", "py.typed", "__pycache__"),
    )
    shutil.copy(ROOT / "LICENSE", package)
    about = json.loads((package / "package.json").read_text())
    del about["private"]
    (package / "package.json").write_text(json.dumps({**about, "version": version}, indent=2))
    name = run("npm", "pack", "--silent", "--pack-destination", to, cwd=package, quiet=True)
    return to / name.strip()


def environment(folder: Path, wheel: Path) -> Path:
    """Make an empty environment, install a wheel into it, and return where its programs are."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel)
    return programs


def try_out(wheel: Path, programs: Path, folder: Path) -> Path:
    """Use the wheel away from the checkout, and return the speech that it brings as samples."""
    facewire = programs / "facewire"
    version = wheel.name.split("-")[1]
    if version not in run(facewire, "--version", cwd=folder):
        sys.exit(f"the wheel does not call itself {version}")
    find = "from facewire_cli.demo import demo_clip; print(demo_clip())"
    clip = run(programs / "python", "-c", find, cwd=folder).strip()
    if ROOT / "runtime" in Path(clip).parents:
        sys.exit("the wheel was not tried, but the checkout")
    run(facewire, "animate", clip, "-o", "face.csv", cwd=folder)
    if len((folder / "face.csv").read_text().splitlines()) < 500:
        sys.exit("the wheel made too few faces")
    # The page, what draws avatars on it, and the client come with it.
    check = (
        "import facewire_client; from importlib.resources import files; "
        "(files('facewire_web') / 'bundle' / 'avatar.js').read_bytes(); "
        "print('page, avatars and client are there')"
    )
    run(programs / "python", "-c", check, cwd=folder)
    read = (
        "import numpy, soundfile; samples, rate = soundfile.read({!r}, dtype='float32'); "
        "numpy.savez('speech.npz', samples=samples, sample_rate=rate)"
    )
    run(programs / "python", "-c", read.format(clip), cwd=folder)
    return folder / "speech.npz"


def try_vmc(programs: Path, folder: Path) -> None:
    """Send the clip to a VRM avatar from the wheel, and decode what comes."""
    run(programs / "python", "-I", CI / "try_vmc.py", programs / "facewire", cwd=folder)


@contextmanager
def serving(programs: Path, folder: Path) -> Iterator[str]:
    """Run a server, and say where."""
    command = [programs / "facewire", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            for line in server.stderr:
                if url := next((word for word in line.split() if word.startswith("http")), None):
                    yield url
                    break
            else:
                sys.exit("the server served nothing")
        finally:
            server.terminate()


def try_client(client: Path, url: str, speech: Path, folder: Path) -> None:
    """Install the client's wheel where nothing else is, and use it against a server."""
    programs = environment(folder / "client", client)
    listed = run(programs / "python", "-m", "pip", "list", "--format", "json", quiet=True)
    found = {package["name"] for package in json.loads(listed)} - {"pip", "setuptools"}
    if found != CLIENT_NEEDS:
        sys.exit(f"the client brings {sorted(found)}, not {sorted(CLIENT_NEEDS)}")
    run(programs / "python", "-I", CI / "try_client.py", url, speech, cwd=folder)


def try_web_client(package: Path, url: str, folder: Path) -> None:
    """Install the web client where nothing else is, and use it in Node against a server."""
    place = folder / "web"
    place.mkdir()
    run("npm", "install", "--silent", "--offline", "--no-audit", package, cwd=place)
    shutil.copy(CI / "try_client.mjs", place)
    # Node has WebSockets without being asked from version 22 on.
    old = int(run("node", "--version", quiet=True).removeprefix("v").split(".")[0]) < 22
    flags = ["--no-warnings", "--experimental-websocket"] if old else []
    run("node", *flags, "try_client.mjs", url, cwd=place)


def main(folder: Path) -> None:
    """Build, and try all of it."""
    wheel, client = build()
    web_client = pack_web_client(wheel.name.split("-")[1], folder)
    programs = environment(folder / "all", wheel)
    speech = try_out(wheel, programs, folder)
    try_vmc(programs, folder)
    with serving(programs, folder) as url:
        try_client(client, url, speech, folder)
        try_web_client(web_client, url, folder)
    print("ready:", *sorted(path.name for path in DIST.iterdir()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch))
