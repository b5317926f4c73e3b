"""Faces in one's own program, without a server."""

from facewire.animator.stream import Animator, AnimatorOptions, animate, animate_stream

__all__ = ["Animator", "AnimatorOptions", "animate", "animate_stream"]
