"""What `osc://127.0.0.1:9000/face?mode=each` means."""

from urllib.parse import parse_qsl, urlsplit

from facewire.errors import ConfigError
from facewire.sinks.osc import DEFAULT_ADDRESS, OscSink
from facewire.stream.sink import SinkRequest


def open_osc(request: SinkRequest) -> OscSink:
    """Return the sink that such a URI names.

    Raises:
        ConfigError: it lacks something, or says more than OSC knows.
    """
    uri = request.uri
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
