"""Receive VMC from `facewire live --demo`, as an avatar does.

python try_vmc.py PATH_OF_FACEWIRE
"""

import socket
import subprocess
import sys

from pythonosc.osc_packet import OscPacket

SECONDS_WITHOUT_A_DATAGRAM = 60


def main(facewire: str) -> None:
    """Play the clip, and end with a sentence where the avatar's mouth does not move."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as avatar:
        avatar.bind(("127.0.0.1", 0))
        avatar.settimeout(SECONDS_WITHOUT_A_DATAGRAM)
        uri = f"vmc://127.0.0.1:{avatar.getsockname()[1]}?names=perfect-sync"
        with subprocess.Popen([facewire, "live", "--demo", "--no-page", "--out", uri]) as process:
            frames, jaws = 0, []
            while process.poll() is None or not jaws:
                for timed in OscPacket(avatar.recv(65_536)).messages:
                    message = timed.message
                    frames += message.address == "/VMC/Ext/Blend/Apply"
                    if message.params[:1] == ["JawOpen"]:
                        jaws.append(message.params[1])
                if frames == 300:
                    break
            process.terminate()
    if frames < 300 or max(jaws) - min(jaws) < 0.3:
        sys.exit(f"{frames} frames came by VMC, and the jaw opened to {max(jaws, default=0)}")
    print(f"{frames} frames came by VMC, and the jaw opened to {max(jaws):.2f}")


if __name__ == "__main__":
    main(sys.argv[1])
