"""A program for an environment with NVIDIA's sample wheel: pushes two clips, and pulls their faces.

    python nvidia_push_pull.py HOST:PORT PCM_FILE RATE

It knows nothing of Facewire, and what it sends and reads are NVIDIA's own messages. The first clip
takes the road of the animation controller, with ids that it gives, the second one that of the older
pair of services.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped, import-not-found, unused-ignore]
from google.protobuf.empty_pb2 import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    Empty,
)
from nvidia_ace.a2f import v1_pb2 as a2f  # type: ignore[import-not-found]
from nvidia_ace.animation_data import v1_pb2 as animation  # type: ignore[import-not-found]
from nvidia_ace.animation_id import v1_pb2 as animation_id  # type: ignore[import-not-found]
from nvidia_ace.audio import v1_pb2 as audio  # type: ignore[import-not-found]
from nvidia_ace.services.a2f import v1_pb2_grpc as a2f_service  # type: ignore[import-not-found]
from nvidia_ace.services.animation_controller import (  # type: ignore[import-not-found]
    v1_pb2_grpc as controller,
)

PULL = "/nvidia_ace.services.animation_data.v1.AnimationDataService/PullAnimationDataStream"
"""Of a service for whose stub NVIDIA's wheel has no module."""


def clip(ids: Any, pcm: bytes, rate: int) -> Iterator[Any]:
    """Yield a clip, a second of sound in each message."""
    heard = audio.AudioHeader(samples_per_second=rate, bits_per_sample=16, channel_count=1)
    header = a2f.AudioStreamHeader(animation_ids=ids, audio_header=heard)
    yield a2f.AudioStream(audio_stream_header=header)
    for start in range(0, len(pcm), 2 * rate):
        part = a2f.AudioWithEmotion(audio_buffer=pcm[start : start + 2 * rate])
        yield a2f.AudioStream(audio_with_emotion=part)


def faces(pulled: Any) -> dict[str, Any]:
    """Return what comes until a status says that a clip is over."""
    told: dict[str, Any] = {"kinds": [], "times": [], "weights": [], "sound": ""}
    for answer in pulled:
        kind = answer.WhichOneof("stream_part")
        told["kinds"].append(kind)
        if kind == "animation_data_stream_header":
            header = answer.animation_data_stream_header
            ids = header.animation_ids
            told["ids"] = [ids.stream_id, ids.request_id, ids.target_object_id]
            told["names"] = list(header.skel_animation_header.blend_shapes)
        elif kind == "animation_data":
            for shown in answer.animation_data.skel_animation.blend_shape_weights:
                told["times"].append(shown.time_code)
                told["weights"].append(list(shown.values))
            told["sound"] += answer.animation_data.audio.audio_buffer.hex()
        elif kind == "status":
            told["status"] = [answer.status.code, answer.status.message]
            break
    return told


def main(address: str, pcm: bytes, rate: int) -> list[dict[str, Any]]:
    """Return what a server answers on each road."""
    told = []
    with grpc.insecure_channel(address) as channel, ThreadPoolExecutor() as beside:
        both = controller.AnimationControllerServiceStub(channel)
        ids = both.RequestAnimationIds(Empty()).animation_ids
        pulled = both.PullAnimationDataStream(ids)
        for _ in range(2):
            pushed = both.PushAudioStream.future(clip(ids, pcm, rate))
            told.append(faces(pulled))
            told[-1]["pushed"] = [pushed.result().code, pushed.result().message]
        pulled.cancel()
        pair = a2f_service.A2FServiceStub(channel)
        ids = animation_id.AnimationIds(stream_id="s", request_id="1", target_object_id="head")
        pushing = beside.submit(pair.PushAudioStream, clip(ids, pcm, rate))
        pull = channel.unary_stream(
            PULL,
            request_serializer=animation_id.AnimationIds.SerializeToString,
            response_deserializer=animation.AnimationDataStream.FromString,
        )
        pulled = pull(animation_id.AnimationIds(stream_id="s", request_id="1"))
        told.append(faces(pulled))
        told[-1]["pushed"] = [pushing.result().code, pushing.result().message]
        # It named a request, so it is over with that.
        assert list(pulled) == []
    return told


if __name__ == "__main__":
    place, path, samples_per_second = sys.argv[1:]
    json.dump(main(place, Path(path).read_bytes(), int(samples_per_second)), sys.stdout)
