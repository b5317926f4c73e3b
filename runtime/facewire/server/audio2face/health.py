"""Whether the server is up, as gRPC's clients ask for it: `grpc.health.v1`."""

from typing import Any

from facewire.server.audio2face.messages import (
    ANIMATION,
    ANIMATION_CONTROLLER,
    AUDIO,
    CONTROLLER,
    HEALTH,
    SERVING,
    load_messages,
)

SERVICES = ("", CONTROLLER, AUDIO, ANIMATION, ANIMATION_CONTROLLER, HEALTH)
"""What may be asked after; the empty name is the whole server."""


class Health:
    """Answers checks; nobody has to show a token for them."""

    def __init__(self, not_found: Any) -> None:
        """Get ready; `not_found` is the status for services that are not here."""
        self._not_found = not_found

    async def check(self, request: bytes, rpc: Any) -> bytes:
        """Say that the server serves: while it does not, nothing answers."""
        messages = load_messages()
        service = messages["HealthCheckRequest"].FromString(request).service
        if service not in SERVICES:
            await rpc.abort(self._not_found, "no such service is here; ask without a name")
        return bytes(messages["HealthCheckResponse"](status=SERVING).SerializeToString())
