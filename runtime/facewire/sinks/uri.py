"""Outputs by the way that `--out` names them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.plugins import find_plugin, has_plugin, plugins
from facewire.sinks.output_help import OutputHelp, read_options
from facewire.sinks.websocket import Broadcaster, WebSocketSink
from facewire.stream.sink import Sink, SinkRequest


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which outputs a command has."""

    live: bool = True
    """Whether there are those that are watched while they are made, such as OSC."""
    also: tuple[str, ...] = ()
    """Files that are made of something else than faces."""

    def is_live(self, kind: str) -> bool:
        """Tell whether an output of this kind is one that is watched."""
        return self.live and not kind.startswith(".") and has_plugin("sink", kind)

    def is_file(self, kind: str) -> bool:
        """Tell whether an output of this kind is a file."""
        return kind in self.also or is_recorder(kind)

    def __str__(self) -> str:
        names = [plugin.name for plugin in plugins("sink")]
        forms = [f"{name}:FILE" for name in self.also]
        forms += [f"{name[1:]}:FILE" for name in names if name.startswith(".")]
        if self.live:
            forms = [_LIVE_FORMS.get(n, f"{n}:...") for n in names if n[0] != "."] + forms
        return " or ".join([", ".join(forms[:-1]), forms[-1]])


FACES = Kinds()
FILES = Kinds(live=False)
SPEECH = Kinds(also=("wav", "tsv"))
"""Of a stream that also has sound and words."""
CONVERTED = Kinds(live=False, also=("glb", "vrma"))
"""What `facewire convert` makes of a recording."""

_OWN = ("ws", ".wav", ".tsv")
"""Names that no package can add: they are no sinks of faces, or only a server has them."""
_LIVE_FORMS = {
    "ifacialmocap": "ifacialmocap://HOST",
    "livelink": "livelink://HOST",
    "osc": "osc://HOST:PORT",
    "vmc": "vmc://HOST",
    "vrchat": "vrchat://HOST",
}
_QUERY_AFTER_ENDING = re.compile(r"\.(csv|npz|jsonl|wav|tsv|glb|vrma)[?#]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileOutput:
    """A file to record into."""

    kind: str
    """Such as "csv"."""
    path: Path
    options: Mapping[str, str] = field(default_factory=dict)
    """All that the recorder has, where one was given behind a `?`."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}"


@dataclass(frozen=True, slots=True)
class LiveOutput:
    """What is watched while it is made."""

    sink: Sink


def is_recorder(kind: str) -> bool:
    """Tell whether files of this kind are made of faces."""
    return has_plugin("sink", f".{kind}")


def parse_output(
    uri: str,
    kinds: Kinds = FACES,
    *,
    broadcaster: Broadcaster | None = None,
    clock: Clock | None = None,
) -> FileOutput | LiveOutput:
    """Return what `osc://127.0.0.1:9000`, `csv:face.csv` or `face.npz` names.

    Args:
        uri: what the user wrote; a bare path is a recorder by its ending.
        kinds: what there may be.
        broadcaster: of the server that `ws:` means, where one runs.
        clock: of the sink; the system's by default.

    Raises:
        ConfigError: it names nothing that there may be, or a package adds what is ours.
    """
    for name in _OWN:
        if has_plugin("sink", name):
            raise ConfigError(
                f"{find_plugin('sink', name)} has a name that Facewire itself uses; uninstall "
                "that package"
            )
    kind, colon, rest = uri.partition(":")
    kind = kind.lower()
    argument = rest.removeprefix("//")
    if colon and kind == "ws":
        return LiveOutput(_websocket(uri, broadcaster))
    if colon and kinds.is_live(kind):
        request = SinkRequest(uri, argument, clock or SystemClock())
        sink: Sink = find_plugin("sink", kind).make(request, Sink)
        return LiveOutput(sink)
    if colon and kinds.is_file(kind):
        # "csv://face.csv" is a slip that has only one meaning.
        return _file(uri, kind, argument)
    ending = Path(_before_query(uri)).suffix[1:].lower()
    if kinds.is_file(ending) and "://" not in uri:
        return _file(uri, ending, uri)
    _refuse_folder(uri)
    if ending in CONVERTED.also:
        raise ConfigError(
            f"{uri!r} is made from a recording: record take.npz, then run facewire convert "
            f"take.npz {uri}"
        )
    raise ConfigError(f"{uri!r} is not an output here; give {kinds}")


def sink_from_uri(
    uri: str, *, broadcaster: Broadcaster | None = None, clock: Clock | None = None
) -> Sink:
    """Return the sink that a URI names; a file that exists is not overwritten.

    Raises:
        ConfigError: it names nothing that we have.
    """
    return sink_of(parse_output(uri, broadcaster=broadcaster, clock=clock), clock)


def sink_of(
    output: FileOutput | LiveOutput, clock: Clock | None = None, *, overwrite: bool = False
) -> Sink:
    """Return the sink of an output of faces."""
    if isinstance(output, LiveOutput):
        return output.sink
    request = SinkRequest(
        str(output), str(output.path), clock or SystemClock(), overwrite, output.options
    )
    recorder: Sink = find_plugin("sink", f".{output.kind}").make(request, Sink)
    return recorder


def _file(uri: str, kind: str, text: str) -> FileOutput:
    name = _before_query(text)
    if name == text:
        return FileOutput(kind, _path(uri, text))
    mark, query = text[len(name)], text[len(name) + 1 :]
    maker = find_plugin("sink", f".{kind}").load() if is_recorder(kind) else None
    about = getattr(maker, "about", None)
    if mark == "#" or not isinstance(about, OutputHelp):
        raise ConfigError(f"{uri!r} has a {mark} after the file, which {kind} files do not take")
    return FileOutput(kind, _path(uri, name), read_options(uri, query, about.options))


def _before_query(text: str) -> str:
    found = _QUERY_AFTER_ENDING.search(text)
    return text[: found.end() - 1] if found else text


def _path(uri: str, text: str) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{uri!r} is in no folder that is known ({error})") from error
    _refuse_folder(text)
    if not path.name or "\0" in text:
        raise ConfigError(f"{uri!r} names no file; write it like csv:face.csv")
    return path


def _refuse_folder(text: str) -> None:
    # What the system cannot look at is said when it is opened.
    folder = os.path.expanduser(text)
    if "\0" not in text and "://" not in text and (text[-1:] == "/" or os.path.isdir(folder)):
        raise ConfigError(f"{text} is a folder; name a file in it")


def _websocket(uri: str, broadcaster: Broadcaster | None) -> WebSocketSink:
    if broadcaster is None:
        raise ConfigError(
            f"{uri!r} needs the server of `facewire live`, which serves viewers by itself; "
            "leave it out, and choose the port with --port"
        )
    return WebSocketSink(broadcaster)
