"""What a run keeps of its data, and what the manifest of its export then says."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_training.data.sources import (
    SOURCES,
    TEACHER,
    read_sources,
    told_sources,
    write_sources,
)
from facewire_training.recipes.tokens_to_faces.export import sources


def test_a_run_keeps_its_data_and_their_licences(tmp_path: Path) -> None:
    assert read_sources(tmp_path) is None
    write_sources(tmp_path, {"beat2": 1.25, "somebodys": 3.0, "librispeech": 0.5}, [TEACHER])
    kept = read_sources(tmp_path)
    assert kept is not None
    assert [(source.name, source.hours) for source in kept] == [
        (SOURCES["beat2"].name, 1.25),
        (SOURCES["librispeech"].name, 0.5),
        (TEACHER.name, 4.75),
    ]
    assert kept[0].licence == SOURCES["beat2"].licence


def test_a_run_keeps_what_the_one_that_it_begins_with_learned_from(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for run in (first, second):
        run.mkdir()
    write_sources(first, {"beat2": 1.25, "grid": 0.5})
    write_sources(second, {"grid": 0.1, "facegood": 0.2}, before=told_sources(first))
    assert {source.name: source.hours for source in told_sources(second)} == {
        SOURCES["beat2"].name: 1.25,
        SOURCES["grid"].name: 0.5,
        SOURCES["facegood"].name: 0.2,
    }


def test_an_export_names_the_data_of_decoder_and_encoder(tmp_path: Path) -> None:
    decoder, encoder = tmp_path / "decoder", tmp_path / "encoder"
    for run, hours in ((decoder, {"beat1": 2.0}), (encoder, {"readings": 1.0})):
        run.mkdir()
        write_sources(run, hours)
    names = {source.name for source in sources(decoder, encoder)}
    assert names == {SOURCES["beat1"].name, SOURCES["readings"].name}
    assert len(sources(decoder, None)) == 1


def test_a_run_that_does_not_say_what_it_learned_from_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not say what it has learned from"):
        sources(tmp_path, None)
