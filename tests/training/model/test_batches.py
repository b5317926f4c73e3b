"""What training hears: the level of who follows, and what is then not known."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.augmentation.levels import UNSETTLED_HOPS
from facewire_training.data.corpora.corpus import SILENCE, Utterance
from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.shards import UNKNOWN, load_one, write
from facewire_training.data.soft_labels import save_soft
from facewire_training.model.batches import BatchConfig, Batches, Crop, doubtful, joined, silent
from facewire_training.phones import PhoneInterval

HOPS = 200
VOWEL = INDEX["aa"]


def crop(seed: int, label: int, style: tuple[float, float] = (0, 0)) -> Crop:
    rng = np.random.default_rng(seed)
    return Crop(
        samples=(0.1 * rng.standard_normal(HOPS * 160)).astype(np.float32),
        labels=np.full(HOPS, label, np.uint8),
        effort=np.full(HOPS, 0.5, np.float32),
        curves=np.full((HOPS, 52), 0.5, np.float32),
        trust=np.ones((HOPS, 52), np.float32),
        contact=np.ones(HOPS, np.float32),
        style=np.array(style, np.float32),
        soft=np.eye(40, dtype=np.uint8)[np.full(HOPS, label)] * np.uint8(255),
    )


@pytest.mark.parametrize("fall_db", [-5.0, 3.0, 12.0, 25.0])
def test_who_follows_is_softer_and_keeps_his_phones(fall_db: float) -> None:
    first, then = crop(1, INDEX["m"]), crop(2, VOWEL)
    for seed in range(20):
        both = joined(first, then, 80, fall_db, np.random.default_rng(seed))
        assert all(len(getattr(both, f.name)) == len(getattr(then, f.name)) for f in fields(Crop))
        assert np.abs(both.samples).max() <= 1
        assert set(both.labels[:80]) == {INDEX["m"]}
        settled = 80 + UNSETTLED_HOPS if fall_db >= 6 else 80
        assert set(both.labels[settled:]) == {VOWEL}
        assert (both.labels == UNKNOWN).sum() == settled - 80
        assert not both.trust[80:settled].any()
        assert not both.contact[80:settled].any()
        assert both.trust[:80].all()
        assert both.trust[settled:].all()
        assert not both.soft[80:settled].any()
        assert both.soft[:80, INDEX["m"]].all()
        assert both.soft[settled:, VOWEL].all()
        fell = active_level(both.samples[: 79 * 160]) / active_level(both.samples[120 * 160 :])
        assert 20 * np.log10(fell) == pytest.approx(fall_db, abs=3)


def test_a_face_of_another_style_does_not_count() -> None:
    both = joined(crop(1, 1, (1, 0)), crop(2, 2), 80, 0.0, np.random.default_rng(0))
    assert both.style.tolist() == [0, 0]
    assert not both.trust[:80].any()
    assert not both.contact[:80].any()
    assert both.trust[80:].all()


def test_a_sound_without_speech_is_a_face_at_rest() -> None:
    spoken = crop(1, VOWEL, (1, 0))
    still = silent(np.zeros(HOPS * 160, np.float32), spoken)
    assert set(still.labels) == {SILENCE}
    assert not still.curves.any()
    assert still.trust.all()
    assert not still.soft.any()
    assert still.style.tolist() == spoken.style.tolist()


def test_what_is_doubtful_is_told_by_nobody() -> None:
    sure = crop(1, VOWEL)
    lost = doubtful(sure, (50 * 160,))
    assert np.flatnonzero(lost.labels == UNKNOWN).tolist() == list(range(50, 50 + UNSETTLED_HOPS))
    assert (lost.trust == 0).all(axis=1).sum() == UNSETTLED_HOPS
    np.testing.assert_array_equal(lost.samples, sure.samples)
    assert doubtful(sure, ()).labels.tolist() == sure.labels.tolist()


def corpus(folder: Path) -> Path:
    """Write a minute of a hum that is said to be a vowel, and some without speech."""
    rng = np.random.default_rng(0)
    tone = np.sin(np.cumsum(rng.uniform(0.05, 0.1, 60 * 16_000))) * 0.1
    said = (PhoneInterval(0.0, 60.0, VOWEL),)
    hum = Utterance("hum", tone.astype(np.float32), said, "hummer", "flite")
    write(folder / "flite", [hum], {})
    write(folder / "nospeech", NoSpeech(hours=0.005, seed=1).utterances(), {})
    return folder


def test_a_batch_is_the_same_again_and_keeps_to_full_scale(tmp_path: Path) -> None:
    config = BatchConfig(batch=8, hops=HOPS, sung=0.2, higher=0.3)
    folder = corpus(tmp_path)
    first, again = (Batches(folder, config, 3, 10, faces=False)[4] for _ in range(2))
    other = Batches(folder, config, 4, 10, faces=False)[4]
    for name, value in first.items():
        torch.testing.assert_close(value, again[name], atol=0, rtol=0, equal_nan=True)
    assert not torch.equal(first["samples"], other["samples"])
    assert first["samples"].abs().max() <= 1
    assert first["samples"].shape == (8, HOPS * 160)
    assert torch.isfinite(first["samples"]).all()


def test_level_changes_can_be_left_out(tmp_path: Path) -> None:
    folder = corpus(tmp_path)
    steady = BatchConfig(batch=8, hops=HOPS, after_others=0.0, wandering=0.0)
    moving = replace(steady, wandering=1.0)
    for config, certain in ((steady, True), (moving, False)):
        data = Batches(folder, config, 0, 10, faces=False)
        labels = torch.cat([data[step]["labels"] for step in range(4)])
        assert bool((labels != UNKNOWN).all()) == certain


def test_a_teacher_is_heard_where_his_labels_belong(tmp_path: Path) -> None:
    folder = corpus(tmp_path)
    config = BatchConfig(batch=8, hops=HOPS)
    assert "soft" not in Batches(folder, config, 0, 10, faces=False)[0]
    hum = load_one(folder / "flite")
    rows = np.zeros((len(hum.labels), 40), np.uint8)
    rows[:, INDEX["ao"]], rows[:, VOWEL] = 200, 55
    save_soft(folder, hum, rows, "somebody")
    data = Batches(folder, config, 0, 10, faces=False)
    batches = [data[step] for step in range(4)]
    labels, soft = (torch.cat([b[name] for b in batches]) for name in ("labels", "soft"))
    assert torch.equal(soft.sum(-1) > 0.5, labels == VOWEL)
    taught = soft[labels == VOWEL]
    torch.testing.assert_close(taught.sum(-1), torch.ones(len(taught)))
    assert taught[:, INDEX["ao"]].mean().item() == pytest.approx(200 / 255, abs=1e-5)
