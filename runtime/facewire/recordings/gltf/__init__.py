"""Recorded faces as glTF 2.0: the animation of a head, and VRM Animation."""
