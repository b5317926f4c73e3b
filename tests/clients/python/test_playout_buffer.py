"""Sound and faces by sample, between the wire and the loudspeaker."""

import numpy as np
import pytest

from facewire.frames import BlendshapeFrame
from facewire.wire.binary import WireFrame, wire_frame
from facewire.wire.speak import Interrupted
from facewire_client import AudioRun, PlayoutBuffer


def face(index: int, turn: int = 1) -> WireFrame:
    return wire_frame(
        BlendshapeFrame(np.zeros(52, np.float32), index, 1_000 + 100 * index, turn=turn), 0
    )


def filled(count: int = 5) -> PlayoutBuffer:
    buffer = PlayoutBuffer()
    for index in range(count):
        buffer.add(face(index))
    return buffer


def index_at(buffer: PlayoutBuffer, sample: int) -> int | None:
    found = buffer.face(sample)
    return None if found is None else found.index


def interrupted(*, sample: int | None, frame: int | None) -> Interrupted:
    return Interrupted(turn=1, sample=sample, frame=frame, at_ms=0, speech_ms=0, dropped=[2])


def test_asking_before_the_first_face_loses_none() -> None:
    buffer = filled()
    for early in (0, 500, 999):
        assert buffer.face(early) is None
    assert [index_at(buffer, 1_000 + 100 * i) for i in range(5)] == [0, 1, 2, 3, 4]


def test_the_face_of_now_stays_until_the_next() -> None:
    buffer = filled(2)
    assert [index_at(buffer, sample) for sample in (1_050, 1_050, 1_099, 1_100, 9_999)] == [
        0, 0, 0, 1, 1,
    ]  # fmt: skip
    assert PlayoutBuffer().face(0) is None


def test_asking_early_loses_no_sound() -> None:
    buffer = PlayoutBuffer()
    buffer.add(AudioRun(np.ones(100, np.float32), 1_000, 1))
    assert not buffer.sound(0, 1_000).any()
    np.testing.assert_array_equal(buffer.sound(950, 100), [0.0] * 50 + [1.0] * 50)
    np.testing.assert_array_equal(buffer.sound(1_050, 100), [1.0] * 50 + [0.0] * 50)


@pytest.mark.parametrize(("frame", "kept"), [(1, [0, 1]), (None, [4])])
def test_what_an_interrupt_made_void_is_forgotten(frame: int | None, kept: list[int]) -> None:
    buffer = filled(3)
    buffer.add(face(3, turn=2))
    if frame is None:
        buffer.add(face(4, turn=0))
    buffer.add(AudioRun(np.ones(100, np.float32), 1_000, 1))
    buffer.add(AudioRun(np.ones(100, np.float32), 1_100, 2))
    buffer.add(interrupted(sample=None if frame is None else 1_049, frame=frame))
    shown = [index_at(buffer, 1_000 + 100 * i) for i in range(5)]
    assert [i for n, i in enumerate(shown) if i is not None and i not in shown[:n]] == kept
    heard = buffer.sound(1_000, 200)
    assert heard.sum() == (0 if frame is None else 50)
