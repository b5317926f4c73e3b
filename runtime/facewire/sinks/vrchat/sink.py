"""The sink of `vrchat://`: parameters of an avatar, those that changed, in small bundles."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import Address
from facewire.sinks.datagrams.sink import DatagramSink, Encode
from facewire.sinks.live_link_csv import rotations
from facewire.sinks.osc.messages import bundles
from facewire.sinks.vrchat.changes import ChangedMessages, Value, bool_message
from facewire.sinks.vrchat.declared import PREFIX, Declared, declare
from facewire.sinks.vrchat.oscquery import Avatar, AvatarSearch
from facewire.sinks.vrchat.unified import parameters

GAZE = "/tracking/eye/LeftRightPitchYaw"
CLOSED = "/tracking/eye/EyesClosedAmount"
ACTIVE = ("EyeTrackingActive", "LipTrackingActive", "ExpressionTrackingActive")

_BLINKS = [arkit.INDEX["eyeBlinkLeft"], arkit.INDEX["eyeBlinkRight"]]


class VrchatSink:
    """Sends what an avatar's parameters are, each when it changes and all once a second."""

    lossless = False

    def __init__(
        self,
        address: Address,
        switch_on: str,
        *,
        plain: bool,
        eyes: bool,
        prefix: str,
        search: AvatarSearch | None,
    ) -> None:
        """Get ready.

        Args:
            address: where VRChat listens, unless it says otherwise itself.
            switch_on: what has to be switched on there.
            plain: whether the 52 shapes are sent by their names, not VRCFaceTracking's values.
            eyes: whether VRChat's own eyes are moved.
            prefix: what stands before the names.
            search: asks VRChat what its avatar has; None if everything is sent as floats.

        Raises:
            ConfigError: no parameter can have such a prefix.
        """
        if prefix and (not prefix.isascii() or not prefix.endswith("/") or " " in prefix):
            raise ConfigError(f"prefix={prefix} does not end with a /; write it like prefix=FT/")
        self._sink = DatagramSink(address, self._encoder, switch_on)
        self.name = self._sink.name
        self._address = address
        self._switch_on = switch_on
        self._plain, self._eyes = plain, eyes
        self._search = search
        self._avatar: Avatar | None = None
        marker = "" if plain else "v2/"
        names = list(self._values(_still()))
        self._everything = [Declared(f"{PREFIX}{prefix}{marker}{n}", n, "f") for n in names]
        self._active = [f"{PREFIX}{prefix}{name}" for name in ACTIVE]
        self._declared = self._everything
        self._spec = StreamSpec()
        self._engine = ""
        self._frames = 0
        self._messages = ChangedMessages()

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Look the host up, and begin to look for VRChat if it is asked what its avatar has.

        Raises:
            ConfigError: nobody knows the host.
        """
        self._spec, self._engine = spec, engine
        await self._sink.open(spec, engine)
        if self._search is not None:
            self._search.start()

    async def send(self, frame: BlendshapeFrame) -> None:
        """Send what changed."""
        if self._search is not None and self._search.avatar is not self._avatar:
            await self._follow(self._search.avatar)
        await self._sink.send(frame)

    async def aclose(self) -> None:
        """Give the avatar its own face again, and let go of the sockets."""
        if self._search is not None:
            self._search.stop()
        if self._frames:
            self._frames = 0
            for datagram in bundles([bool_message(name, False) for name in self._active]):
                self._sink.deliver(datagram)
        await self._sink.aclose()

    async def _follow(self, avatar: Avatar | None) -> None:
        """Send to the place that the avatar names, what it has."""
        if avatar is None:
            return
        before, self._avatar = self._avatar, avatar
        if before is None or (before.host, before.port) != (avatar.host, avatar.port):
            await self._sink.aclose()
            place = replace(self._address, host=avatar.host, port=avatar.port)
            self._sink = DatagramSink(place, self._encoder, self._switch_on)
            await self._sink.open(self._spec, self._engine)
        if before is None or before.tree != avatar.tree:
            values = [each.value for each in self._everything]
            marker = PREFIX if self._plain else "v2/"
            self._declared = declare(avatar.tree, values, marker)
            ends = tuple(f"/{name}" for name in ACTIVE)
            self._active = [place for place in avatar.tree if place.endswith(ends)]
            self._messages.forget()

    def _encoder(self, spec: StreamSpec) -> Encode:
        def encode(frame: BlendshapeFrame) -> list[bytes]:
            if self._frames % math.ceil(spec.frame_rate) == 0:
                self._messages.forget()
            self._frames += 1
            return bundles(list(self._messages.encode(self._shown(frame))))

        return encode

    def _shown(self, frame: BlendshapeFrame) -> dict[str, Value]:
        """Return what every parameter is, by its address."""
        values = self._values(frame)
        shown: dict[str, Value] = {
            each.address: each.show(values[each.value]) for each in self._declared
        }
        shown |= dict.fromkeys(self._active, True)
        if self._eyes:
            left_yaw, left_pitch, _, right_yaw, right_pitch, _ = rotations(frame)[3:]
            degrees = map(math.degrees, (left_pitch, left_yaw, right_pitch, right_yaw))
            shown[GAZE] = tuple(degrees)
            shown[CLOSED] = float(frame.weights[_BLINKS].mean())
        return shown

    def _values(self, frame: BlendshapeFrame) -> Mapping[str, float]:
        if not self._plain:
            return parameters(frame)
        names = (name[0].upper() + name[1:] for name in arkit.NAMES)
        return dict(zip(names, frame.weights.tolist(), strict=True))


def _still() -> BlendshapeFrame:
    return BlendshapeFrame(np.zeros(arkit.COUNT, np.float32), 0, 0)
