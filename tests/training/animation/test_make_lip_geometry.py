import json
import os
from importlib import resources
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_training.animation.make_lip_geometry import make_table

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.skipif(
    not (DATA / "ict_facekit").is_dir(), reason="needs ict_facekit/ in FACEWIRE_DATA"
)
def test_the_face_model_gives_the_table_again() -> None:
    file = resources.files("facewire.face") / "lips.json"
    assert make_table(DATA / "ict_facekit") == json.loads(file.read_text())


def test_a_folder_without_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the ICT face model"):
        make_table(tmp_path)
