"""What all tests of this folder need."""

import pytest
from tests.conftest import skip_unless_ci

from facewire.errors import ConfigError
from facewire.server.audio2face.messages import load_grpc, load_messages


@pytest.fixture(autouse=True, scope="session")
def grpc_is_here() -> None:
    try:
        load_grpc()
        load_messages()
    except ConfigError as error:
        skip_unless_ci(str(error))
