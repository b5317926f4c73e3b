"""The load of one trial on the rebuilt network; `compare_audio2face.py` starts it.

The trial's engine is the path of the ONNX file.
"""

from pathlib import Path

from facewire_cli.bench.throughput_load import main
from peers.audio2face_engine import PeerEngine

if __name__ == "__main__":
    main(lambda path: PeerEngine(Path(path).read_bytes()))
