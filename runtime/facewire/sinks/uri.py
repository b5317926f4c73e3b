"""Outputs by the way that `--out` names them."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import LiveLinkCsv
from facewire.sinks.npz import NpzRecorder
from facewire.sinks.osc import DEFAULT_ADDRESS, OscSink
from facewire.sinks.websocket import Broadcaster, WebSocketSink
from facewire.stream.sink import Sink


class MakeRecorder(Protocol):
    """A class of recorders of faces."""

    def __call__(self, path: Path, clock: Clock | None = None, *, overwrite: bool = False) -> Sink:
        """Make one."""
        ...


RECORDERS: dict[str, MakeRecorder] = {
    "csv": LiveLinkCsv,
    "npz": NpzRecorder,
    "jsonl": JsonlRecorder,
}

FILE_KINDS = tuple(RECORDERS)
FACE_KINDS = ("osc", *FILE_KINDS)
SPEECH_KINDS = ("osc", "wav", "tsv", *FILE_KINDS)
"""Of a stream that also has sound and words."""

_QUERY_AFTER_ENDING = re.compile(r"\.(csv|npz|jsonl|wav|tsv)[?#]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileOutput:
    """A file to record into."""

    kind: str
    """Such as "csv"."""
    path: Path

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}"


@dataclass(frozen=True, slots=True)
class LiveOutput:
    """What is watched while it is made."""

    make: Callable[[], Sink]


def parse_output(
    uri: str, kinds: Sequence[str] = FACE_KINDS, *, broadcaster: Broadcaster | None = None
) -> FileOutput | LiveOutput:
    """Return what `osc://127.0.0.1:9000`, `csv:face.csv` or `face.npz` names.

    Args:
        uri: what the user wrote; a bare path is a recorder by its ending.
        kinds: what there may be.
        broadcaster: of the server that `ws:` means, where one runs.

    Raises:
        ConfigError: it names nothing that there may be.
    """
    kind, colon, rest = uri.partition(":")
    kind = kind.lower()
    if colon and kind == "osc" and kind in kinds:
        sink = _osc(uri)
        return LiveOutput(lambda: sink)
    if colon and kind == "ws":
        viewers = _websocket(uri, broadcaster)
        return LiveOutput(lambda: viewers)
    if colon and kind != "osc" and kind in kinds:
        # "csv://face.csv" is a slip that has only one meaning.
        return FileOutput(kind, _path(uri, rest.removeprefix("//")))
    ending = Path(uri).suffix[1:].lower()
    if ending != "osc" and ending in kinds and "://" not in uri:
        return FileOutput(ending, _path(uri, uri))
    raise ConfigError(f"{uri!r} is not an output here; give {_listed(kinds)}")


def sink_from_uri(
    uri: str, *, broadcaster: Broadcaster | None = None, clock: Clock | None = None
) -> Sink:
    """Return the sink that a URI names; a file that exists is not overwritten.

    Raises:
        ConfigError: it names nothing that we have.
    """
    return sink_of(parse_output(uri, broadcaster=broadcaster), clock)


def sink_of(
    output: FileOutput | LiveOutput, clock: Clock | None = None, *, overwrite: bool = False
) -> Sink:
    """Return the sink of an output of faces."""
    if isinstance(output, LiveOutput):
        return output.make()
    return RECORDERS[output.kind](output.path, clock, overwrite=overwrite)


def _listed(kinds: Sequence[str]) -> str:
    forms = ["osc://HOST:PORT" if kind == "osc" else f"{kind}:FILE" for kind in kinds]
    return f"{', '.join(forms[:-1])} or {forms[-1]}"


def _path(uri: str, text: str) -> Path:
    if _QUERY_AFTER_ENDING.search(text):
        raise ConfigError(f"{uri!r} has a ? or # after the file; a file has no settings")
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{uri!r} is in no folder that is known ({error})") from error
    # What the system cannot look at is said when it is opened.
    if not path.name or "\0" in text or text.endswith("/") or os.path.isdir(path):
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
    if "#" in uri or "@" in parts.netloc or any(letter in uri for letter in "\t\r\n"):
        raise ConfigError(
            f"{uri!r} has a #, an @ or a tab, which mean nothing to OSC; write it like {example}"
        )
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = dict(pairs)
    mode, bundle = query.pop("mode", "array"), query.pop("bundle", "yes")
    known = mode in ("array", "each") and bundle in ("yes", "no")
    if query or not known or len(dict(pairs)) < len(pairs):
        raise ConfigError(
            f"{uri!r} may only ask for mode=array or mode=each, and for bundle=no, like {example}"
        )
    return OscSink(
        host,
        port,
        address=parts.path.rstrip("/") or DEFAULT_ADDRESS,
        mode="each" if mode == "each" else "array",
        bundle=bundle == "yes",
    )


def _websocket(uri: str, broadcaster: Broadcaster | None) -> WebSocketSink:
    if broadcaster is None:
        raise ConfigError(
            f"{uri!r} needs the server of `facewire live`, which serves viewers by itself; "
            "leave it out, and choose the port with --port"
        )
    return WebSocketSink(broadcaster)
