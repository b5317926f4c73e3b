from types import SimpleNamespace

import pytest

from facewire.clock import MILLISECOND, SECOND
from facewire.sources.device_time import DeviceTime


def times(begun: float, current: float) -> SimpleNamespace:
    return SimpleNamespace(inputBufferAdcTime=begun, currentTime=current)


def test_the_distance_of_the_devices_times_counts() -> None:
    device = DeviceTime()
    for base in (5.0, 1_795_852_686.0, 100.0):  # somebody sets the clock between them
        recorded = device.recorded(SECOND, times(base, base + 0.25))
        assert recorded == pytest.approx(750 * MILLISECOND, abs=MILLISECOND)


@pytest.mark.parametrize(
    ("begun", "current"), [(0.0, 10.0), (10.0, 0.0), (0.0, 0.0), (10.0, 9.0), (10.0, 100.0)]
)
def test_a_device_that_tells_what_cannot_be_is_not_believed_any_more(
    begun: float, current: float
) -> None:
    device = DeviceTime()
    assert device.recorded(SECOND, times(9.0, 9.01)) is not None
    assert device.recorded(SECOND, times(begun, current)) is None
    assert device.recorded(SECOND, times(9.0, 9.01)) is None
