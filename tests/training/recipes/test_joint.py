"""The projector of a TTS's latents: its shape, its training, its export, and given durations."""

import json
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

import torch

from facewire import arkit
from facewire.errors import ConfigError
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.latents.decoder import load_latent_decoder
from facewire_engines.latents.session import BESIDE, GROUP, ROWS, WINDOW
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.voices.hibari.package import load_hibari
from facewire_engines.voices.hibari.reading import Reading, Word
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.grid_words import TimedWord
from facewire_training.data.sources import SOURCES, told_sources
from facewire_training.onnx_folder import write_folder
from facewire_training.recipes.joint.batches import Batches
from facewire_training.recipes.joint.captured import Sayer, sentences_of
from facewire_training.recipes.joint.export import graph_of, load_decoder, load_projector
from facewire_training.recipes.joint.given_durations import GivenDurations, true_frames
from facewire_training.recipes.joint.projector import (
    PAPER,
    Projector,
    ProjectorConfig,
    RowProjector,
    padded,
)
from facewire_training.recipes.joint.sentences import Sentences, load_sentences
from facewire_training.recipes.joint.train import main
from facewire_training.training_run import write_checkpoint

WIDTH = 256
DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six sentences of noise, where each group of latents has the rows of its own class."""
    rng = np.random.default_rng(0)
    classes = rng.integers(1, len(PHONES), 6 * 40)
    means = rng.normal(0, 1, (len(PHONES), WIDTH))
    heard = np.zeros((len(classes) * ROWS, len(PHONES) + 1), np.float16)
    heard[np.arange(len(heard)), np.repeat(classes, ROWS)] = 1.0
    made = Sentences(
        np.repeat(means[classes], GROUP, axis=0).astype(np.float16),
        heard,
        rng.random((len(heard), arkit.COUNT)).astype(np.float16),
        np.ones((len(heard), arkit.COUNT), np.bool_),
        np.arange(0, 241, 40),
    )
    folder = tmp_path_factory.mktemp("sentences")
    for name in ("train", "validation"):
        made.save(folder / f"{name}.npz")
    return folder


def train(folder: Path, run: Path, *words: str) -> list[dict[str, dict[str, float]]]:
    main(["--sentences", str(folder), "--run", str(run), "--batch", "4", "--threads", "1", *words])
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_papers_projector_has_its_shape_and_takes_a_step() -> None:
    torch.manual_seed(0)
    projector = Projector(PAPER)
    latents = torch.randn(2, 100, 1024)  # two seconds of IndexTTS2's, 50 a second
    wanted = torch.randn(2, 50, 768)  # as many of WavLM's rows, 25 a second
    optimizer = torch.optim.AdamW(projector.parameters(), 1e-2)
    losses = []
    for _ in range(4):
        features = projector(padded(latents, PAPER))
        assert features.shape == wanted.shape
        loss = (features - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    grouped = [m for m in projector.modules() if isinstance(m, torch.nn.Conv1d) and m.groups > 1]
    assert [(m.groups, m.in_channels, m.stride) for m in grouped] == [
        (8, 64, (1,)), (8, 64, (1,)), (8, 192, (2,)),
    ]  # fmt: skip


def test_windows_of_a_stream_say_what_whole_speech_does() -> None:
    torch.manual_seed(1)
    config = ProjectorConfig()
    projector = RowProjector(config).eval()
    latents = torch.randn(1, 10 * GROUP, WIDTH)
    around = padded(latents, config)
    classes, effort = projector(around)
    assert classes.shape == (1, 50, 40)
    for group in range(10):
        window = around[:, group * GROUP : group * GROUP + WINDOW]
        own = slice(group * ROWS, (group + 1) * ROWS)
        found = projector(window)
        torch.testing.assert_close(found[0], classes[:, own], atol=1e-5, rtol=0)
        torch.testing.assert_close(found[1], effort[:, own], atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=f"windows of {BESIDE}"):
        RowProjector(ProjectorConfig(kernels=(5, 5, 12)))


def test_a_batch_is_what_the_sentences_say_and_rest_between_them(folder: Path) -> None:
    source = load_sentences(folder / "train.npz")
    batches = Batches([source], batch=16, groups=30, seed=3)
    one, again = batches.draw(5), Batches([source], batch=16, groups=30, seed=3).draw(5)
    assert torch.equal(one.latents, again.latents)
    assert one.latents.shape == (16, 30 * GROUP + 2 * BESIDE, WIDTH)
    inner = one.latents[:, BESIDE:-BESIDE:GROUP]
    silent = one.heard[:, ::ROWS, 0] == 1
    assert silent.any()
    assert torch.equal(inner.abs().amax(-1) == 0, silent)
    assert (one.known == 1).all()


def test_the_first_stage_learns_resumes_and_leaves_the_decoder(
    folder: Path, tmp_path: Path
) -> None:
    (told,) = train(folder, tmp_path / "whole", "--steps", "40")
    assert told["validation"]["classes"] < 2.5  # chance is 3.7
    with pytest.raises(ConfigError, match="holds a run of other settings"):
        train(folder, tmp_path / "whole", "--steps", "40", "--rate", "1e-3")
    assert load_decoder(tmp_path / "whole") is None


def test_the_second_stage_learns_faces_with_or_without_the_decoder(
    folder: Path, tmp_path: Path
) -> None:
    train(folder, tmp_path / "one", "--steps", "2")
    more = ("--steps", "2", "--begin-with", str(tmp_path / "one"))
    (kept,) = train(folder, tmp_path / "kept", *more, "--keep-decoder")
    (both,) = train(folder, tmp_path / "both", *more, "--captures", str(folder / "train.npz"))
    assert kept["validation"]["face"] > 0
    assert both["validation"]["face"] > 0
    assert load_decoder(tmp_path / "kept") is None
    before = torch.load(tmp_path / "one" / "checkpoint.pt", weights_only=True)["model"]
    learned = load_decoder(tmp_path / "both")
    assert learned is not None
    name = "hidden.0.weight"
    assert not torch.equal(learned.state_dict()[name], before[f"decoder.{name}"])


def test_a_run_keeps_whose_speech_and_faces_it_has_learned_from(
    folder: Path, tmp_path: Path
) -> None:
    captures = ("--captures", str(folder / "train.npz"))
    train(folder, tmp_path / "one", "--steps", "1", *captures)
    train(folder, tmp_path / "two", "--steps", "1", "--begin-with", str(tmp_path / "one"))
    for run in ("one", "two"):
        names = [source.name for source in told_sources(tmp_path / run)]
        assert names == [SOURCES["hibari"].name, SOURCES["grid"].name]


def test_what_is_missing_or_of_another_kind_is_told_in_one_sentence(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*train\.npz; make it with"):
        train(tmp_path, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"there is no .*checkpoint\.pt; train a run first"):
        train(folder, tmp_path / "run", "--begin-with", str(tmp_path / "none"))
    other = tmp_path / "other"
    other.mkdir()
    write_checkpoint({"network": {}}, other / "checkpoint.pt")
    with pytest.raises(ConfigError, match=r"not of facewire_training\.recipes\.joint\.train"):
        train(folder, tmp_path / "run", "--begin-with", str(other))
    with pytest.raises(ConfigError, match="holds a run of other settings"):
        train(folder, other)
    with pytest.raises(ConfigError, match=r"not of facewire_training\.recipes\.joint\.train"):
        load_projector(other)
    made = load_sentences(folder / "train.npz")
    replace(made, latents=made.latents[:, :192]).save(tmp_path / "train.npz")
    with pytest.raises(ConfigError, match=r"train\.npz are not of 256 numbers"):
        train(tmp_path, tmp_path / "run")


def test_an_exported_projector_drives_the_engine(folder: Path, tmp_path: Path) -> None:
    train(folder, tmp_path / "run", "--steps", "2")
    projector = load_projector(tmp_path / "run")
    graph = graph_of(projector)
    assert len(graph.content) < 500_000
    write_folder(tmp_path / "out", [graph], name="latents", command="test", tokens=PHONES)
    decoder = load_latent_decoder(load_embedded().token_decoder(), tmp_path / "out")
    assert (decoder.name, decoder.space.rate, decoder.space.vocabulary) == (
        "latents",
        Fraction(80),
        WIDTH,
    )
    window = np.random.default_rng(0).normal(0, 1, (1, WINDOW, WIDTH)).astype(np.float32)
    with torch.no_grad():
        expected = projector(torch.from_numpy(window))
    found = OnnxGraph(graph.content).run({"latents": window})
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


def test_words_get_their_own_time_and_symbols_a_frame_at_least() -> None:
    reading = Reading("bˈɪn blˈu.", (Word("bin", 0, 4), Word("blue.", 5, 9)))
    own = np.array([10, 2, 1, 4, 3, 2, 2, 2, 1, 5, 3, 9])
    words = [TimedWord(0.5, 0.8, "bin"), TimedWord(0.8, 1.4, "blue")]
    frames = true_frames(reading, own, words, 2.0)
    assert frames.sum() == 80
    assert frames.min() >= 1
    edges = np.concatenate(([0], np.cumsum(frames))) * 0.025
    assert abs(edges[1] - 0.53) < 0.026  # the signs of a phone are 30 ms late
    assert abs(edges[5] - 0.83) < 0.026
    assert abs(edges[10] - 1.43) < 0.026
    with pytest.raises(ValueError, match="2 words are read, 1 are said"):
        true_frames(reading, own, words[:1], 2.0)
    with pytest.raises(ValueError, match="12 symbols in 8 frames"):
        true_frames(reading, own, words, 0.2)


def test_given_durations_make_latents_of_that_length_and_sound_alike() -> None:
    try:
        hibari = load_hibari("")
    except ConfigError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))
    given = GivenDurations(hibari.alphabet)
    spoken = hibari.synthesise("bˈɑb.", 1.0, 50)
    same = given.latents("bˈɑb.", spoken.frames)
    np.testing.assert_allclose(same, spoken.latents, atol=0.05)
    longer = given.latents("bˈɑb.", spoken.frames + 3)
    assert len(longer) == 2 * (spoken.frames + 3).sum()


@pytest.mark.skipif(not (DATA / "grid_s1").is_dir(), reason="needs grid_s1/ in FACEWIRE_DATA")
def test_clips_are_said_with_their_own_times_or_the_voices(folder: Path) -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts")
    sayer = Sayer(load_hibari(""), DATA / "grid_s1" / "words.tsv.gz")
    known = np.isin(arkit.NAMES, ("jawOpen",))
    capture = Capture(
        "bbaf2n", np.zeros(47_648, np.float32), np.zeros((75, 52), np.float32), known,
        Fraction(25), "grid", "grid-1",
    )  # fmt: skip
    replaced, free = sayer.replaced(capture), sayer.free(capture)
    assert replaced.shape == free.shape == (238, WIDTH)
    assert not np.allclose(replaced, free, atol=0.5)
    made = sentences_of([capture] * 2, [replaced, free], load_embedded())
    assert len(made) == 2
    assert made.starts.tolist() == [0, 59, 118]
    assert made.known.any(axis=0).tolist() == known.tolist()
    # The words begin at 0.95 s: until then latents are those of silence, which change little.
    speed = np.abs(np.diff(replaced, axis=0)).mean(axis=1)
    assert speed[:60].mean() < 0.5 * speed[80:160].mean()
