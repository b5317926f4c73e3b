"""The page under a path of a real proxy that speaks TLS, with the prefix stripped and without."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.free_port import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Daemon = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[str]]]]

PATIENCE_S = 30

CONFIG = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    location /facewire/ {{
      proxy_pass {target};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }}
  }}
}}
"""


WATCH = """
import asyncio, ssl, sys
from facewire_client import FaceViewer

async def main(url, certificate):
    tls = ssl.create_default_context(cafile=certificate)
    async with FaceViewer(url, audio=True, tls=tls) as viewer:
        frames = 0
        async for _ in viewer:
            frames += 1
            if frames == 10:
                return print(viewer.hello.engine, frames)

asyncio.run(main(*sys.argv[1:]))
"""


@contextmanager
def proxied(folder: Path, certificate: tuple[Path, Path], target: str) -> Iterator[str]:
    """Run nginx before a server, and say where the page is then."""
    if shutil.which("nginx") is None:
        pytest.skip("no nginx: apt install nginx-light")
    port = free_port()
    (folder / "nginx.conf").write_text(
        CONFIG.format(
            folder=folder, port=port, target=target, cert=certificate[0], key=certificate[1]
        )
    )
    nginx = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert nginx.poll() is None
            assert time.monotonic() < deadline
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"https://127.0.0.1:{port}/facewire/"
    finally:
        nginx.terminate()
        nginx.wait()


@pytest.mark.parametrize(
    ("arguments", "path"),
    [((), "/"), (("--base-path", "/facewire"), ""), (("--base-path", "/facewire"), "/")],
    ids=["stripped", "not stripped", "stripped, and told"],
)
def test_the_page_finds_its_server_under_the_path_of_a_proxy(
    browser: "Browser",
    daemon: Daemon,
    demo_again_and_again: str,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    arguments: tuple[str, ...],
    path: str,
) -> None:
    with (
        daemon(
            "live", "--input", demo_again_and_again, "--port", "0", "--token", "s3cret", *arguments
        ) as (url, _),
        proxied(tmp_path, certificate, f"{url}{path}") as outside,
    ):
        page = browser.new_page(ignore_https_errors=True, bypass_csp=True)
        page.goto(f"{outside}?token=s3cret")
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 10")
        assert page.evaluate("isSecureContext")
        page.goto(outside)
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 10")
        page.close()
        # The Python client takes the page's address as it stands.
        lines = subprocess.run(
            [sys.executable, "-c", WATCH, f"{outside}?token=s3cret", str(certificate[0])],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert lines.stdout.split() == ["phones", "10"]
