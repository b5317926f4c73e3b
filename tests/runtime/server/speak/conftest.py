"""The embedded model, loaded once."""

import pytest

from facewire_engines.phones.engine import PhonesEngine, load_embedded


@pytest.fixture(scope="module")
def model() -> PhonesEngine:
    return load_embedded()
