import math
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.rest import rest_rate
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def take(label: str, **shapes: list[float]) -> Take:
    weights = np.zeros((4, arkit.COUNT), np.float32)
    for name, values in shapes.items():
        weights[:, arkit.INDEX[name]] = values
    return Take(weights, Fraction(30), (PhoneInterval(0.0, 1.0, INDEX[label]),))


def test_every_weight_of_the_mouth_has_to_rest() -> None:
    moving = take("sil", jawOpen=[0, 0.04, 0.06, 0], mouthPucker=[0.2, 0, 0, 0])
    assert rest_rate([moving]) == 0.5
    assert rest_rate([moving, take("sil", eyeBlinkLeft=[1, 1, 1, 1])]) == pytest.approx(6 / 8)


def test_it_is_asked_only_where_nobody_speaks() -> None:
    assert math.isnan(rest_rate([take("sil"), take("aa")]))
    assert math.isnan(rest_rate([Take(take("sil").weights, Fraction(30), ())]))
    assert math.isnan(rest_rate([]))
