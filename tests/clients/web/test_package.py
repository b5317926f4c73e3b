"""The npm package `facewire`, installed where nothing else is: a page of ten lines, and types."""

import base64
import functools
import importlib.util
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.web.tiny_glb import tiny_glb
from tests.conftest import skip_unless_ci

from facewire import arkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]
Launch = Callable[..., "Browser"]

ROOT = Path(__file__).parents[3]
WEB = ROOT / "clients" / "web"
TSC = WEB / "node_modules" / ".bin" / "tsc"
FAKE_MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
STRICT = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2023,dom", "--types", ""]

MEMBERS = """async ([declared, server]) => {
    const all = await import("facewire");
    const nobody = new Proxy({}, { get: () => () => {} });
    const made = {
        FaceError: () => new all.FaceError("No.", "no"),
        FaceClient: () => new all.FaceClient(server),
        SpeakClient: () => new all.SpeakClient(server),
        SpeechPlayer: () => new all.SpeechPlayer(server, nobody),
        RealtimeFaces: () => new all.RealtimeFaces(),
        FramePlayout: () => new all.FramePlayout(),
        ProvisionalBlend: () => new all.ProvisionalBlend(),
        FaceView: () => new all.FaceView(document.createElement("canvas")),
        SoundPlayer: () => new all.SoundPlayer(),
        Microphone: () => all.Microphone.open(),
        MicrophoneError: () => new all.MicrophoneError("No."),
    };
    const missing = [];
    for (const [name, members] of Object.entries(declared)) {
        const one = await made[name]();
        const absent = members.filter((member) => !(member in one));
        missing.push(...absent.map((member) => `${name}.${member}`));
        one.close?.();
    }
    return [missing, Object.keys(all).sort()];
}"""
AVATAR_IMPORT = '"facewire/avatar": "./node_modules/facewire/bundle/avatar.js"'
AVATAR = """async (data) => {
    const { AvatarView } = await import("facewire/avatar");
    const canvas = document.createElement("canvas");
    document.body.append(canvas);
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0)).buffer;
    const view = await AvatarView.open(canvas, bytes);
    const { weights } = view.draw({ jawOpen: 0.5 });
    view.close();
    return weights.jawOpen;
}"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, require_node: str) -> Path:
    """A folder with the package, as npm makes and installs it, and nothing else."""
    if shutil.which("npm") is None:
        skip_unless_ci("no npm: apt install npm")
    if not (WEB / "facewire_web" / "bundle" / "avatar.js").is_file():
        skip_unless_ci("no bundle of avatars: make web, which needs npm")
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    release: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(release)
    folder = tmp_path_factory.mktemp("web")
    package = release.pack_web_client("1.2.3", folder, folder)
    command = ["npm", "install", "--silent", "--offline", "--no-audit", str(package)]
    subprocess.run(command, cwd=folder, check=True)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{files.server_address[1]}"
        files.shutdown()


def declarations() -> str:
    return (WEB / "facewire_web" / "index.d.ts").read_text()


def classes() -> dict[str, list[str]]:
    """The classes of the types, each with its members that are not static."""
    found = {}
    for name, base, body in re.findall(
        r"^export class (\w+)(?: extends (\w+))? \{(?:\}|\n(.*?)^\})$", declarations(), re.M | re.S
    ):
        members = re.findall(r"^  (?:readonly )?(\w+)(?=[(?:])", body, re.M)
        assert base in ("", "Error", "Connection")
        found[name] = [member for member in members if member != "constructor"]
    return found


def test_ten_lines_show_the_live_face(
    installed: Path, daemon: Daemon, launch: Launch, demo_again_and_again: str
) -> None:
    readme = (WEB / "facewire_web" / "README.md").read_text()
    (page_text,) = re.findall(r"```html\n(.*?)```", readme, re.S)
    assert len(page_text.splitlines()) <= 10
    assert "ws://127.0.0.1:8765" in page_text
    live = ("live", "--input", demo_again_and_again, "--port", "0")
    browser = launch("--enable-unsafe-swiftshader", *FAKE_MICROPHONE)
    with daemon(*live) as (url, _), served(installed) as place:
        text = page_text.replace("ws://127.0.0.1:8765", url.replace("http", "ws"))
        text = text.replace('index.js" }', f'index.js", {AVATAR_IMPORT} }}')
        (installed / "page.html").write_text(text)
        page = browser.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{place}/page.html")
        pictures: set[str] = set()
        while len(pictures) < 5:
            page.wait_for_timeout(200)
            pictures.add(page.evaluate("document.getElementById('face').toDataURL()"))
        missing, exported = page.evaluate(MEMBERS, [classes(), url])
        assert missing == []
        declared = re.findall(r"^export (?:const|function|class) (\w+)", declarations(), re.M)
        assert exported == sorted(declared)
        data = base64.b64encode(tiny_glb(arkit.NAMES)).decode()
        assert page.evaluate(AVATAR, data) == pytest.approx(0.5)
        assert wrong == []
    browser.close()


@pytest.mark.parametrize("module", ["nodenext", "preserve"])
def test_its_types_are_those_of_a_strict_program(installed: Path, module: str) -> None:
    if not TSC.is_file():
        skip_unless_ci("no TypeScript: make web, which needs npm")
    (installed / "package.json").write_text('{ "type": "module" }')
    shutil.copy(Path(__file__).with_name("consumer.ts"), installed)
    done = subprocess.run(
        [str(TSC), *STRICT, "--module", module, "consumer.ts"],
        cwd=installed, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_lock_file_names_no_registry() -> None:
    lock = (WEB / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert "resolved" not in lock
    assert "://" not in re.sub(r'"funding": \{.*?\}|"url": "[^"]*"', "", lock, flags=re.S)
