"""Facewire: live speech in, a moving face out, in real time."""

__version__ = "0.1.0"
