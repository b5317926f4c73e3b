"""The messages of NVIDIA's Audio2Face-3D services, built from their published field numbers.

The layout is that of `Audio2Face-3D-Samples/proto/protobuf_files` (proto3). NVIDIA's own packages
with these messages want an old grpcio, so the ones here are made when they are first needed, under
names of our own: names of messages do not travel, field numbers and types do. Enums are `int32`.
"""

from functools import lru_cache
from types import ModuleType
from typing import Any

from facewire.optional_dependency import import_optional

PACKAGE = "facewire.audio2face"

CONTROLLER = "nvidia_ace.services.a2f_controller.v1.A2FControllerService"
AUDIO = "nvidia_ace.services.a2f.v1.A2FService"
ANIMATION = "nvidia_ace.services.animation_data.v1.AnimationDataService"
"""The older pair of services: audio is pushed to one, and the faces are pulled from the other."""
ANIMATION_CONTROLLER = "nvidia_ace.services.animation_controller.v1.AnimationControllerService"
"""Both of them in one, which gives ids, too."""
HEALTH = "grpc.health.v1.Health"

_FIELDS = {
    "AudioHeader": """
        audio_format 1 int32, channel_count 2 uint32, samples_per_second 3 uint32,
        bits_per_sample 4 uint32""",
    "FloatArray": "values 1 float[]",
    "FaceParameters": """
        float_params 1 float{}, integer_params 2 int32{}, float_array_params 3 FloatArray{}""",
    "BlendShapeParameters": """
        bs_weight_multipliers 1 float{}, bs_weight_offsets 2 float{},
        enable_clamping_bs_weight 3 bool""",
    "EmotionParameters": "live_transition_time 1 float, beginning_emotion 2 float{}",
    "EmotionPostProcessingParameters": "emotion_strength 5 float",
    "EmotionWithTimeCode": "time_code 1 double, emotion 2 float{}",
    "AudioWithEmotion": "audio_buffer 1 bytes, emotions 2 EmotionWithTimeCode[]",
    "AudioStreamHeader": """
        audio_header 1 AudioHeader, face_params 2 FaceParameters,
        emotion_post_processing_params 3 EmotionPostProcessingParameters,
        blendshape_params 4 BlendShapeParameters, emotion_params 5 EmotionParameters""",
    "EndOfAudio": "",
    "AudioStream": """
        audio_stream_header 1 AudioStreamHeader, audio_with_emotion 2 AudioWithEmotion,
        end_of_audio 3 EndOfAudio""",
    "SkelAnimationHeader": "blend_shapes 1 string[], joints 2 string[]",
    "AnimationDataStreamHeader": """
        audio_header 1 AudioHeader, skel_animation_header 2 SkelAnimationHeader,
        start_time_code_since_epoch 3 double""",
    "FloatArrayWithTimeCode": "time_code 1 double, values 2 float[]",
    "SkelAnimation": "blend_shape_weights 1 FloatArrayWithTimeCode[]",
    "AudioWithTimeCode": "time_code 1 double, audio_buffer 2 bytes",
    "AnimationData": "skel_animation 1 SkelAnimation, audio 2 AudioWithTimeCode",
    "Event": "event_type 1 int32",
    "Status": "code 1 int32, message 2 string",
    "AnimationDataStream": """
        animation_data_stream_header 1 AnimationDataStreamHeader,
        animation_data 2 AnimationData, event 3 Event, status 4 Status""",
    "Empty": "",
    "AnimationIdsOrStatus": "animation_ids 1 AnimationIds, status 2 Status",
    "AnimationIds": "request_id 1 string, stream_id 2 string, target_object_id 3 string",
    "PushedAudioStreamHeader": """
        animation_ids 1 AnimationIds, audio_header 2 AudioHeader, face_params 3 FaceParameters,
        emotion_post_processing_params 4 EmotionPostProcessingParameters,
        blendshape_params 5 BlendShapeParameters, emotion_params 6 EmotionParameters""",
    "PushedAudioStream": """
        audio_stream_header 1 PushedAudioStreamHeader, audio_with_emotion 2 AudioWithEmotion""",
    "PulledAnimationDataStreamHeader": """
        animation_ids 1 AnimationIds, source_service_id 2 string, audio_header 3 AudioHeader,
        skel_animation_header 4 SkelAnimationHeader, start_time_code_since_epoch 5 double""",
    "PulledAnimationDataStream": """
        animation_data_stream_header 1 PulledAnimationDataStreamHeader,
        animation_data 2 AnimationData, status 3 Status""",
    "HealthCheckRequest": "service 1 string",
    "HealthCheckResponse": "status 1 int32",
}
"""Name, number and type of each field; [] is repeated, {} is a map from strings. What is neither
read nor written here is left out: a parser keeps it as unknown."""

_ONE_OF = dict.fromkeys(
    ("AudioStream", "AnimationDataStream", "PushedAudioStream", "PulledAnimationDataStream"),
    "stream_part",
) | {"AnimationIdsOrStatus": "response"}
"""Messages of which every field is an alternative to the others."""

SUCCESS, WARNING, ERROR = 0, 2, 3
"""Codes of `Status`."""
END_OF_PROCESSING = 0
"""Of `Event`: no more frames are made."""
SERVING = 1
"""Of `HealthCheckResponse`."""


@lru_cache(maxsize=1)
def load_messages() -> dict[str, Any]:
    """Return the classes of the messages by their names.

    Raises:
        ConfigError: protobuf is not installed.
    """
    need = "Audio2Face-3D clients need protobuf"
    factory = import_optional("google.protobuf.message_factory", need, "a2f")
    pools = import_optional("google.protobuf.descriptor_pool", need, "a2f")
    descriptors = import_optional("google.protobuf.descriptor_pb2", need, "a2f")
    file = descriptors.FileDescriptorProto(name=f"{PACKAGE}.proto", package=PACKAGE)
    for name, fields in _FIELDS.items():
        _describe(file.message_type.add(name=name), fields, _ONE_OF.get(name))
    # A pool of its own does not meet what NVIDIA's packages put into the common one.
    pool = pools.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in _FIELDS
    }


def load_grpc() -> tuple[ModuleType, ModuleType]:
    """Return `grpc` and `grpc.aio`.

    Raises:
        ConfigError: grpcio is not installed.
    """
    need = "Audio2Face-3D clients need grpcio"
    return import_optional("grpc", need, "a2f"), import_optional("grpc.aio", need, "a2f")


def _describe(message: Any, fields: str, one_of: str | None) -> None:
    """Fill a DescriptorProto; its file names no syntax, so it is proto2: fields have presence."""
    if one_of:
        message.oneof_decl.add(name=one_of)
    for field in filter(None, map(str.strip, fields.split(","))):
        name, number, kind = field.split()
        added = message.field.add(name=name, number=int(number))
        if kind.endswith("{}"):
            entry = message.nested_type.add(name=_entry_name(name))
            entry.options.map_entry = True
            _set_type(entry.field.add(name="key", number=1), "string")
            _set_type(entry.field.add(name="value", number=2), kind[:-2])
            _set_type(added, f"{message.name}.{entry.name}[]")
        else:
            _set_type(added, kind)
        if one_of:
            added.oneof_index = 0


def _set_type(field: Any, kind: str) -> None:
    repeated, kind = kind.endswith("[]"), kind.removesuffix("[]")
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if kind[0].isupper():
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
        return
    field.type = getattr(field, f"TYPE_{kind.upper()}")
    if repeated and kind != "string":
        field.options.packed = True  # as proto3 does


def _entry_name(field: str) -> str:
    """Return what protobuf calls the message of a map's entries."""
    return "".join(part.capitalize() for part in field.split("_")) + "Entry"
