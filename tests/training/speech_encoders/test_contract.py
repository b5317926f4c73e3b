"""What every encoder of the paper owes: rows for whole periods, and nothing to its neighbours."""

import numpy as np
import pytest
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import SpeechEncoder

Speech = NDArray[np.float32]


def test_rows_are_the_whole_periods(encoder: SpeechEncoder, speech: Speech) -> None:
    about = encoder.representation
    for samples in (1, 213, 319, 320, 639, 640, 641, 16_000, 33_333):
        (rows,) = encoder.encode([speech[:samples]])
        count = int(samples * about.rate / encoder.sample_rate)
        assert rows.shape == (count, about.codebooks or about.width), samples
        assert rows.dtype == (np.int32 if about.is_ids else np.float32)


def test_who_else_is_in_the_run_changes_nothing(encoder: SpeechEncoder, speech: Speech) -> None:
    several = [speech[:20_000], speech[5_000:25_000], speech[3_000:9_001], speech[:500], speech]
    together = encoder.encode(several)
    for samples, rows in zip(several, together, strict=True):
        (alone,) = encoder.encode([samples])
        if encoder.representation.is_ids:
            assert np.array_equal(rows, alone)
        else:
            assert np.allclose(
                rows, alone, atol=2e-5 * max(1.0, float(np.abs(alone).max(initial=0)))
            )
    assert not np.array_equal(together[0], together[1])


def test_ids_are_many_and_within_the_vocabulary(encoder: SpeechEncoder, speech: Speech) -> None:
    about = encoder.representation
    (rows,) = encoder.encode([speech])
    if about.is_ids:
        assert rows.min() >= 0
        assert rows.max() < about.vocabulary
        assert all(len(np.unique(column)) > 10 for column in rows.T)
    else:
        assert np.isfinite(rows).all()
        assert (rows.std(0) > 0).all()


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        (np.zeros(0, np.float32), "utterance 1 is empty; leave it out"),
        (np.full(9_000, np.nan, np.float32), "utterance 1 is no sound at sample 0"),
        (
            np.array([0.0] * 800 + [np.inf] * 800, np.float32),
            "utterance 1 is no sound at sample 800",
        ),
        (np.zeros((2, 9_000), np.float32), "an encoder hears one channel"),
    ],
)
def test_what_is_no_sound_is_one_sentence(
    encoder: SpeechEncoder, speech: Speech, audio: Speech, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        encoder.encode([speech, audio])


def test_silence_is_encoded(encoder: SpeechEncoder) -> None:
    (rows,) = encoder.encode([np.zeros(16_000, np.float32)])
    assert len(rows) == encoder.representation.rate
    assert np.isfinite(rows).all()
