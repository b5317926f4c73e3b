"""What SpeechTokenizer and WavTokenizer share: convolutions, then codebooks."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray

from facewire_training.speech_encoders.encoder import Family, Representation
from facewire_training.speech_encoders.networks.codebooks import Codebooks
from facewire_training.speech_encoders.networks.seanet import SeanetEncoder
from facewire_training.speech_encoders.utterances import encode_by_length, torch_device

Hear = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Maps samples `[B, T]` at the rate that is given to those at the network's own rate."""


class Codec:
    """A codec's encoder over whole utterances, as ids or as the sum of their vectors."""

    def __init__(
        self,
        encoder: SeanetEncoder,
        codebooks: Codebooks,
        representation: Representation,
        sample_rate: int,
        *,
        hear: Hear = lambda samples: samples,
        device: str = "cpu",
    ) -> None:
        """Take the networks.

        Args:
            encoder: the convolutions.
            codebooks: as many as the representation says, if it is ids.
            representation: what comes out.
            sample_rate: of the audio that goes in, in Hz.
            hear: what is done to it first.
            device: where the networks run.

        Raises:
            ConfigError: there is no such device.
        """
        self._device = torch_device(device)
        self._encoder, self._codebooks = encoder.to(self._device), codebooks.to(self._device)
        self._hear = hear
        self.representation, self.sample_rate = representation, sample_rate

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode whole utterances; see `SpeechEncoder`.

        Raises:
            ConfigError: an utterance is no sound.
        """
        return encode_by_length(speech, self.representation, self.sample_rate, self._run)

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.generic]:
        samples = torch.from_numpy(self._hear(batch)).to(self._device)
        ids = self._codebooks.encode(self._encoder(samples))
        rows = ids.int() if self.representation.is_ids else self._codebooks.embed(ids)
        return rows.cpu().numpy()


def codec_representation(
    name: str, family: Family, rate: Fraction, codebooks: Codebooks, *, features: bool
) -> Representation:
    """Return what comes out of a codec: its ids, or with `features` the sum of their vectors."""
    count, vocabulary, dimension = codebooks.tables.shape
    if features:
        return Representation(f"{name}-features", family, rate, width=dimension)
    return Representation(name, family, rate, codebooks=count, vocabulary=vocabulary)
