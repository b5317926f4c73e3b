"""A face for Pipecat: a processor behind the TTS, and a voice of ours. Needs `[pipecat]`."""

from typing import TYPE_CHECKING, Any

from facewire_agents.framework import PIPECAT, import_with

if TYPE_CHECKING:
    from facewire_agents.faces.options import FaceOptions
    from facewire_agents.pipecat.frames import FaceInterruptedFrame
    from facewire_agents.pipecat.page_transport import PageTransport
    from facewire_agents.pipecat.processor import FaceProcessor
    from facewire_agents.pipecat.voice import FacewireTTSService

__all__ = [
    "FaceInterruptedFrame",
    "FaceOptions",
    "FaceProcessor",
    "FacewireTTSService",
    "PageTransport",
]

_HOMES = {
    "FaceInterruptedFrame": "facewire_agents.pipecat.frames",
    "FaceOptions": "facewire_agents.faces.options",
    "FaceProcessor": "facewire_agents.pipecat.processor",
    "FacewireTTSService": "facewire_agents.pipecat.voice",
    "PageTransport": "facewire_agents.pipecat.page_transport",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, and Pipecat with it.

    Raises:
        ConfigError: Pipecat is not installed, or is of another version.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_with(PIPECAT, _HOMES[name]), name)
