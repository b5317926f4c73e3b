"""The port for clients of NVIDIA's Audio2Face-3D, as the settings ask for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from facewire.errors import ConfigError
from facewire.server.audio2face.messages import load_grpc, load_messages
from facewire.server.audio2face.server import Audio2FaceServer, Certificate
from facewire.server.http.address import reachable_host
from facewire.server.server import FaceServer
from facewire.settings.settings import Settings


def check_audio2face(settings: Settings) -> None:
    """Find out early whether what the port needs is there, if it is wanted.

    Raises:
        ConfigError: it is not.
    """
    if settings.server.a2f != "off":
        load_grpc()
        load_messages()


@asynccontextmanager
async def serve_audio2face(page: FaceServer, settings: Settings) -> AsyncIterator[int | None]:
    """Serve Audio2Face-3D's clients beside a page, if they are wanted; yield the port, or None.

    Raises:
        ConfigError: nobody can listen there.
    """
    wanted = settings.server
    if wanted.a2f == "off":
        yield None
        return
    server = Audio2FaceServer(
        page.context,
        page.access,
        profile=settings.face,
        host=wanted.host,
        port=wanted.a2f,
        certificate=_certificate(wanted.cert, wanted.key),
    )
    async with server:
        yield server.port


def print_audio2face(console: Console, page: FaceServer, settings: Settings, port: int) -> None:
    """Print where Audio2Face-3D's clients are to be pointed."""
    host = reachable_host(settings.server.host)
    line = f"  for Audio2Face-3D clients: {host}:{port}"
    if page.access.token:
        line += f" with the metadata authorization: Bearer {page.access.token}"
    console.print(Text(line), soft_wrap=True)


def _certificate(cert: str, key: str) -> Certificate | None:
    """Read what gRPC needs for TLS; that both belong together is checked by the page's server.

    Raises:
        ConfigError: a file is gone meanwhile.
    """
    if not cert:
        return None
    try:
        chain = Path(cert).expanduser().read_bytes()
        return Certificate(chain, Path(key).expanduser().read_bytes() if key else chain)
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}") from error
