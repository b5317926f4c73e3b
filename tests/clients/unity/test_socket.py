"""The WebSocket `/face`, watched by the Unity package: exact, whole, and again after a restart."""

from pathlib import Path

import numpy as np
from tests.clients.unity.live import live
from tests.clients.unity.mono import Faces, Program, faces
from tests.free_port import free_port


def test_every_face_since_it_joined_and_again_after_the_server_restarts(
    driver: Program, tmp_path: Path
) -> None:
    port = free_port()
    with driver.running("face", f"http://127.0.0.1:{port}/") as viewer:
        assert "does not answer" in viewer.wait_for("problem ")
        with live("--port", str(port), f"--out=npz:{tmp_path / 'one.npz'}") as server:
            assert server.wait(100) == 0
        with live("--port", str(port), f"--out=npz:{tmp_path / 'two.npz'}"):
            viewer.wait_for("frame 2 ", count=120)
        viewer.end()
    seen = faces(viewer.lines)
    assert set(seen.streams) == {1, 2}
    whole = compare(seen.of_stream(1), tmp_path / "one.npz")
    compare(seen.of_stream(2), tmp_path / "two.npz")
    # It was there before the clip was over, and to its end.
    assert seen.of_stream(1).indices[-1] == whole - 1
    connections, dropped, offset_ns = viewer.lines[-1].split()[1:]
    assert (connections, dropped) == ("2", "0")
    # Both read the same clock of this machine, CLOCK_MONOTONIC.
    assert abs(int(offset_ns)) < 1e9


def compare(seen: Faces, file: Path) -> int:
    """Compare what was seen with what the same run recorded; return how many frames that has."""
    with np.load(file) as recorded:
        first, count = seen.indices[0], len(seen.indices)
        assert count > 60
        there = slice(first, first + count)
        np.testing.assert_array_equal(seen.indices, np.arange(first, first + count))
        for name in ("timestamps", "turns", "weights", "head", "speech"):
            np.testing.assert_array_equal(getattr(seen, name), recorded[name][there])
        assert seen.weights.max() > 0.3
        return len(recorded["indices"])
