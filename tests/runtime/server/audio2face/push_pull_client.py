"""Clients of Audio2Face-3D that push audio, and clients that pull its faces."""

import asyncio
from typing import Any

from tests.runtime.server.audio2face.clip_client import RATE, audio, clip

from facewire.frames import Samples
from facewire.server.audio2face.messages import (
    ANIMATION,
    ANIMATION_CONTROLLER,
    AUDIO,
    load_grpc,
    load_messages,
)


def _bearer(token: str | None) -> tuple[tuple[str, str], ...] | None:
    return (("authorization", f"Bearer {token}"),) if token is not None else None


def ids(stream_id: str = "s", request_id: str = "", target_object_id: str = "") -> dict[str, str]:
    named = {"request_id": request_id, "target_object_id": target_object_id}
    return {"stream_id": stream_id, **named}


def pushed(samples: Samples | bytes, whose: dict[str, str], rate: int = RATE) -> list[bytes]:
    """Return the messages of a clip."""
    heard = {"samples_per_second": rate, "channel_count": 1, "bits_per_sample": 16}
    kind = load_messages()["PushedAudioStream"]
    header = kind(audio_stream_header={"animation_ids": whose, "audio_header": heard})
    parts = [audio(samples)] if isinstance(samples, bytes) else clip(samples, rate)[1:-1]
    return [bytes(header.SerializeToString()), *parts]


def push_call(opened: Any, token: str | None = None) -> Any:
    return opened.stream_unary(f"/{AUDIO}/PushAudioStream")(metadata=_bearer(token))


def pull_call(opened: Any, whose: dict[str, str], token: str | None = None) -> Any:
    message = load_messages()["AnimationIds"](**whose).SerializeToString()
    return opened.unary_stream(f"/{ANIMATION}/PullAnimationDataStream")(
        message, metadata=_bearer(token)
    )


def ask_call(opened: Any, token: str | None = None) -> Any:
    return opened.unary_unary(f"/{ANIMATION_CONTROLLER}/RequestAnimationIds")(
        b"", metadata=_bearer(token)
    )


async def push(opened: Any, messages: list[bytes], token: str | None = None) -> tuple[int, str]:
    """Push a clip, and return code and words of the status that answers."""
    call = push_call(opened, token)
    for message in messages:
        await call.write(message)
    await call.done_writing()
    told = load_messages()["Status"].FromString(await call)
    return told.code, told.message


async def refusal(call: Any) -> tuple[str, str]:
    """Return name and words of the status with which a call ends."""
    return (await call.code()).name, await call.details()


async def pulled(
    call: Any, statuses: int | None = None, began: asyncio.Event | None = None
) -> list[Any]:
    """Return what comes until so many statuses of clips have come, or until it is over."""
    grpc, aio = load_grpc()
    kind = load_messages()["PulledAnimationDataStream"]
    answers: list[Any] = []
    try:
        while (data := await call.read()) is not aio.EOF:
            answers.append(kind.FromString(data))
            if began is not None:
                began.set()
            if statuses and sum(one.HasField("status") for one in answers) == statuses:
                break
    except grpc.RpcError:
        pass
    return answers
