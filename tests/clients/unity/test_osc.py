"""OSC as `--out osc://` sends it, heard by the Unity package: every face, exact, in order."""

import socket
import struct
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from tests.clients.unity.live import play
from tests.clients.unity.mono import Faces, Program, faces

from facewire import arkit


def message(address: str, *numbers: float) -> bytes:
    builder = OscMessageBuilder(address)
    for number in numbers:
        builder.add_arg(number, "i" if isinstance(number, int) else "f")
    return builder.build().dgram


def face(index: int, seconds: float, weight: float) -> list[bytes]:
    return [
        message("/face/blendshapes", *[weight] * arkit.COUNT),
        message("/face/head", 0.25, 0.5, -0.5),
        message("/face/info", index, seconds, 1.0),
    ]


OUTPUTS = (
    ("", "/face"),
    ("?bundle=no", "/face"),
    ("/me?preset=arkit-each", "/me"),
    ("?preset=arkit-each&bundle=no", "/face"),
    ("?preset=array-61", "/face"),
)
"""What is written behind the port, and where the receiver looks for it."""


def test_every_face_arrives_as_it_was_recorded(driver: Program, tmp_path: Path) -> None:
    with ExitStack() as stack:
        receivers = [
            stack.enter_context(driver.running("osc", "0", address)) for _, address in OUTPUTS
        ]
        ports = [receiver.wait_for("port ").split()[1] for receiver in receivers]
        outputs = [
            f"--out=osc://127.0.0.1:{port}{options}"
            for port, (options, _) in zip(ports, OUTPUTS, strict=True)
        ]
        for take in ("one", "two"):
            play("--no-page", *outputs, f"--out=npz:{tmp_path / take}.npz")
        for receiver in receivers:
            receiver.end()
    for receiver in receivers:
        heard = faces(receiver.lines)
        # The sender was started again: another stream begins.
        assert set(heard.streams) == {1, 2}
        compare(heard.of_stream(1), tmp_path / "one.npz")
        compare(heard.of_stream(2), tmp_path / "two.npz")
        unreadable, incomplete, disordered, dropped = receiver.lines[-1].split()[2:]
        assert (unreadable, incomplete, disordered, dropped) == ("0", "0", "0", "0")


def compare(heard: Faces, file: Path) -> None:
    with np.load(file) as recorded:
        assert recorded["weights"].max() > 0.3
        np.testing.assert_array_equal(heard.indices, recorded["indices"])
        np.testing.assert_array_equal(heard.weights, recorded["weights"])
        np.testing.assert_array_equal(heard.head, recorded["head"])
        np.testing.assert_array_equal(heard.speech, recorded["speech"])
        np.testing.assert_allclose(heard.seconds, recorded["timestamps"] / 16_000, rtol=1e-6)


def test_what_is_not_a_face_is_counted_and_the_faces_go_on(driver: Program) -> None:
    wrong = [b"", b"/", b"#bundle\0", bytes(65_000), b"/face/info\0\0,iff\0\0\0\0\0\0\0\1"]
    half = face(1, 0.02, 0.5)[0][:100]
    with driver.running("osc", "0", "/face") as receiver:
        port = int(receiver.wait_for("port ").split()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            # The second face lost its weights; the fourth comes twice, and behind it an older one.
            shown = [
                *face(0, 0.0, 0.25),
                *wrong,
                half,
                *face(1, 0.02, 0.5)[1:],
                *face(2, 0.03, 0.75),
            ]
            for datagram in [
                *shown,
                *face(3, 0.05, 1.0),
                *face(3, 0.05, 1.0),
                *face(2, 0.03, 0.75),
            ]:
                sender.sendto(datagram, ("127.0.0.1", port))
        receiver.wait_for("frame ", count=3)
        receiver.end()
    heard = faces(receiver.lines)
    assert heard.indices.tolist() == [0, 2, 3]
    assert heard.weights[:, 17].tolist() == [0.25, 0.75, 1.0]
    assert receiver.lines[-1].split()[2:] == [str(len(wrong) + 1), "1", "2", "0"]


def test_a_port_that_another_program_has_is_one_sentence(driver: Program) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        port = str(other.getsockname()[1])
        with driver.running("osc", port, "/face") as receiver:
            problem = receiver.wait_for("problem ")
    assert f"UDP port {port} cannot be listened on" in problem
    assert "choose another one" in problem


def test_all_kinds_of_numbers_are_read_and_other_arguments_left_out(driver: Program) -> None:
    kinds = OscMessageBuilder("/face/jawOpen")
    for value, kind in (("x", "s"), (0.5, "f"), (7, "i"), (0.1, "d"), (2**40, "h"), (True, "T")):
        kinds.add_arg(value, kind)
    inner = OscBundleBuilder(IMMEDIATELY)
    inner.add_content(kinds.build())
    outer = OscBundleBuilder(IMMEDIATELY)
    outer.add_content(inner.build())
    answer = driver.answers("osc-bytes", lines=[outer.build().dgram.hex()])
    assert answer == [f"True 0 /face/jawOpen=0.5,7,0.1,{2**40}"]


def test_no_datagram_of_any_bytes_does_harm(driver: Program) -> None:
    rng = np.random.default_rng(1)
    bundle = OscBundleBuilder(IMMEDIATELY)
    parts = b"".join(struct.pack(">i", len(part)) + part for part in face(5, 0.1, 0.5))
    whole = bundle.build().dgram + parts
    datagrams = [whole[:length] for length in range(len(whole))]
    for _ in range(2_000):
        bytes_ = bytearray(whole)
        for place in rng.integers(0, len(bytes_), rng.integers(1, 8)):
            bytes_[place] = rng.integers(256)
        datagrams.append(bytes(bytes_))
    datagrams += [rng.bytes(int(rng.integers(0, 64))) for _ in range(500)]
    deep = b"".join(
        b"#bundle\0" + bytes(8) + struct.pack(">i", 20 * left) for left in range(60, 0, -1)
    )
    answers = driver.answers("osc-bytes", lines=[d.hex() for d in [whole, deep, *datagrams]])
    assert answers[0].startswith("True 1 ")
    assert answers[1].startswith("False 0")
    assert {answer.split()[0] for answer in answers} == {"True", "False"}
