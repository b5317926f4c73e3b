"""A program for an environment with NVIDIA's own packages: sends a clip, and prints the answers.

    python nvidia_client.py HOST:PORT PCM_FILE RATE < parameters.json

It knows nothing of Facewire.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped, import-not-found, unused-ignore]
from nvidia_audio2face_3d import audio2face_pb2_grpc, messages_pb2  # type: ignore[import-not-found]


def clip(pcm: bytes, rate: int, parameters: dict[str, Any]) -> Iterator[Any]:
    """Yield a clip as NVIDIA's sample does: a second of sound in each message."""
    stream = messages_pb2.AudioWithEmotionStream
    emotions = [messages_pb2.EmotionWithTimeCode(**one) for one in parameters.pop("emotions", [])]
    header = messages_pb2.AudioWithEmotionStreamHeader(**parameters)
    header.audio_header.samples_per_second = rate
    header.audio_header.bits_per_sample = 16
    header.audio_header.channel_count = 1
    yield stream(audio_stream_header=header)
    for start in range(0, len(pcm), 2 * rate):
        heard = messages_pb2.AudioWithEmotion(
            audio_buffer=pcm[start : start + 2 * rate], emotions=[] if start else emotions
        )
        yield stream(audio_with_emotion=heard)
    yield stream(end_of_audio=stream.EndOfAudio())


def main(address: str, pcm: bytes, rate: int, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a server answers."""
    told: dict[str, Any] = {"kinds": [], "times": [], "weights": [], "statuses": [], "sound": ""}
    with grpc.insecure_channel(address) as channel:
        stub = audio2face_pb2_grpc.A2FControllerServiceStub(channel)
        for answer in stub.ProcessAudioStream(clip(pcm, rate, parameters)):
            kind = answer.WhichOneof("stream_part")
            told["kinds"].append(kind)
            if kind == "animation_data_stream_header":
                header = answer.animation_data_stream_header
                told["names"] = list(header.skel_animation_header.blend_shapes)
                told["rate"] = header.audio_header.samples_per_second
            elif kind == "animation_data":
                for shown in answer.animation_data.skel_animation.blend_shape_weights:
                    told["times"].append(shown.time_code)
                    told["weights"].append(list(shown.values))
                told["sound"] += answer.animation_data.audio.audio_buffer.hex()
            elif kind == "status":
                told["statuses"].append([answer.status.code, answer.status.message])
    return told


if __name__ == "__main__":
    place, path, samples_per_second = sys.argv[1:]
    answers = main(place, Path(path).read_bytes(), int(samples_per_second), json.load(sys.stdin))
    json.dump(answers, sys.stdout)
