"""Other systems that animate lips from live speech on a CPU, for comparison.

Nothing of theirs is in this project: who wants their rows installs them.

* `npm install` in this folder: HeadAudio and wLipSync (both MIT), which run in Node 20 or later.
  wLipSync's package has no profile; save `example/profile.bin` of its repository into
  `node_modules/wlipsync/`.
* `pip install pocketsphinx`
"""

from collections.abc import Sequence
from dataclasses import dataclass

from facewire_training.evaluation.peers.allphone import Allphone
from facewire_training.evaluation.peers.browser import HEADAUDIO, WLIPSYNC, BrowserPeer
from facewire_training.evaluation.performers import Performer

ALL: Sequence[BrowserPeer | Allphone] = (HEADAUDIO, WLIPSYNC, Allphone(0.0), Allphone(100.0))


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the table."""

    name: str
    perform: Performer
    delay_ms: float
    """How long after its own timestamp a frame is available. 0 for those that show at any moment
    what they know by then: whatever they lag stays in the take."""


def performers() -> list[Peer]:
    """Return the peers that are installed."""
    return [
        Peer(peer.name, peer, peer.wait_ms if isinstance(peer, Allphone) else 0.0)
        for peer in ALL
        if peer.missing() is None
    ]


def absent() -> list[str]:
    """Return a sentence for each peer that is not installed: what to do to have its row."""
    return [reason for peer in ALL if (reason := peer.missing()) is not None]
