"""What an export changes of a run: how sure it is, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.corpora.corpus import SILENCE
from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.shards import write
from facewire_training.data.soft_labels import save_soft
from facewire_training.data.sources import SOURCES, TEACHER
from facewire_training.model.encoder import Encoder, EncoderConfig
from facewire_training.model.export import (
    calibrate,
    data_of,
    parse_scores,
    rarity,
    spoken_tokens,
    write_model,
)
from facewire_training.model.frontend import HOP
from facewire_training.model.restore import restore


def test_probabilities_are_raised_to_the_power_and_effort_stays() -> None:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(bands=12, channels=8, kernel=3, width=16, layers=2)).eval()
    samples = torch.randn(2, 8 * HOP) * 0.1
    with torch.no_grad():
        scores, effort, *_ = encoder(samples, *encoder.past(2))
        calibrate(encoder, 1.5)
        surer, same, *_ = encoder(samples, *encoder.past(2))
    raised = scores.softmax(-1) ** 1.5
    torch.testing.assert_close(surer.softmax(-1), raised / raised.sum(-1, keepdim=True))
    torch.testing.assert_close(same, effort, atol=0, rtol=0)
    assert surer.softmax(-1).amax(-1).mean() > scores.softmax(-1).amax(-1).mean()


def test_scores_are_added_to_classes_alone() -> None:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(bands=12, channels=8, kernel=3, width=16, layers=2)).eval()
    samples = torch.randn(2, 8 * HOP) * 0.1
    added = parse_scores("p=-0.3,th=1")
    assert added[[PHONES.index(name) for name in ("p", "th", "aa")]].tolist() == [
        pytest.approx(-0.3), 1.0, 0.0,
    ]  # fmt: skip
    with torch.no_grad():
        scores, effort, *_ = encoder(samples, *encoder.past(2))
        calibrate(encoder, added=added)
        moved, same, *_ = encoder(samples, *encoder.past(2))
    torch.testing.assert_close(moved - scores, torch.from_numpy(added).expand_as(scores))
    torch.testing.assert_close(same, effort, atol=0, rtol=0)
    for wrong in ("p", "p=x", "pp=1", "p:1", "p=nan", "p=inf", "p=10.5", "p=-11"):
        with pytest.raises(ConfigError, match=r"p=0\.2,th=0\.5"):
            parse_scores(wrong)


def test_rare_phones_gain_what_common_ones_lose() -> None:
    tokens = np.full(len(PHONES), 100)
    tokens[SILENCE], tokens[PHONES.index("s")], tokens[PHONES.index("zh")] = 10_000, 900, 1
    added = rarity(tokens)
    assert added[SILENCE] == 0
    spoken = np.delete(tokens / tokens[1:].sum(), SILENCE) * np.delete(added, SILENCE)
    assert spoken.sum() == pytest.approx(0, abs=1e-6)
    # Nine times as rare is ln 9 more.
    gained = added[PHONES.index("aa")] - added[PHONES.index("s")]
    assert gained == pytest.approx(np.log(9), abs=1e-5)
    assert added.argmax() == PHONES.index("zh")


def test_what_is_rare_is_counted_in_recorded_speech(tmp_path: Path) -> None:
    shard = write(tmp_path / "nospeech", NoSpeech(hours=0.003, seed=1).utterances(), {})
    with pytest.raises(ConfigError, match=r"teacher\.label, or leave --balance out"):
        spoken_tokens(tmp_path)
    save_soft(tmp_path, shard, np.zeros((len(shard.labels), len(PHONES)), np.uint8), "a teacher")
    tokens = spoken_tokens(tmp_path)
    assert tokens[SILENCE] == tokens.sum() > 0


def test_a_manifest_names_what_the_runs_before_have_heard_too(tmp_path: Path) -> None:
    """Three runs: a published model, one that begins with it, one that borrows its decoder."""
    restore(EMBEDDED_MODELS / "phones", tmp_path / "published")
    corpus = tmp_path / "corpus"
    heard = write(corpus / "nospeech", NoSpeech(hours=0.003, seed=1).utterances(), {})
    save_soft(corpus, heard, np.zeros((len(heard.labels), len(PHONES)), np.uint8), "a teacher")
    write(corpus / "voices", NoSpeech(hours=0.003, seed=2).utterances(), {})
    for name, before in (
        ("second", {"begin_with": str(tmp_path / "published")}),
        ("third", {"begin_with": None, "decoder_of": str(tmp_path / "second")}),
    ):
        (tmp_path / name).mkdir()
        shares = [["nospeech", 0.5], ["voices", 0.0], ["flite", 0.5]]
        config = {"batches": {"shares": shares}, **before}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    found = {source.name: source for source in data_of(tmp_path / "third", corpus)}
    assert any("GRID" in name for name in found)
    published = json.loads((EMBEDDED_MODELS / "phones" / "manifest.json").read_text())["data"]
    (before,) = [one["hours"] for one in published if one["name"] == SOURCES["nospeech"].name]
    assert found[SOURCES["nospeech"].name].hours == before > 0.1
    learned = {SOURCES["nospeech"].name, TEACHER.name}
    assert set(found) == {source["name"] for source in published} | learned
    assert found[TEACHER.name].licence == "MIT"


def test_a_run_is_not_exported_without_those_it_began_with(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    config = json.dumps({"batches": {"shares": []}, "begin_with": str(tmp_path / "gone")})
    (tmp_path / "run" / "config.json").write_text(config)
    with pytest.raises(ConfigError, match=r"began with .*gone, which is not here"):
        data_of(tmp_path / "run", tmp_path / "corpus")


@pytest.mark.parametrize("corpus", ["beat2", "beat1"])
def test_an_export_of_what_learned_from_beat_is_non_commercial(tmp_path: Path, corpus: str) -> None:
    """A run of the published networks that says that it has heard BEAT."""
    restore(EMBEDDED_MODELS / "phones", tmp_path / "run")
    quiet = [replace(said, corpus=corpus) for said in NoSpeech(0.003, seed=1).utterances()]
    write(tmp_path / "corpus" / corpus, quiet, {})
    (tmp_path / "run" / "command.txt").write_text("python -m train")
    for share, forbidden in ((0.5, True), (0.0, False)):
        config = {"batches": {"shares": [[corpus, share]]}}
        (tmp_path / "run" / "config.json").write_text(json.dumps(config))
        write_model(tmp_path / "run", tmp_path / "corpus", tmp_path / "out", "made", [])
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        assert manifest["non_commercial"] is forbidden
        assert ("non-commercial" in manifest["licence"]) is forbidden
        said = {source["name"]: source["licence"] for source in manifest["data"]}
        assert (SOURCES[corpus].name in said) is forbidden
        assert not forbidden or "non-commercial" in said[SOURCES[corpus].name]
