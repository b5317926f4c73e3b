"""Both stages learn; styles differ, mix in order, and can be fitted to somebody new."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.sources import SOURCES, told_sources, write_sources
from facewire_training.recipes.prior import fit_style
from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig
from facewire_training.recipes.prior.decoder import CodeDecoder, DecoderConfig
from facewire_training.recipes.prior.fit_style import fit, with_style
from facewire_training.recipes.prior.measure import followed
from facewire_training.recipes.prior.motion import (
    Crops,
    Motion,
    first_rows,
    load_motion,
    save_motion,
)
from facewire_training.recipes.prior.teaching import Teaching
from facewire_training.recipes.prior.train import load_decoder, save_decoder, train
from facewire_training.recipes.prior.train_codes import (
    load_codes,
    measure_codes,
    save_codes,
    train_codes,
)
from facewire_training.recipes.prior.train_codes import main as train_codes_main
from facewire_training.speech_encoders.phone_rows import WIDTH

JAW = arkit.INDEX["jawOpen"]


def spoken(style: str, opens: float, seed: int) -> Motion:
    """Return motion whose jaw goes as a number of the rows does, by a factor."""
    rng = np.random.default_rng(seed)
    count = 240
    turns = np.cumsum(rng.uniform(0.1, 0.5, count))
    rows = np.zeros((count, WIDTH), np.float16)
    rows[:, 0], rows[:, 1] = np.sin(turns), np.cos(turns)
    faces = np.zeros((count, arkit.COUNT), np.float16)
    faces[:, JAW] = opens * (1 + np.sin(turns)) / 2
    return Motion(rows, faces, np.ones_like(faces), np.array([0, count]), style)


@pytest.fixture(scope="module")
def decoder() -> CodeDecoder:
    """Return what learned a man who opens his mouth wide, and one who hardly does."""
    torch.manual_seed(0)
    motions = [spoken("rules", 0.8, 1), spoken("grid", 0.2, 2)]
    crops = Crops(motions, [1, 1], batch=8, length=32, seed=0)
    codes = Autoencoder(AutoencoderConfig(groups=2, size=16, code=4, width=32))
    train_codes(codes, crops, 120, 8e-3)
    found = CodeDecoder(DecoderConfig(width=32, layers=1, memory=8, dropout=0.0), codes)
    log = train(found, crops, Teaching(), 120, 8e-3)
    assert log[-1]["motion"] < 0.5 * log[0]["motion"]
    return found.requires_grad_(False)


def test_codes_bring_faces_back(decoder: CodeDecoder) -> None:
    figures = measure_codes(decoder.codes, spoken("rules", 0.8, 3))
    assert figures["gap r"] > 0.9
    assert figures["perplexity"] > 2
    assert 0 < figures["used"] <= 1


def test_a_stream_follows_whom_it_has_not_heard(decoder: CodeDecoder) -> None:
    for place, opens in ((0, 0.8), (1, 0.2)):
        shares = torch.zeros(3)
        shares[place] = 1
        figures = followed(decoder, spoken("?", opens, 4), shares)
        assert figures["gap r"] > 0.7
        assert 0.5 < figures["amplitude"] < 1.5


def test_between_two_styles_the_mouth_opens_by_and_by(decoder: CodeDecoder) -> None:
    truth = spoken("?", 0.8, 4)
    sizes = [
        followed(decoder, truth, torch.tensor([1 - share, share, 0.0]))["amplitude"]
        for share in (0.0, 0.33, 0.67, 1.0)
    ]
    assert all(wide > narrow for wide, narrow in pairwise(sizes))
    assert sizes[0] > 1.5 * sizes[-1]


def test_a_style_is_fitted_and_the_others_stay(decoder: CodeDecoder) -> None:
    grown, minute = with_style(decoder, "him"), spoken("him", 0.2, 5)
    mean = torch.tensor([0.0, 0.0, 0.0, 1.0])
    before = followed(grown, minute, mean)["gap error"]
    fit(grown, minute, 40)
    assert followed(grown, minute, mean)["gap error"] < 0.7 * before
    torch.testing.assert_close(grown.styles[:3], decoder.styles.detach())
    with pytest.raises(ConfigError, match="a style 'grid' already"):
        with_style(decoder, "grid")


def test_a_decoder_comes_back_from_its_run(decoder: CodeDecoder, tmp_path: Path) -> None:
    save_decoder(with_style(decoder, "him"), tmp_path)
    found = load_decoder(tmp_path)
    assert found.config.names[-1] == "him"
    torch.testing.assert_close(found.head.weight, decoder.head.weight)


def test_crops_are_the_same_for_the_same_seed_and_short_speech_is_refused(tmp_path: Path) -> None:
    save_motion(tmp_path / "m.npz", spoken("grid", 0.2, 2))
    motion = load_motion(tmp_path / "m.npz")
    first, again, other = (
        Crops([motion], [1], batch=2, length=30, seed=seed).draw(7) for seed in (0, 0, 1)
    )
    assert torch.equal(first.rows, again.rows)
    assert not torch.equal(first.rows, other.rows)
    assert first.shares.tolist() == [[0, 1, 0]] * 2
    with pytest.raises(ConfigError, match="no utterance of grid has 900 rows"):
        Crops([motion], [1], batch=2, length=900, seed=0)
    with pytest.raises(ConfigError, match=r"recipes\.prior\.prepare"):
        load_motion(tmp_path / "none.npz")


def test_a_fitted_run_keeps_the_data_and_licences_of_the_one_before(
    decoder: CodeDecoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, motion, out = (tmp_path / name for name in ("run", "motion", "out"))
    run.mkdir()
    save_decoder(decoder, run)
    write_sources(run, {"beat2": 1.0})
    for folder in (motion, motion / "validation-captures"):
        save_motion(folder / "grid.npz", spoken("grid", 0.2, 5))
    words = ["--run", str(run), "--motion", str(motion), "--shard", "grid", "--name", "him"]
    monkeypatch.setattr("sys.argv", ["fit_style", *words, "--steps", "1", "--out", str(out)])
    fit_style.main()
    names = [source.name for source in told_sources(out)]
    assert names == [SOURCES["beat2"].name, SOURCES["grid"].name]
    monkeypatch.setattr("sys.argv", ["fit_style", *words, "--steps", "1", "--out", str(run)])
    with pytest.raises(ConfigError, match="is the run itself; give another --out"):
        fit_style.main()
    save_motion(motion / "grid.npz", first_rows(spoken("grid", 0.2, 5), 20))
    monkeypatch.setattr("sys.argv", ["fit_style", *words, "--steps", "1", "--out", str(out)])
    with pytest.raises(ConfigError, match=r"grid is shorter than 1\.9 s"):
        fit_style.main()


def test_a_run_of_another_kind_and_a_damaged_file_are_told(
    decoder: CodeDecoder, tmp_path: Path
) -> None:
    codes, prior = tmp_path / "codes", tmp_path / "prior"
    for run in (codes, prior):
        run.mkdir()
    save_codes(decoder.codes, codes, {})
    save_decoder(decoder, prior)
    with pytest.raises(ConfigError, match=r"not of facewire_training\.recipes\.prior\.train;"):
        load_decoder(codes)
    with pytest.raises(ConfigError, match=r"not of facewire_training\.recipes\.prior\.train_codes"):
        load_codes(prior)
    file = tmp_path / "grid.npz"
    save_motion(file, spoken("grid", 0.2, 2))
    whole = file.read_bytes()
    np.savez(tmp_path / "other.npz", rows=np.zeros(3))
    other = (tmp_path / "other.npz").read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2], other):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="is damaged, or something else; make it with"):
            load_motion(file)


def test_shards_that_are_left_out_are_known_and_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"grid,facegood,librispeech": "nothing is left", "gird": "there is no shard 'gird'"}
    for without, said in told.items():
        words = ["--motion", str(tmp_path), "--run", str(tmp_path / "run"), "--without", without]
        monkeypatch.setattr("sys.argv", ["train_codes", *words])
        with pytest.raises(ConfigError, match=said):
            train_codes_main()
