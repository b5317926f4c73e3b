"""What is the engine `recipe`'s own; the contract of every engine is in test_streaming.py."""

import hashlib
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from fractions import Fraction
from functools import partial

import torch
from numpy.typing import NDArray
from tests.engines.recipe.small_models import decoder_of, encoders

from facewire.clock import ManualClock, SystemClock
from facewire.errors import ConfigError, EngineError
from facewire.frames import AudioChunk, Samples
from facewire.stream.engine import StyledEngine, TunableSession, open_in_style, styles_of
from facewire.stream.engines import load_engine
from facewire_engines.backends.choice import graph_loader, parse_backend
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.hearing.batched_engine import BatchedEngine
from facewire_engines.model_files import EMBEDDED_MODELS, read_manifest
from facewire_engines.plan_building import build_plans
from facewire_engines.recipe.batched import share_runs
from facewire_engines.recipe.engine import load_recipe
from facewire_training.recipes.tokens_to_faces.decoders.decoder import Speech
from facewire_training.recipes.tokens_to_faces.decoders.two_regions import (
    TwoRegions,
    streaming_parts,
)
from facewire_training.recipes.tokens_to_faces.export import write_model
from facewire_training.speech_encoders.log_mel import LogMelEncoder
from facewire_training.speech_encoders.streaming_encoder import streamed_rows


@pytest.mark.parametrize("lookahead_ms", [0, 80, 160])
@pytest.mark.parametrize("rows", ["features", "ids", "levels"])
def test_a_stream_gets_the_faces_that_the_decoder_makes_of_the_whole(
    recipe_folders: dict[str, Path], speech: Samples, rows: str, lookahead_ms: int
) -> None:
    encoder = encoders()[rows]
    clip = speech[: 2 * 16_000]
    said = torch.from_numpy(streamed_rows(encoder, clip))[None]
    decoder = decoder_of(encoder.representation)
    lengths = torch.tensor([said.shape[1]])
    # Rows come by whole hops.
    ahead = lookahead_ms if encoder.step == 1 else lookahead_ms // 40 * 40
    whole = decoder.faces(Speech(said, lengths), 60, torch.Generator(), lookahead_ms=ahead)[0]
    session = load_recipe(recipe_folders[rows]).session(
        frame_rate=Fraction(30), lookahead_ms=lookahead_ms
    )
    frames = session.push(AudioChunk(clip, 0, 16_000))
    found = np.stack([frame.weights for frame in frames])
    every = 1 if encoder.step == 1 else 6  # frames at ends of hops, every 200 ms
    expected = whole.clamp(0, 1).numpy()[: len(found)]
    # A frame's sample is a whole one: up to 62 us before its time.
    np.testing.assert_allclose(found[::every], expected[::every], atol=2e-3)


@pytest.mark.parametrize("rows", ["features", "levels"])
def test_two_regions_stream_as_one(tmp_path: Path, speech: Samples, rows: str) -> None:
    encoder, clip = encoders()[rows], speech[:16_000]
    decoder = TwoRegions(*(decoder_of(encoder.representation, seed) for seed in (1, 2))).eval()
    write_model(tmp_path, decoder, encoder)
    said = torch.from_numpy(streamed_rows(encoder, clip))[None]
    lengths = torch.tensor([said.shape[1]])
    with torch.no_grad():
        whole, mouth = (
            one.faces(Speech(said, lengths), 30, torch.Generator(), lookahead_ms=80)[0]
            for one in (decoder, streaming_parts(decoder)[0])
        )
    session = load_recipe(tmp_path).session(frame_rate=Fraction(30), lookahead_ms=80)
    frames = session.push(AudioChunk(clip, 0, 16_000))
    found = np.stack([frame.weights for frame in frames])[::6]
    np.testing.assert_allclose(found, whole.clamp(0, 1).numpy()[: len(frames) : 6], atol=2e-3)
    assert np.abs(found - mouth.clamp(0, 1).numpy()[: len(frames) : 6]).max() > 0.1


def test_a_right_context_is_what_the_lookahead_leaves(recipe_folders: dict[str, Path]) -> None:
    engine = load_recipe(recipe_folders["windowed"])
    assert (engine.hop, engine.model.right, engine.longest_lookahead_ms) == (640, 4, 240)
    found = [engine.model.right_context(ms * 16) for ms in (0, 40, 60, 80, 120, 200)]
    assert found == [0, 0, 1, 2, 4, 4]
    assert not isinstance(engine.session(), TunableSession)
    assert isinstance(load_recipe(recipe_folders["ids"]).session(), TunableSession)


def test_hubert_is_a_recipe(hubert_folder: Path, speech: Samples) -> None:
    chunk = AudioChunk(speech[:16_000], 0, 16_000)
    found, expected = (
        load_engine(f"{kind}:{hubert_folder}").session().push(chunk)
        for kind in ("recipe", "hubert")
    )
    assert len(found) == len(expected) > 40
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.weights, theirs.weights)


def test_many_sessions_share_runs(recipe_folders: dict[str, Path]) -> None:
    name = f"recipe:{recipe_folders['ids']}"
    assert isinstance(load_engine(name, sessions=16), BatchedEngine)
    assert isinstance(load_engine(name.replace(":", "-batched:", 1)), BatchedEngine)
    assert not isinstance(load_engine(name, sessions=15), BatchedEngine)
    with pytest.raises(ConfigError, match="in 8 bits"):
        load_engine(f"{name}@onnx:int8", sessions=16)
    with pytest.raises(ConfigError, match="recipe:FOLDER"):
        load_engine("recipe-batched")


def test_a_manifest_says_what_rows_are(recipe_folders: dict[str, Path]) -> None:
    about = read_manifest(recipe_folders["levels"]).rows
    assert about is not None
    assert (about.kind, about.rate, about.codebooks, about.vocabulary) == ("ids", "50", 3, 64)


def test_a_model_without_styles_says_so(recipe_folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="has no style grid; it has none: leave style out"):
        load_recipe(recipe_folders["features"]).session(style={"grid": 1.0})


def test_styles_that_the_decoder_does_not_take_are_refused(
    recipe_folders: dict[str, Path], tmp_path: Path
) -> None:
    copied = shutil.copytree(recipe_folders["prior"], tmp_path / "prior")
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["rows"] |= {"styles": ["rules"], "shares": [1.0]}
    (copied / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(EngineError, match="other styles than its manifest says"):
        load_recipe(copied)


@pytest.mark.slow
@pytest.mark.parametrize("rows", ["features", "ids", "levels", "windowed", "prior"])
def test_a_plan_is_built_of_every_graph(
    recipe_folders: dict[str, Path], tmp_path: Path, rows: str
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="install tensorrt_rtx")
    plans = build_plans(f"recipe:{recipe_folders[rows]}", tmp_path, targets=("sm_89",))
    assert {plan.graph for plan in plans} == {"encoder.onnx", "decoder.onnx", "face.onnx"}
    assert all(plan.size > 1000 for plan in plans)


def test_other_folders_are_refused(recipe_folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"recipe:FOLDER \(docs/recipe\.md"):
        load_engine("recipe")
    with pytest.raises(ConfigError, match="no model in"):
        load_engine(f"recipe:{tmp_path}")
    with pytest.raises(EngineError, match="not one for the engine recipe"):
        load_recipe(EMBEDDED_MODELS / "phones")
    mixed = shutil.copytree(recipe_folders["features"], tmp_path / "mixed")
    other = recipe_folders["ids"]
    manifest = (other / "manifest.json").read_text()
    for name in ("encoder.onnx", "face.onnx"):
        shutil.copy(other / name, mixed / name)
    theirs = read_manifest(recipe_folders["features"]).files["decoder.onnx"]
    ours = read_manifest(other).files["decoder.onnx"]
    manifest = manifest.replace(ours.sha256, theirs.sha256)
    (mixed / "manifest.json").write_text(manifest)
    with pytest.raises(EngineError, match="made for another encoder"):
        load_recipe(mixed)


@pytest.mark.parametrize(
    "said",
    [{"rate": "abc"}, {"rate": "1/0"}, {"rate": "0"}, {"middle": "1000000"}, {"delay": -3},
     {"lookahead_ms": 1e12}, {"lookahead_ms": -5}],
)  # fmt: skip
def test_rows_that_cannot_be_are_refused(
    recipe_folders: dict[str, Path], tmp_path: Path, said: dict[str, object]
) -> None:
    folder = shutil.copytree(recipe_folders["ids"], tmp_path / "ids")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["rows"] |= said
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(EngineError, match="what cannot be"):
        load_recipe(folder)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("ids", {"kind": "features", "codebooks": 0, "vocabulary": 0}),
        ("ids", {"vocabulary": 201}),
        ("ids", {"vocabulary": 199}),
        ("ids", {"vocabulary": 0}),
        ("ids", {"codebooks": 2}),
        ("levels", {"codebooks": 1}),
        ("features", {"kind": "ids", "codebooks": 1, "vocabulary": 80}),
        ("features", {"codebooks": 3}),
    ],
)
def test_rows_of_another_kind_than_the_decoder_takes_are_refused(
    recipe_folders: dict[str, Path], tmp_path: Path, rows: str, said: dict[str, object]
) -> None:
    folder = shutil.copytree(recipe_folders[rows], tmp_path / rows)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["rows"] |= said
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(EngineError, match=r"takes other rows than its manifest says .* again"):
        load_recipe(folder)


@pytest.mark.parametrize("vocabulary", [199, 201])
def test_ids_are_counted_whatever_runs_the_decoder(
    recipe_folders: dict[str, Path], tmp_path: Path, vocabulary: int
) -> None:
    folder = shutil.copytree(recipe_folders["ids"], tmp_path / "ids")
    about = json.loads((folder / "manifest.json").read_text())
    about["rows"]["vocabulary"] = vocabulary
    (folder / "manifest.json").write_text(json.dumps(about))
    for backend in ("torch", "onnx:int8"):
        with pytest.raises(EngineError, match=r"takes other rows than its manifest says"):
            load_recipe(folder, graph_loader(parse_backend(backend)))


@pytest.mark.parametrize("backend", ["onnx", "torch"])
@pytest.mark.parametrize("batched", [False, True])
def test_an_encoder_of_more_ids_than_its_decoder_knows_ends_in_one_sentence(
    recipe_folders: dict[str, Path],
    tmp_path: Path,
    speech: Samples,
    capfd: pytest.CaptureFixture[str],
    backend: str,
    batched: bool,
) -> None:
    few = LogMelEncoder(25, codebooks=1, vocabulary=40)
    write_model(tmp_path, decoder_of(few.representation), few)
    many = recipe_folders["ids"]
    shutil.copy(many / "encoder.onnx", tmp_path / "encoder.onnx")
    manifest, other = read_manifest(tmp_path), read_manifest(many)
    files = manifest.files | {"encoder.onnx": other.files["encoder.onnx"]}
    changed = msgspec.structs.replace(manifest, files=files)
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(changed))
    engine = load_recipe(tmp_path, graph_loader(parse_backend(backend)))
    session = share_runs(engine, SystemClock(), 2).session() if batched else engine.session()
    said = r"says the id \d+, but its decoder knows 40; export both anew"
    with pytest.raises(EngineError, match=said):
        session.push(AudioChunk(speech[:32_000], 0, 16_000))
    assert capfd.readouterr().err == ""


def test_a_damaged_graph_of_ones_own_model_is_to_be_exported_again(
    recipe_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(recipe_folders["ids"], tmp_path / "ids")
    whole = (folder / "decoder.onnx").read_bytes()
    (folder / "decoder.onnx").write_bytes(whole[:-1])
    with pytest.raises(EngineError, match=r"is damaged .*; export the model again, or get another"):
        load_recipe(folder)
    (folder / "decoder.onnx").unlink()
    with pytest.raises(EngineError, match=r"cannot read the model file .*; export the model again"):
        load_recipe(folder)


def test_a_build_that_fails_leaves_no_plan(recipe_folders: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="install tensorrt_rtx")
    onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
    folder = shutil.copytree(recipe_folders["ids"], tmp_path / "ids")
    model = onnx.load(str(folder / "decoder.onnx"))
    next(node for node in model.graph.node if node.op_type == "Softmax").op_type = "Wobble"
    onnx.save(model, str(folder / "decoder.onnx"))
    content = (folder / "decoder.onnx").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["decoder.onnx"] |= {
        "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    cache = tmp_path / "plans"
    with pytest.raises(EngineError, match="Wobble"):
        build_plans(str(folder), cache, targets=("sm_89",))
    assert not list(cache.glob("*"))


def test_a_stream_at_another_rate_is_retuned_at_its_own(
    recipe_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(recipe_folders["ids"], tmp_path / "ids")
    manifest = json.loads((folder / "manifest.json").read_text())
    rows = manifest["rows"]
    rows |= {"sample_rate": 24_000, "rate": str(Fraction(rows["rate"]) * Fraction(3, 2))}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    engine = load_recipe(folder)
    session = engine.session(lookahead_ms=80, frame_rate=Fraction(60))
    assert isinstance(session, TunableSession)
    sound = np.zeros(24_000, np.float32)
    frames = session.push(AudioChunk(sound, 0, 24_000))
    session.set_lookahead(20)
    assert session.spec.sample_rate == 24_000
    frames += session.push(AudioChunk(sound, 24_000, 24_000))
    frames += session.flush()
    assert len(frames) == 120
    assert [frame.timestamp for frame in frames] == [400 * index for index in range(120)]


def test_a_decoder_goes_with_its_own_encoder_only(tmp_path: Path) -> None:
    decoder = decoder_of(LogMelEncoder(25).representation)
    with pytest.raises(ConfigError, match="trained with rows of log-mel, not of random-projection"):
        write_model(tmp_path, decoder, LogMelEncoder(25, codebooks=1, vocabulary=9))


def styled_faces(
    engine: StyledEngine, speech: Samples, style: dict[str, float] | None
) -> NDArray[np.float32]:
    """Return the faces `[F, 52]` of a second in a style, and give the place of its session back."""
    session = engine.session(frame_rate=Fraction(30), style=style)
    frames = session.push(AudioChunk(speech[:16_000], 0, 16_000)) + session.flush()
    return np.stack([frame.weights for frame in frames])


def test_sessions_that_share_runs_have_styles_of_their_own(
    recipe_folders: dict[str, Path], speech: Samples
) -> None:
    alone = load_recipe(recipe_folders["prior"])
    styles = (None, {"rules": 1.0}, {"grid": 0.5}, {"facegood": 1.0})
    expected = [styled_faces(alone, speech, style) for style in styles]
    shared = share_runs(alone, ManualClock(), capacity=4, gather_ns=0)
    assert isinstance(shared, StyledEngine)
    assert shared.styles == alone.styles == ("rules", "grid", "facegood")
    sessions = [shared.session(frame_rate=Fraction(30), style=style) for style in styles]
    chunk = AudioChunk(speech[:16_000], 0, 16_000)
    pushed = shared.push_all([(session, chunk) for session in sessions])
    for faces, session, ours in zip(expected, sessions, pushed, strict=True):
        assert isinstance(ours, list)
        found = [frame.weights for frame in (*ours, *session.flush())]
        np.testing.assert_allclose(np.stack(found), faces, atol=1e-4)
    assert np.abs(expected[0] - expected[3]).max() > 0.1


def test_a_row_that_had_a_style_goes_back_to_the_usual_one(
    recipe_folders: dict[str, Path], speech: Samples
) -> None:
    alone = load_recipe(recipe_folders["prior"])
    shared = share_runs(alone, ManualClock(), capacity=1, gather_ns=0)
    usual, other = (styled_faces(alone, speech, style) for style in (None, {"facegood": 1.0}))
    assert np.abs(usual - other).max() > 0.1
    for style, faces in (({"facegood": 1.0}, other), (None, usual)):
        np.testing.assert_allclose(styled_faces(shared, speech, style), faces, atol=1e-4)
    # One that was never pushed leaves nothing behind, either.
    shared.session(style={"facegood": 1.0}).close()
    np.testing.assert_allclose(styled_faces(shared, speech, None), usual, atol=1e-4)


def test_another_style_may_be_usual_for_an_engine(
    recipe_folders: dict[str, Path], speech: Samples
) -> None:
    alone = load_recipe(recipe_folders["prior"])
    shared = share_runs(alone, ManualClock(), capacity=1, gather_ns=0)
    half = styled_faces(alone, speech, {"facegood": 0.5})
    for engine in (alone, shared):
        other = engine.in_style({"facegood": 0.5})
        np.testing.assert_allclose(styled_faces(other, speech, None), half, atol=1e-4)
        own = styled_faces(other, speech, {"grid": 1.0})
        np.testing.assert_allclose(own, styled_faces(engine, speech, {"grid": 1.0}), atol=1e-4)
        # The first engine stays as it was.
        assert np.abs(styled_faces(engine, speech, None) - half).max() > 0.1
        with pytest.raises(ConfigError, match="has no style nobody; choose from rules, grid"):
            engine.in_style({"nobody": 1.0})


def test_an_engine_without_styles_is_one_sentence(recipe_folders: dict[str, Path]) -> None:
    opened = partial(open_in_style, frame_rate=Fraction(30), lookahead_ms=80.0, clock=ManualClock())
    for engine in (load_recipe(recipe_folders["features"]), EnergyEngine()):
        assert styles_of(engine) == ()
        opened(engine, None).close()
        for style in ({"grid": 1.0}, {}):
            with pytest.raises(ConfigError, match="has no styles; leave the style out, or load"):
                opened(engine, style)


def test_a_long_name_is_not_repeated(recipe_folders: dict[str, Path]) -> None:
    engine = load_recipe(recipe_folders["prior"])
    with pytest.raises(ConfigError) as refused:
        engine.session(style={f"{number}" + "x" * 10_000: 1.0 for number in range(100)})
    assert len(str(refused.value)) < 300
