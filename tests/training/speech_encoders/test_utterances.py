"""Runs hold utterances of one length; devices and memory that are not there are one sentence."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.registry import ENCODERS, RANDOM, open_encoder
from facewire_training.speech_encoders.utterances import by_length, encode_by_length, torch_device


def test_every_utterance_is_in_one_run_of_its_length() -> None:
    lengths = [5, 7, 5, 5, 9, 7, 5]
    runs = list(by_length(lengths, at_once=3))
    assert all(lengths[number] == length for length, numbers in runs for number in numbers)
    assert sorted(number for _, numbers in runs for number in numbers) == list(range(7))
    assert max(len(numbers) for _, numbers in runs) == 3


def test_rows_return_in_the_order_of_the_utterances() -> None:
    about = Representation("mean", "semantic", 1, width=1)  # type: ignore[arg-type]

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        means: NDArray[np.float32] = batch.reshape(len(batch), -1, 4).mean(2, keepdims=True)
        return means

    speech = [np.full(length, value, np.float32) for value, length in enumerate((8, 4, 8, 12, 3))]
    rows = encode_by_length(speech, about, 4, run)
    assert [row[:, 0].tolist() for row in rows] == [[0, 0], [1], [2, 2], [3, 3, 3], []]


def test_a_gpu_without_memory_is_one_sentence() -> None:
    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")

    about = Representation("none", "semantic", 1, width=1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"memory is too small for a run of shape \(2, 8\); give"):
        encode_by_length([np.zeros(8, np.float32)] * 2, about, 4, run)


@pytest.mark.parametrize("device", ["gpu", "mps", "cuda:99"])
def test_a_device_that_is_not_there_is_one_sentence(device: str) -> None:
    with pytest.raises(ConfigError, match="choose cpu"):
        torch_device(device)


def test_names_that_nobody_has_are_one_sentence() -> None:
    with pytest.raises(ConfigError, match="no encoder 'hubart'; choose from hubert, speechtoken"):
        open_encoder("hubart")
    assert RANDOM.keys() <= ENCODERS.keys()
