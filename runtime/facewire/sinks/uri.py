"""Sinks by the way that `--out` names them."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.sink import Sink
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import LiveLinkCsv
from facewire.sinks.npz import NpzRecorder
from facewire.sinks.osc import DEFAULT_ADDRESS, OscSink
from facewire.sinks.websocket import Broadcaster, WebSocketSink

RECORDERS: dict[str, Callable[[Path, Clock | None], Sink]] = {
    "csv": LiveLinkCsv,
    "npz": NpzRecorder,
    "jsonl": JsonlRecorder,
}

_KINDS = "osc://HOST:PORT, csv:FILE, npz:FILE or jsonl:FILE"


def sink_from_uri(
    uri: str, *, broadcaster: Broadcaster | None = None, clock: Clock | None = None
) -> Sink:
    """Return the sink that `osc://127.0.0.1:9000`, `csv:face.csv` or `face.npz` names.

    Args:
        uri: what the user wrote; a bare path is a recorder by its ending.
        broadcaster: of the server that `ws:` means, where one runs.
        clock: how recorders know when a second has passed.

    Raises:
        ConfigError: it names nothing that we have.
    """
    kind, colon, rest = uri.partition(":")
    kind = kind.lower()
    if colon and kind == "osc":
        return _osc(uri)
    if colon and kind == "ws":
        return _websocket(uri, broadcaster)
    if colon and kind in RECORDERS:
        return RECORDERS[kind](_path(uri, rest), clock)
    ending = Path(uri).suffix[1:].lower()
    if ending in RECORDERS and "://" not in uri:
        return RECORDERS[ending](_path(uri, uri), clock)
    raise ConfigError(f"{uri!r} is not an output; give {_KINDS}")


def _path(uri: str, text: str) -> Path:
    # "csv://face.csv" is a slip that has only one meaning.
    path = Path(text.removeprefix("//") if uri.startswith(("csv:", "npz:", "jsonl:")) else text)
    if not path.name or path.is_dir():
        raise ConfigError(f"{uri!r} names no file; write it like csv:face.csv")
    return path


def _osc(uri: str) -> OscSink:
    example = "osc://127.0.0.1:9000/face?mode=array"
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{uri!r} cannot be read ({error}); write it like {example}") from error
    if not host or not port:
        raise ConfigError(f"{uri!r} needs a host and a port; write it like {example}")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode = query.pop("mode", "array")
    if query or mode not in ("array", "each"):
        raise ConfigError(f"{uri!r} may only ask for mode=array or mode=each, like {example}")
    address = parts.path.rstrip("/") or DEFAULT_ADDRESS
    return OscSink(host, port, address=address, mode="each" if mode == "each" else "array")


def _websocket(uri: str, broadcaster: Broadcaster | None) -> WebSocketSink:
    if broadcaster is None:
        raise ConfigError(
            f"{uri!r} needs the server of `facewire live`, which serves viewers by itself; "
            "leave it out, and choose the port with --port"
        )
    return WebSocketSink(broadcaster)
