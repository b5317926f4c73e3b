"""What a TTS sent, on its way to a server: with its times, without its sound."""

from typing import Any

AUDIO = frozenset(("audio", "audiobase64"))
"""What ElevenLabs and others call the sound beside its times."""
STREAMED = ("cartesia", "rime")
"""Those whose messages of sound have it as `data`."""


def without_audio(format_name: str, data: Any) -> Any:
    """Return a message, or a list of them, without the sound in it; all else as it is."""
    if isinstance(data, list | tuple):
        return [without_audio(format_name, one) for one in data]
    if not isinstance(data, dict):
        return data
    names = AUDIO | {"data"} if format_name in STREAMED else AUDIO
    return {key: value for key, value in data.items() if _folded(key) not in names}


def _folded(key: Any) -> str:
    return str(key).replace("_", "").lower()
