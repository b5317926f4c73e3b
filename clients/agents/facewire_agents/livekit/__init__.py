"""A face for LiveKit Agents: an audio output, an avatar, a voice of ours. Needs `[livekit]`."""

from typing import TYPE_CHECKING, Any

from facewire_agents.framework import LIVEKIT, import_with

if TYPE_CHECKING:
    from facewire_agents.faces.options import FaceOptions
    from facewire_agents.livekit.avatar import FaceAvatar
    from facewire_agents.livekit.output import FaceOutput
    from facewire_agents.livekit.page_output import PageOutput
    from facewire_agents.livekit.voice import FacewireTTS

__all__ = ["FaceAvatar", "FaceOptions", "FaceOutput", "FacewireTTS", "PageOutput"]

_HOMES = {
    "FaceAvatar": "facewire_agents.livekit.avatar",
    "FaceOptions": "facewire_agents.faces.options",
    "FaceOutput": "facewire_agents.livekit.output",
    "FacewireTTS": "facewire_agents.livekit.voice",
    "PageOutput": "facewire_agents.livekit.page_output",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, and LiveKit with it.

    Raises:
        ConfigError: LiveKit is not installed, or is of another version.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_with(LIVEKIT, _HOMES[name]), name)
