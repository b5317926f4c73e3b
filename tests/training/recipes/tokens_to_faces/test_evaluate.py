"""Decoders measured on people nobody trained on, and the table that comes of it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from tests.training.recipes.tokens_to_faces.conftest import IDS, ToneEncoder, speech

from facewire.errors import ConfigError
from facewire_training.data.shards import load_one, write
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.evaluation.performers import oracle, volume_meter
from facewire_training.recipes.tokens_to_faces.checkpoint import RunConfig, TrainedDecoder
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.decoders.streaming import Streaming, StreamingConfig
from facewire_training.recipes.tokens_to_faces.encode import encode, keep_weights
from facewire_training.recipes.tokens_to_faces.evaluate import (
    FRAME_RATE,
    Validation,
    open_validation,
    perform,
    perform_as,
)
from facewire_training.recipes.tokens_to_faces.study import Row, Study
from facewire_training.recipes.tokens_to_faces.study_table import COLUMNS, cells, table, titles
from facewire_training.recipes.tokens_to_faces.validation import heard
from facewire_training.speech_encoders.rows.encoded import load_encoded
from facewire_training.speech_encoders.small.encoder import SmallIds
from facewire_training.speech_encoders.small.networks import SmallConfig
from facewire_training.speech_encoders.small.train import new_network

SHARDS = ("validation/librispeech", "validation-captures/grid")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus with both validation sets, whose captures are what rules make, and its rows."""
    corpus: Path = tmp_path_factory.mktemp("validation")
    for place, name in enumerate(SHARDS):
        file = corpus / name
        file.parent.mkdir()
        said = [speech(2.5 + 0.4 * i, 10 * place + i) for i in range(3)]
        shard = write(file, [replace(one, corpus=file.name) for one in said], {})
        save_targets(file.parent, shard, make_targets(shard))
    encode(ToneEncoder(IDS), corpus, ",".join(SHARDS), corpus / "rows")
    return corpus


@pytest.fixture(scope="module")
def validation(folder: Path) -> Validation:
    return open_validation(folder, folder / "rows", FRAME_RATE)


def test_rules_are_their_own_reference(validation: Validation) -> None:
    spoken = perform_as(oracle, validation.speech, FRAME_RATE)
    figures = validation.figures(spoken, perform_as(oracle, validation.captures, FRAME_RATE))
    assert figures["LVE"] == 0
    assert figures["closure %"] == 100
    assert figures["captured gap_r"] > 0.99
    assert figures.keys() >= COLUMNS.keys()


def test_another_face_is_further_away(validation: Validation) -> None:
    spoken = perform_as(volume_meter, validation.speech, FRAME_RATE)
    seen = perform_as(volume_meter, validation.captures, FRAME_RATE)
    figures = validation.figures(spoken, seen)
    assert figures["LVE"] > 0.1
    assert figures["captured gap_r"] < 0.9


def test_a_look_ahead_is_into_audio(validation: Validation) -> None:
    torch.manual_seed(0)
    setting = Setting(IDS, FRAME_RATE, 5)
    network = Streaming(StreamingConfig(width=16, layers=1, heads=2), setting).eval()
    trained = TrainedDecoder(network, RunConfig("streaming", StreamingConfig(), setting), 0)
    plain = perform(trained, validation.speech, 80.0)
    assert [len(take) for take in plain] == [
        validation.speech.frames(place, FRAME_RATE) for place in range(len(validation.speech))
    ]
    later = perform(trained, replace(validation.speech, delay_ms=40.0), 120.0)
    for one, other in zip(plain, later, strict=True):
        assert np.array_equal(one.weights, other.weights)


def test_utterances_without_sound_are_not_measured(tmp_path: Path) -> None:
    silent = replace(speech(1.0, 9), samples=np.zeros(0, np.float32), phones=())
    for name in SHARDS:
        (tmp_path / name).parent.mkdir()
        said = [silent, speech(2.5, 1), silent, speech(2.9, 2)]
        corpus = Path(name).name
        shard = write(tmp_path / name, [replace(one, corpus=corpus) for one in said], {})
        save_targets((tmp_path / name).parent, shard, make_targets(shard))
    encode(ToneEncoder(IDS), tmp_path, ",".join(SHARDS), tmp_path / "rows")
    validation = open_validation(tmp_path, tmp_path / "rows", FRAME_RATE)
    assert list(validation.speech.encoded.utterances) == [1, 3]
    (whole,) = ToneEncoder(IDS).encode([validation.speech.shard.audio(3)])
    assert np.array_equal(validation.speech.encoded.rows_of(1), whole)
    assert [one.name for one in validation.captures.captures()] == ["u1", "u2"]
    every = validation.every(2)
    assert list(every.captures.encoded.utterances) == [1]


def test_how_far_an_encoder_hears_past_a_row_is_kept_with_the_rows(
    folder: Path, tmp_path: Path
) -> None:
    for name, encoder, delay_ms in (
        ("whole", ToneEncoder(IDS), 0.0),
        ("labels", SmallIds(new_network(SmallConfig("labels"))), 40.0),
    ):
        encode(encoder, folder, SHARDS[0], tmp_path / name)
        assert heard(folder, tmp_path / name, SHARDS[0]).delay_ms == delay_ms
    (tmp_path / "whole" / "delay_ms.txt").unlink()
    with pytest.raises(ConfigError, match=r"does not say how far past each row .* adds that"):
        heard(folder, tmp_path / "whole", SHARDS[0])


def test_every_third_utterance_alone_is_encoded(folder: Path, tmp_path: Path) -> None:
    encode(ToneEncoder(IDS), folder, "validation/librispeech:2", tmp_path)
    shard = load_one(folder / "validation/librispeech")
    rows = load_encoded(tmp_path, "validation/librispeech", shard)
    assert list(rows.utterances) == [0, 2]
    (whole,) = ToneEncoder(IDS).encode([shard.audio(2)])
    assert np.array_equal(rows.rows_of(1), whole)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("nowhere", "has no shard nowhere"),
        ("validation/librispeech:x", "NAME:3"),
        ("../outside", "'../outside' is no name of a shard; write one such as librispeech or"),
        ("validation/../../outside", "is no name of a shard"),
        ("/tmp", "is no name of a shard"),
        ("", "is no name of a shard"),
    ],
)
def test_what_is_no_shard_is_refused(folder: Path, tmp_path: Path, chosen: str, said: str) -> None:
    out = tmp_path / "in" / "rows"
    with pytest.raises(ConfigError, match=said):
        encode(ToneEncoder(IDS), folder, chosen, out)
    assert not list(tmp_path.iterdir())


def test_other_rows_do_not_go_into_the_same_folder(folder: Path, tmp_path: Path) -> None:
    encode(ToneEncoder(IDS), folder, SHARDS[0], tmp_path)
    other = replace(IDS, name="others", rate=Fraction(50))
    with pytest.raises(ConfigError, match="rows of another encoder"):
        encode(ToneEncoder(other), folder, SHARDS[0], tmp_path)


def test_rows_of_other_weights_do_not_go_into_the_same_folder(tmp_path: Path) -> None:
    out, weights = tmp_path / "rows", tmp_path / "weights.pt"
    out.mkdir()
    weights.write_bytes(b"these")
    keep_weights(out, weights)
    keep_weights(out, weights)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "checkpoint.pt").write_bytes(b"these")
    (folder / "metrics.jsonl").write_bytes(b"grows")
    keep_weights(out, folder)
    weights.write_bytes(b"others")
    with pytest.raises(ConfigError, match="rows of other weights"):
        keep_weights(out, weights)


def test_the_table_has_a_cell_for_every_title() -> None:
    figures = dict.fromkeys(COLUMNS, 0.5)
    rows = (
        Row("tones", "labels", "streaming", 40.0, 10, 20, figures),
        Row("tones", "labels", "transformer", None, 10, 20, figures),
    )
    study = Study("command", "2026-01-01", "machine", "narrow", 1.0, 2, 3, rows, ())
    again = msgspec.json.decode(msgspec.json.encode(study), type=Study)
    assert again == study
    assert cells(rows[0])[:3] == ["tones", "streaming", "40 ms"]
    assert cells(rows[1])[2] == "whole"
    assert len(table(study).columns) == len(titles()) == len(cells(rows[0]))
