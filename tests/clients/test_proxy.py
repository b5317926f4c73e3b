"""The page under a path of a real proxy that speaks TLS, with the prefix stripped and without."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
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


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def proxied(folder: Path, target: str) -> Iterator[str]:
    """Run nginx before a server, and say where the page is then."""
    for tool in ("nginx", "openssl"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: apt install {tool}")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=facewire", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    port = free_port()
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, port=port, target=target))
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
    browser: "Browser", daemon: Daemon, tmp_path: Path, arguments: tuple[str, ...], path: str
) -> None:
    with (
        daemon("live", "--demo", "--port", "0", "--token", "s3cret", *arguments) as (url, _),
        proxied(tmp_path, f"{url}{path}") as outside,
    ):
        page = browser.new_page(ignore_https_errors=True, bypass_csp=True)
        page.goto(f"{outside}?token=s3cret")
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 10")
        assert page.evaluate("isSecureContext")
        page.goto(outside)
        page.wait_for_function("facewire.state === 'live' && facewire.frames > 10")
        page.close()
