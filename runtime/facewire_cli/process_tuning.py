"""The garbage collector, thread switching and open files of a process that serves live streams."""

import gc
import sys
from contextlib import suppress

SWITCH_S = 0.001
"""How long a thread may keep the interpreter while another one wants it; its own choice is 5 ms."""
COLLECT_AFTER = (400, 4, 4)
"""Objects, and collections of the younger ones: the rest of 6,400 objects is gone in some ms."""


DESCRIPTORS = 8_192
"""Sockets and files that may be open, if the system lets a process have so many."""


def tune_process() -> None:
    """Set garbage collector, thread switching and descriptors so that only work stops the streams.

    What was loaded so far is never looked at again by the garbage collector, and it works often and
    little: a collection of all that hundreds of connections left behind would take 0.15 s.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_S)
    _raise_descriptors()


def _raise_descriptors() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
