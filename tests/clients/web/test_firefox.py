"""The page's modules in Firefox: they draw, speak and measure, and a page reports what it found.

No driver: Firefox opens a page of a small server of this test, which is another origin.
"""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]

SWEEP = Path(__file__).with_name("face_sweep.js").read_text()
PATIENCE_S = 90
PREFERENCES = """
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""
PAGE = """<!doctype html><body><script type="module">
const found = { errors: [] };
try {
    await (SWEEP)();
    found.holes = [];
    for (const yaw of [-0.75, -0.5, 0, 0.5, 0.75]) {
        for (const pitch of [-0.4, 0, 0.4]) {
            const pose = `jawOpen:0.4,headYaw:${yaw},headPitch:${pitch},headRoll:0.4`;
            found.holes.push(sweep.holes(pose));
        }
    }
    const seen = (name) => sweep.change("", `${name}:1`).count;
    found.seen = Object.fromEntries(sweep.shapes.map((name) => [name, seen(name)]));
    const { SpeakClient } = await import("SERVER/client/speak_client.js");
    const client = new SpeakClient("SERVER");
    const over = new Promise((resolve, reject) => {
        client.onturnend = resolve;
        client.onclose = reject;
    });
    found.jaw = found.frames = found.samples = 0;
    client.onframe = ({ pose }) => {
        found.frames += 1;
        found.jaw = Math.max(found.jaw, pose.jawOpen);
    };
    client.onaudio = ({ samples }) => { found.samples += samples.length; };
    await client.open({ leadMs: 400 });
    client.say(1, "Bob bought my puppy a map.");
    await over;
    client.close();
} catch (error) {
    found.errors.push(String(error?.stack ?? error?.message ?? error));
}
await fetch("/found", { method: "POST", body: JSON.stringify(found) });
</script></body>"""


class Reports(BaseHTTPRequestHandler):
    """Serves one page, and takes what it found."""

    def __init__(self, page: dict[str, str], found: "Queue[Any]", *rest: Any) -> None:
        self._page, self._found = page, found
        super().__init__(*rest)

    def do_GET(self) -> None:
        self._answer("text/html; charset=utf-8", self._page["text"].encode())

    def do_POST(self) -> None:
        self._found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer("text/plain", b"")

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def firefox(path: str, profile: Path, url: str) -> Iterator[None]:
    (profile / "user.js").write_text(PREFERENCES)
    process = subprocess.Popen(
        [path, "--headless", "--no-remote", "--profile", str(profile), url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_a_page_of_another_origin_draws_and_speaks_in_firefox(
    daemon: Daemon, tmp_path: Path
) -> None:
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("no Firefox: apt install firefox-esr")
    page = {"text": ""}
    found: Queue[Any] = Queue()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Reports, page, found)) as reports:
        threading.Thread(target=reports.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{reports.server_port}"
        with daemon("serve", "--port", "0", "--allow-origin", origin) as (server, _):
            sweep = SWEEP.strip().replace("./", f"{server}/")
            page["text"] = PAGE.replace("SWEEP", sweep).replace("SERVER", server)
            with firefox(path, tmp_path, origin):
                result = found.get(timeout=PATIENCE_S)
        reports.shutdown()
    assert result["errors"] == []
    assert all(hole == {"holes": 0, "loose": 0} for hole in result["holes"])
    assert {name: count for name, count in result["seen"].items() if count < 60} == {}
    assert result["frames"] > 60
    assert result["samples"] > 16_000
    assert result["jaw"] > 0.1
