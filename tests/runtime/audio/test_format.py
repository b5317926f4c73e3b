import numpy as np
import pytest

from facewire.audio.format import AudioFormat, Encoding


def test_16_bit_integers() -> None:
    samples = AudioFormat(Encoding.S16LE, 16_000, 2).decode(bytes.fromhex("0080ff7f00000100"))
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, [[-1, 32767 / 32768], [0, 1 / 32768]])


def test_floats() -> None:
    samples = AudioFormat(Encoding.F32LE).decode(bytes.fromhex("0000003f000080bf"))
    np.testing.assert_array_equal(samples, [[0.5], [-1]])


def test_half_a_sample_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="3 bytes are not a multiple of 4"):
        AudioFormat(channels=2).decode(b"abc")


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (16_000, 0)])
def test_an_impossible_format_is_a_mistake(rate: int, channels: int) -> None:
    with pytest.raises(ValueError, match="impossible audio"):
        AudioFormat(sample_rate=rate, channels=channels)
