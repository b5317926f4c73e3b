"""The stage between the engine and the sinks: profile, rest pose, idle motion, constraints."""

from facewire.face.profile import Profile, load_profile
from facewire.face.stage import Face, make_face

__all__ = ["Face", "Profile", "load_profile", "make_face"]
