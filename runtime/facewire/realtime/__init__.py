"""Faces for sessions of OpenAI's Realtime protocol, whoever serves it."""

from facewire.realtime.events import FaceDelta, FaceDone, FaceEvent, FaceRest, FaceStarted
from facewire.realtime.faces import RealtimeFaces

__all__ = ["FaceDelta", "FaceDone", "FaceEvent", "FaceRest", "FaceStarted", "RealtimeFaces"]
