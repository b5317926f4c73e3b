"""The stage between the engine and the sinks: profile, rest pose, idle motion, constraints."""

from facewire.face.profile import Profile, load_profile
from facewire.face.stage import Face, FaceStage, make_face

__all__ = ["Face", "FaceStage", "Profile", "load_profile", "make_face"]
