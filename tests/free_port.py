"""A port that nobody has, and that nobody else is given meanwhile."""

import random
import socket

_PORTS = range(20_000, 32_000)
"""Below those that a system gives to whoever asks for any port, and to each connection."""


def free_port() -> int:
    """Return a port of this machine that is free for TCP and UDP."""
    chance = random.SystemRandom()
    while True:
        port = chance.choice(_PORTS)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
