"""The geometry that `facewire_training.model.encoder` and `.decoder` describe, for the model."""

import numpy as np

from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.phone_set import PHONES, TOKEN_RATE

HOP = SAMPLE_RATE // TOKEN_RATE
HINDSIGHT = 17
"""Rows of the encoder: what was 0, 10, ... 160 ms ago."""
MAX_LOOKAHEAD_MS = 160
PLACES_MS = np.arange(-250, 151, 20)
"""Where the decoder's window looks, relative to the frame."""
PLACES = PLACES_MS * (SAMPLE_RATE // 1000)
NOW_PLACE = int(np.searchsorted(PLACES_MS, 0))
"""The first place after the frame's own time."""
MEMORY = (MAX_LOOKAHEAD_MS - int(PLACES_MS[0])) * TOKEN_RATE // 1000 + 3
"""Tokens that the oldest window can reach back to."""
SILENCE = PHONES.index("sil")
SUREST = 11
"""Hops of hindsight at which the encoder is right most often; see training/LOG.md."""
