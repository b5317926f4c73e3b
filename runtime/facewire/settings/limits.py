"""All limits of the server in one place: what a client may hold, send, and make others wait for.

`[server.limits]` of the settings file sets them; docs/settings.md has them in one table.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0.1, le=86_400)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much one client may ask for; `max_sessions` says how many clients there may be."""

    connections: Annotated[int, Meta(ge=8, le=100_000)] = 2_048
    """Sockets of all kinds at once, besides those that have opened a stream."""
    connections_per_address: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Sockets of one network address at once, with those that have opened a stream."""
    opening_s: Seconds = 10.0
    """From the first byte of a connection to a valid `open`."""
    silence_s: Seconds = 300.0
    """How long a client with an open stream may send nothing while nothing is made for it."""
    unread_s: Seconds = 10.0
    """How long a client may leave what it is sent unread."""
    ping_s: Seconds = 20.0
    """After so long without a byte of a client that it waits for, the server asks after it."""
    pong_s: Seconds = 60.0
    """How long such a client may leave that unanswered."""
    message_bytes: Annotated[int, Meta(ge=65_536, le=1 << 24)] = 1 << 20
    """Of one message to the server."""
    turns: Annotated[int, Meta(ge=1, le=100_000)] = 64
    """On /speak: turns that are not over."""
    speech_s: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    """On /speak: seconds of speech, as audio or tokens, that wait to be heard."""
    speech_bytes: Annotated[int, Meta(ge=65_536, le=1 << 32)] = 1 << 26
    """On /speak: bytes of audio that wait to be heard; ten minutes at 48 kHz are less."""
    turn_silence_s: Seconds = 60.0
    """On /speak: how long the turn whose time it is may get nothing before it ends."""
    alignment_entries: Annotated[int, Meta(ge=100, le=1_000_000)] = 20_000
    """On /speak: times of words and sounds that may come for one turn."""
    agent_s: Seconds = 20.0
    """On /agent: how long an agent may think, before its first word and between two."""
    text_characters: Annotated[int, Meta(ge=1_000, le=10_000_000)] = 200_000
    """On /speak: characters that wait to be spoken, of all turns together."""
