"""The programs that run in other environments than ours, as text."""

from importlib import resources

WORKER = "cosyvoice_worker.py"
TOKEN = "FACEWIRE_WORKER_TOKEN"
"""The environment variable of what a worker wants to be shown."""


def worker_source() -> str:
    """Return the CosyVoice worker, a program in one file."""
    return (resources.files("facewire_engines.workers") / WORKER).read_text(encoding="utf-8")
