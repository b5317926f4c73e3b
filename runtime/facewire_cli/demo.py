"""The clip that comes with Facewire."""

from importlib import resources


def demo_clip() -> str:
    """Return the path of the bundled clip."""
    return str(resources.files("facewire") / "assets" / "demo.flac")
