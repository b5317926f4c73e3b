"""The stage between the engine and the sinks: profile, rest pose, idle motion, constraints."""

from facewire.face.face import Face, make_face
from facewire.face.profile import Profile, load_profile

__all__ = ["Face", "Profile", "load_profile", "make_face"]
