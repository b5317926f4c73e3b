"""The phonetic token space of the embedded model: ARPAbet without stress, and silence.

A token is one class for each 10 ms of audio: token `k` covers samples `[160 k, 160 (k + 1))` at
16 kHz. A microphone's tokens are posteriors `[T, 40]`; a TTS's are one-hot rows of the same shape.
"""

PHONES: tuple[str, ...] = (
    "sil",
    "aa", "ae", "ah", "ao", "aw", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g", "hh",
    "ih", "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th", "uh",
    "uw", "v", "w", "y", "z", "zh",
)  # fmt: skip

INDEX: dict[str, int] = {phone: index for index, phone in enumerate(PHONES)}

TOKEN_RATE = 100
"""Tokens a second."""

ALIASES: dict[str, str] = {
    "pau": "sil", "sp": "sil", "spn": "sil", "nsn": "sil", "<sil>": "sil", "": "sil",
    "ax": "ah", "axr": "er", "ix": "ih", "dx": "d", "el": "l", "em": "m", "en": "n", "nx": "n",
    "ux": "uw", "hv": "hh", "wh": "w", "h#": "sil", "bcl": "b", "dcl": "d", "gcl": "g",
    "pcl": "p", "tcl": "t", "kcl": "k", "q": "sil", "epi": "sil",
}  # fmt: skip
"""Other spellings of the same sounds, as aligners and synthesisers write them."""


def phone_index(label: str) -> int:
    """Return the class of an ARPAbet label, with or without stress, in any case.

    Raises:
        ValueError: the label is not ARPAbet.
    """
    plain = label.strip().lower().rstrip("012")
    plain = ALIASES.get(plain, plain)
    if plain not in INDEX:
        raise ValueError(f"{label!r} is not an ARPAbet phone")
    return INDEX[plain]
