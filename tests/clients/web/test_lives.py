"""What becomes of the JavaScript client's connections: in Node, and in pages from another origin.

`node/lives.js` lives them with the real server; every promise settles, and Node ends by itself.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Daemon = Callable[..., AbstractContextManager[tuple[str, "subprocess.Popen[str]"]]]

FOLDER = Path(__file__).parent / "node"
MODULES = Path(__file__).parents[3] / "clients" / "web" / "facewire_web"

FIREFOX_SETTINGS = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
}

CODES = {
    "no stream": "no-stream",
    "nothing there": "absent",
    "no such address": "refused",
    "no address": "bad-address",
    "no voice": "unsupported",
    "left": "left",
    "end after leaving": "left",
    "end before opening": "not-open",
    "busy": "busy",
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def skip_unless_ci(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def absent() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"ws://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture(scope="module")
def narrow(daemon: Daemon) -> Iterator[str]:
    """A server with room for one."""
    with daemon("serve", "--port", "0", "--max-sessions", "1") as (url, _):
        yield url


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of a page of another origin, and of what lives there."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(FOLDER)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def start_node(node: str, *arguments: str) -> "subprocess.Popen[str]":
    # Node has WebSockets without being asked from version 22 on.
    flags = ["--experimental-websocket"] if node_version(node) < 22 else []
    return subprocess.Popen(
        [node, *flags, str(FOLDER / "lives.js"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"NODE_NO_WARNINGS": "1"},
    )


def node_version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(done.stdout.removeprefix("v").split(".")[0])


def in_node(node: str, *arguments: str) -> Any:
    with start_node(node, *arguments) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    return json.loads(out.splitlines()[-1])


def check_session(seen: Any) -> None:
    assert seen["names"] == 52
    assert seen["frames"] == seen["sent"] == 60
    assert seen["mistakes"] == ["the listener's", "at the end, too"]


OVERFLOWN = {"dropped": True, "reason": None, "end": "done"}


def check_silence(seen: Any) -> None:
    """Insist that the client was told by how much its later audio lies later."""
    (told,) = seen["told"]
    assert told == seen["last"]
    assert told["start"] == 3_200
    assert told["samples"] == told["total"] > 4_000
    assert seen["frames"] == -(-(6_400 + told["total"]) * 60 // 16_000)


def test_node_is_told_of_silence(require_node: str, narrow: str) -> None:
    check_silence(in_node(require_node, "silence", str(MODULES), narrow))


def test_node_tells_no_secrets(require_node: str) -> None:
    said = in_node(require_node, "secrets", str(MODULES))
    assert len(said) == 4
    assert not [sentence for sentence in said if "s3cret" in sentence]
    assert "“ftp://host/”" in said[1]


def test_node_lives(require_node: str, narrow: str, absent: str) -> None:
    check_session(in_node(require_node, "session", str(MODULES), narrow))
    assert in_node(require_node, "overflow", str(MODULES), narrow) == OVERFLOWN
    assert in_node(require_node, "refusals", str(MODULES), narrow, absent) == CODES


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (signal.SIGTERM, "shut-down"),
        (signal.SIGKILL, "lost"),
        (signal.SIGSTOP, "half-open"),
    ],
    ids=["shut down", "killed", "hangs"],
)
def test_node_notices_how_a_server_goes(
    require_node: str, daemon: Daemon, stop: signal.Signals, code: str
) -> None:
    with (
        daemon("serve", "--port", "0") as (url, server),
        start_node(require_node, "ended", str(MODULES), url) as node,
    ):
        assert node.stdout is not None
        assert json.loads(node.stdout.readline()) == "open"
        server.send_signal(stop)
        seen = json.loads(node.stdout.readline())
        # The farewell waits for a server that hangs, and nothing else does.
        server.send_signal(signal.SIGCONT)
        assert node.wait(30) == 0
    assert seen == {"code": code, "end": code}


def test_node_goes_on_after_it_slept(require_node: str, daemon: Daemon) -> None:
    with (
        daemon("serve", "--port", "0") as (url, server),
        start_node(require_node, "ended", str(MODULES), url) as node,
    ):
        assert node.stdout is not None
        assert json.loads(node.stdout.readline()) == "open"
        node.send_signal(signal.SIGSTOP)
        time.sleep(8)
        node.send_signal(signal.SIGCONT)
        # It hears that the server lives before it could think that it hangs.
        time.sleep(5)
        server.send_signal(signal.SIGTERM)
        out, _ = node.communicate(timeout=60)
    assert json.loads(out)["code"] == "shut-down"


def script(elsewhere: str, name: str, *values: str) -> str:
    call = f"lives.{name}(...{json.dumps(values)})"
    return f"import('{elsewhere}/lives.js').then((lives) => {call}).then(JSON.stringify)"


Evaluate = Callable[[str], Any]


def live_in_page(evaluate: Evaluate, elsewhere: str, narrow: str, absent: str) -> None:
    def live(name: str, *values: str) -> Any:
        return json.loads(evaluate(script(elsewhere, name, narrow, narrow, *values)))

    check_session(live("session"))
    check_silence(live("silence"))
    assert live("overflow") == OVERFLOWN
    assert live("refusals", absent) == CODES


def test_chromium_lives(browser: "Browser", elsewhere: str, narrow: str, absent: str) -> None:
    page = browser.new_page()
    page.goto(f"{elsewhere}/")
    live_in_page(page.evaluate, elsewhere, narrow, absent)
    page.close()


class Firefox:
    """Firefox by WebDriver BiDi: JSON over a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._calls = 0
        self._do("session.new", capabilities={})
        self._page = self._do("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        self._do("browsingContext.navigate", context=self._page, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return what a script returns, as if somebody had just clicked."""
        answer = self._do(
            "script.evaluate",
            expression=expression,
            target={"context": self._page},
            awaitPromise=True,
            userActivation=True,
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def _do(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        self._connection.send(json.dumps(message))
        while (answer := json.loads(self._connection.recv(timeout=60))).get("id") != self._calls:
            pass
        assert answer["type"] == "success", answer
        return answer["result"]


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """Firefox with a microphone and without any other sound device."""
    path = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
    if path is None:
        skip_unless_ci("no Firefox: apt install firefox-esr")
    profile = tmp_path_factory.mktemp("firefox")
    settings = (
        f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in FIREFOX_SETTINGS.items()
    )
    (profile / "user.js").write_text("\n".join(settings))
    process = subprocess.Popen(
        [str(path), "--headless", "--profile", str(profile), "--remote-debugging-port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=os.environ | {"PULSE_SERVER": "unix:/nowhere", "HOME": str(profile)},
    )
    assert process.stderr is not None
    try:
        found = next(filter(None, (re.search(r"ws://\S+", line) for line in process.stderr)))
        # A pipe that nobody reads would stop it one day.
        reader = threading.Thread(target=deque, args=(process.stderr, 0))
        reader.start()
        with connect(f"{found[0]}/session", max_size=None) as connection:
            yield Firefox(connection)
    finally:
        process.terminate()
        process.wait()
        reader.join()
        process.stderr.close()


def test_firefox_lives(firefox: Firefox, elsewhere: str, narrow: str, absent: str) -> None:
    firefox.goto(f"{elsewhere}/")
    live_in_page(firefox.evaluate, elsewhere, narrow, absent)


def wait_for(evaluate: Evaluate, condition: str) -> None:
    deadline = time.monotonic() + 60
    while not evaluate(f"Boolean({condition})"):
        assert time.monotonic() < deadline, condition
        time.sleep(0.1)


def test_firefox_without_a_sound_device_says_so(firefox: Firefox, server: str) -> None:
    firefox.goto(f"{server}/")
    wait_for(firefox.evaluate, "facewire.state === 'no-stream'")
    firefox.evaluate("document.getElementById('speak').click()")
    notice = "document.getElementById('notice').textContent"
    wait_for(firefox.evaluate, f"{notice}.includes('hears nothing')")
    wait_for(firefox.evaluate, "facewire.state === 'no-stream'")


def test_firefox_without_a_sound_device_shows_what_is_typed(firefox: Firefox, server: str) -> None:
    firefox.goto(f"{server}/")
    wait_for(firefox.evaluate, "facewire.speech?.state === 'resting'")
    firefox.evaluate(
        "document.getElementById('say-text').value = 'Bob bought a map, and my puppy ate them.'"
    )
    firefox.evaluate("document.getElementById('say-go').click()")
    wait_for(firefox.evaluate, "facewire.pose.jawOpen > 0.05")
    hint = "document.getElementById('say-hint').textContent"
    wait_for(firefox.evaluate, f"{hint}.includes('plays no sound')")
    wait_for(firefox.evaluate, "facewire.speech.pending === 0")


class WebKit:
    """WebKit by WebDriver: JSON over HTTP."""

    def __init__(self, address: str, browser: str) -> None:
        self._address = address
        wanted = {"webkitgtk:browserOptions": {"binary": browser, "args": ["--automation"]}}
        session = self._do("", capabilities={"alwaysMatch": wanted})["sessionId"]
        self._address = f"{address}/{session}"

    def goto(self, url: str) -> None:
        self._do("/url", url=url)

    def evaluate(self, expression: str) -> Any:
        body = f"({expression}).then(arguments[0], (error) => arguments[0](String(error)))"
        return self._do("/execute/async", script=body, args=[])

    def close(self) -> None:
        urllib.request.urlopen(urllib.request.Request(self._address, method="DELETE")).close()

    def _do(self, path: str, **parameters: Any) -> Any:
        request = urllib.request.Request(
            self._address + path,
            json.dumps(parameters).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


@pytest.fixture(scope="module")
def webkit() -> Iterator[WebKit]:
    browser = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    if browser is None or not shutil.which("WebKitWebDriver") or not shutil.which("xvfb-run"):
        skip_unless_ci("no WebKit: apt install webkit2gtk-driver xvfb xauth")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["xvfb-run", "--auto-servernum", "WebKitWebDriver", f"--port={port}"],
        start_new_session=True,
        env=os.environ | {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"},
    )
    try:
        wait_until_listening(port)
        driver = WebKit(f"http://127.0.0.1:{port}/session", str(browser))
        yield driver
        driver.close()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "WebKit's driver does not start"
            time.sleep(0.1)


def test_webkit_lives(webkit: WebKit, elsewhere: str, narrow: str, absent: str) -> None:
    webkit.goto(f"{elsewhere}/")
    live_in_page(webkit.evaluate, elsewhere, narrow, absent)
