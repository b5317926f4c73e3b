"""The study's server as a process of its own, and a browser's way to it without a browser."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SERVE = (sys.executable, "-m", "facewire", "bench", "listen", "serve")


class Server:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def ask(
        self, path: str, sent: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            if sent is None:
                connection.request("GET", path, headers=headers or {})
            else:
                body = sent if isinstance(sent, bytes) else json.dumps(sent)
                connection.request("POST", path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def json(self, path: str, sent: object = None) -> Any:
        status, body = self.ask(path, sent)
        assert status == 200, body
        return json.loads(body)

    def rate(self, rater: str, screen: dict[str, Any], values: dict[str, int]) -> Any:
        plays = dict.fromkeys(screen["slots"], 1)
        answer = {
            "rater": rater, "screen": screen["screen"], "ratings": values, "plays": plays,
            "seconds": 12.5,
        }  # fmt: skip
        return self.json("/api/answer", answer)


@contextmanager
def serving(folder: Path, *options: str, port: int = 0) -> Iterator[Server]:
    process = subprocess.Popen(
        [*SERVE, str(folder), "--port", str(port), *options],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
    if found is None:
        process.kill()
        pytest.fail(line + process.stderr.read())
    try:
        yield Server(process, int(found[1]))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
