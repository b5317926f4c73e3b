"""Datagrams of one frame, as they arrive; and decoders that others wrote."""

import asyncio
import importlib
import socket
from typing import Any

import numpy as np
from tests.conftest import skip_unless_ci

from facewire import arkit
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.uri import sink_from_uri
from facewire.stream.sink import Sink

SPEC = StreamSpec()


def foreign(module: str, package: str) -> Any:
    """Return a decoder that is not ours, or skip the test."""
    try:
        return importlib.import_module(module)
    except ImportError:
        skip_unless_ci(f"no {package}: pip install {package}")


def some_face(index: int = 90, spec: StreamSpec = SPEC) -> BlendshapeFrame:
    weights = np.random.default_rng(index).uniform(0, 1, arkit.COUNT).astype(np.float32)
    return BlendshapeFrame(
        weights, index, spec.timestamp(index), speech=0.75, head=(0.25, -0.5, 0.125)
    )


def face_of(index: int = 0, /, **shapes: float) -> BlendshapeFrame:
    """Return a face with these shapes, and no others."""
    weights = np.zeros(arkit.COUNT, np.float32)
    for name, value in shapes.items():
        weights[arkit.INDEX[name]] = value
    return BlendshapeFrame(weights, index, SPEC.timestamp(index))


def listening(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    receiver = socket.socket(family, socket.SOCK_DGRAM)
    receiver.settimeout(20)
    receiver.bind((host, port))
    return receiver


def port_of(receiver: socket.socket) -> int:
    port: int = receiver.getsockname()[1]
    return port


def waiting(receiver: socket.socket) -> list[bytes]:
    """Return all datagrams that have come: on one machine those that were sent have."""
    found: list[bytes] = []
    receiver.setblocking(False)
    while True:
        try:
            found.append(receiver.recv(65_536))
        except BlockingIOError:
            receiver.settimeout(20)
            return found


async def opened(uri: str, spec: StreamSpec = SPEC) -> Sink:
    sink = sink_from_uri(uri)
    await sink.open(spec, "energy")
    return sink


async def caught(uri: str, *frames: BlendshapeFrame, spec: StreamSpec = SPEC) -> list[bytes]:
    """Return the datagrams that a sink sends of frames; `PORT` in its URI is where they arrive."""
    with listening() as receiver:
        sink = await opened(uri.replace("PORT", str(port_of(receiver))), spec)
        for frame in frames:
            await sink.send(frame)
            await asyncio.sleep(0)
        await sink.aclose()
        return waiting(receiver)
