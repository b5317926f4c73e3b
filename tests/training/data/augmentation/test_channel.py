import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_training.data.augmentation.channel import (
    active_level,
    add_noise,
    augment,
    colour,
    damage,
    encode,
    reverberate,
    whisper,
)

STEPS = {
    "augment": augment,
    "reverberate": reverberate,
    "add_noise": lambda samples, rng: add_noise(samples, rng, []),
    "colour": colour,
    "whisper": whisper,
    "damage": damage,
    "encode": encode,
}


def bursts(seed: int = 0) -> np.ndarray:
    """Noise in syllables of 100 ms, as speech has them, 2 s at 16 kHz."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0, 0.3, 20), 1600)
    return (rng.standard_normal(32_000) * loudness * 0.5).astype(np.float32)


def lag(heard: np.ndarray, said: np.ndarray) -> int:
    """Return by how many samples the one follows the other."""
    size = 2 * len(said)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    best = int(np.argmax(np.abs(np.fft.irfft(product))))
    return best if best < len(said) else best - size


def loudness(samples: np.ndarray) -> np.ndarray:
    """Return how loud it is around each sample: all that a whisper shares with a voice."""
    around = np.convolve(np.abs(samples), np.hanning(801) / 400, mode="same")
    return np.asarray(around - np.abs(samples).mean())


@pytest.mark.parametrize("step", STEPS)
def test_time_does_not_move(step: str) -> None:
    said = bursts()
    for seed in range(60):
        heard = STEPS[step](said, np.random.default_rng(seed))
        assert heard.shape == said.shape
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        if step in ("whisper", "augment"):
            assert abs(lag(loudness(heard), loudness(said))) <= 160, seed
        else:
            assert abs(lag(heard, said)) <= 2, seed


def test_a_whisper_has_no_pitch() -> None:
    said = np.zeros(32_000, np.float32)
    said[::160] = 0.5
    heard = whisper(said, np.random.default_rng(0))
    for samples, is_voiced in ((said, True), (heard, False)):
        product = np.correlate(samples, samples[160:-160], mode="same")
        middle = len(product) // 2
        near = product[middle - 170 : middle + 171]
        pitched = np.abs(near[[10, -11]]).max() / np.abs(near).max()
        assert (pitched > 0.5) == is_voiced


@pytest.mark.parametrize("step", STEPS)
def test_the_same_seed_does_the_same_and_another_does_not(step: str) -> None:
    said = bursts()
    first, again = (STEPS[step](said, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    others = [STEPS[step](said, np.random.default_rng(seed)) for seed in range(4, 12)]
    assert any(not np.array_equal(first, other) for other in others)


def test_a_sound_is_mixed_in_as_it_is() -> None:
    said, bell = bursts(), np.sin(np.arange(32_000) * 0.2).astype(np.float32)
    mixed = [add_noise(said, np.random.default_rng(seed), [], [bell]) - said for seed in range(60)]
    alike = [abs(np.corrcoef(bell, added)[0, 1]) > 0.9 for added in mixed]
    assert 0.3 < np.mean(alike) < 0.9
    for added in (added for added, same in zip(mixed, alike, strict=True) if same):
        below_db = 20 * np.log10(active_level(said) / np.std(added))
        assert -0.1 <= below_db <= 30.1


@pytest.mark.parametrize("step", STEPS)
def test_the_input_is_left_as_it_was(step: str) -> None:
    said = bursts()
    kept = said.copy()
    for seed in range(10):
        STEPS[step](said, np.random.default_rng(seed))
    np.testing.assert_array_equal(said, kept)


def test_silence_stays_finite_and_faint() -> None:
    for seed in range(40):
        heard = augment(np.zeros(16_000, np.float32), np.random.default_rng(seed))
        assert np.isfinite(heard).all()
        assert np.sqrt(np.mean(heard**2)) < 0.03


def test_nothing_goes_over_full_scale() -> None:
    loud = np.clip(bursts() * 8, -1, 1)
    for seed in range(40):
        assert np.abs(augment(loud, np.random.default_rng(seed))).max() <= 1


def test_other_voices_are_mixed_in_below_the_speech() -> None:
    said, others = bursts(), [bursts(seed) for seed in range(1, 8)]
    for seed in range(40):
        added = add_noise(said, np.random.default_rng(seed), others) - said
        ratio_db = 20 * np.log10(np.std(said) / np.std(added))
        assert -0.5 <= ratio_db <= 30.5


def test_a_room_rings_on_after_the_sound() -> None:
    clap = np.zeros(16_000, np.float32)
    clap[4000] = 0.5
    for seed in range(20):
        heard = np.abs(reverberate(clap, np.random.default_rng(seed)))
        assert heard.argmax() == 4000
        assert heard[:3990].max() < 1e-4 * heard[4000]
        assert heard[4100:5000].max() > 1e-3 * heard[4000]


def test_noise_is_as_far_below_the_speech_as_it_says_whatever_the_pauses() -> None:
    """Half of the crop is a pause: the level of the speech is that of its other half."""
    said = bursts()
    said[16_000:] = 0
    below = []
    for seed in range(300):
        noise = add_noise(said, np.random.default_rng(seed), []) - said
        level = np.sqrt(np.mean(noise.astype(float) ** 2))
        below.append(20 * np.log10(active_level(said) / level))
    assert -0.1 < min(below) < 1
    assert 29 < max(below) < 30.1


def test_the_active_level_leaves_pauses_out() -> None:
    tone = np.full(3_200, 0.1, np.float32)
    paused = np.concatenate([tone, np.zeros(6_400, np.float32), tone])
    assert active_level(paused) == pytest.approx(0.1, rel=1e-5)
    assert active_level(np.zeros(640, np.float32)) == 0
