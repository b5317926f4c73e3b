"""A gRPC client of Audio2Face-3D that can do everything wrong, and servers for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.audio.format import Encoding
from facewire.clock import SystemClock
from facewire.face import FaceStage, make_face
from facewire.face.profile import NEUTRAL, Profile
from facewire.frames import Samples, StreamSpec
from facewire.server.audio2face.messages import CONTROLLER, load_grpc, load_messages
from facewire.server.audio2face.server import Audio2FaceServer, Certificate
from facewire.server.server import FaceServer
from facewire.wire.binary import encode_samples
from facewire_engines.energy.engine import EnergyEngine

RATE = 16_000


class Serving:
    """A page's server and the one for Audio2Face-3D's clients beside it."""

    def __init__(self, page: FaceServer, a2f: Audio2FaceServer) -> None:
        self.page = page
        self.a2f = a2f

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.a2f.port}"


def same_face(
    spec: StreamSpec, *, idle: bool, seed: int | None, profile: Profile = NEUTRAL
) -> FaceStage:
    """Make faces that all move alike when they idle."""
    return make_face(spec, profile, idle=idle, seed=0)


@asynccontextmanager
async def serving(
    engine: EnergyEngine | None = None,
    profile: Profile = NEUTRAL,
    certificate: Certificate | None = None,
    **options: Any,
) -> AsyncIterator[Serving]:
    page = FaceServer(engine or EnergyEngine(), same_face, clock=SystemClock(), port=0, **options)
    async with page:
        a2f = Audio2FaceServer(
            page.context, page.access, profile=profile, port=0, certificate=certificate
        )
        async with a2f:
            yield Serving(page, a2f)


@asynccontextmanager
async def channel(address: str, *options: tuple[str, int]) -> AsyncIterator[Any]:
    _, aio = load_grpc()
    async with aio.insecure_channel(address, options=[*options]) as opened:
        yield opened


def call_of(opened: Any, token: str | None = None) -> Any:
    """Return a call of the controller with bytes in and out."""
    metadata = (("authorization", f"Bearer {token}"),) if token is not None else None
    return opened.stream_stream(f"/{CONTROLLER}/ProcessAudioStream")(metadata=metadata)


def header(rate: int = RATE, **more: Any) -> bytes:
    """Return the first message of a clip."""
    audio = {"samples_per_second": rate, "channel_count": 1, "bits_per_sample": 16}
    audio |= more.pop("audio_header", {})
    return part(audio_stream_header={"audio_header": audio, **more})


def audio(samples: Samples | bytes, *emotions: dict[str, float]) -> bytes:
    pcm = samples if isinstance(samples, bytes) else encode_samples(samples, Encoding.S16LE)
    keys = [{"time_code": 0.0, "emotion": emotion} for emotion in emotions]
    return part(audio_with_emotion={"audio_buffer": pcm, "emotions": keys})


def end() -> bytes:
    return part(end_of_audio={})


def part(**kind: Any) -> bytes:
    return bytes(load_messages()["AudioStream"](**kind).SerializeToString())


def clip(samples: Samples, rate: int = RATE, **more: Any) -> list[bytes]:
    """Return the messages of a clip, a quarter of a second of audio in each."""
    step = rate // 4
    chunks = [audio(samples[start : start + step]) for start in range(0, len(samples), step)]
    return [header(rate, **more), *chunks, end()]


class Answers:
    """What a call was answered, taken apart."""

    def __init__(self, answers: list[Any]) -> None:
        self.kinds = [answer.WhichOneof("stream_part") for answer in answers]
        self.header = next(
            (a.animation_data_stream_header for a in answers if a.HasField(self._HEADER)), None
        )
        self.animation = [a.animation_data for a in answers if a.HasField("animation_data")]
        self.statuses = [(a.status.code, a.status.message) for a in answers if a.HasField("status")]
        shown = [w for a in self.animation for w in a.skel_animation.blend_shape_weights]
        self.times = [one.time_code for one in shown]
        self.weights: NDArray[np.float32] = np.array([one.values for one in shown], np.float32)
        self.sound = b"".join(a.audio.audio_buffer for a in self.animation)

    _HEADER = "animation_data_stream_header"

    @property
    def names(self) -> list[str]:
        assert self.header is not None
        return list(self.header.skel_animation_header.blend_shapes)


async def answers_of(call: Any, into: list[Any] | None = None) -> list[Any]:
    """Return what comes until the call is over, whatever its status (`await call.code()`)."""
    answers = [] if into is None else into
    grpc, aio = load_grpc()
    kind = load_messages()["AnimationDataStream"]
    with suppress(grpc.RpcError):
        while (data := await call.read()) is not aio.EOF:
            answers.append(kind.FromString(data))
    return answers


async def said(address: str, messages: list[bytes], token: str | None = None) -> Answers:
    """Say all at once, and return the answers of a call that goes well."""
    grpc, _ = load_grpc()
    async with channel(address) as opened:
        call = call_of(opened, token)
        for message in messages:
            await call.write(message)
        await call.done_writing()
        answers = Answers(await answers_of(call))
        assert await call.code() == grpc.StatusCode.OK, await call.details()
        return answers


async def refused(address: str, messages: list[bytes], token: str | None = None) -> tuple[str, str]:
    """Say all at once, and return name and words of the status with which the call is refused.

    The same words stand in a status of NVIDIA's, where there is one.
    """
    _, aio = load_grpc()
    async with channel(address) as opened:
        call = call_of(opened, token)
        try:
            for message in messages:
                await call.write(message)
        except (aio.AioRpcError, aio.UsageError):
            pass  # it was refused before all was said
        answers = Answers(await answers_of(call))
        code, details = (await call.code()).name, await call.details()
        assert [message for code, message in answers.statuses if code == 3] in ([], [details])
        return code, details
