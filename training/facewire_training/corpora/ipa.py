"""The International Phonetic Alphabet, as espeak-ng writes English in it, to our phones.

What matters is how a sound is made, not the word it is in: British `ɒ` is round, so it is `ao`.
Symbols: "Handbook of the International Phonetic Association", 1999; ARPAbet: Shoup 1980.
"""

from facewire_engines.phone_set import INDEX

_PHONES: dict[str, str] = {
    # diphthongs, and vowels that glide into r or a neutral vowel
    "aɪɚ": "ay er", "aɪə": "ay ah", "aɪ": "ay", "eɪ": "ey", "ei": "ey", "eʲ": "ey",
    "ɔɪ": "oy", "oɪ": "oy", "oʊ": "ow", "əʊ": "ow", "əu": "ow", "ʌʊ": "ow",
    "aʊ": "aw", "æʊ": "aw", "ʌʉ": "aw", "əɪ": "ah ih", "ɛə": "eh ah", "eə": "eh ah",
    "iə": "ih ah", "ɪə": "ih ah", "ʊə": "uh ah", "ɔə": "ao ah", "oə": "ao ah", "ɑə": "aa ah",
    "ɔːɹ": "ao r", "oːɹ": "ao r", "ɑːɹ": "aa r", "ʌɹ": "er", "əɹ": "er", "ɜːɹ": "er",
    "əl": "ah l", "aa": "aa",
    # vowels
    "iː": "iy", "i": "iy", "ɪ": "ih", "ᵻ": "ih", "eː": "ey", "e": "eh", "ɛ": "eh", "æ": "ae",
    "a": "ae", "aː": "aa", "ɑ": "aa", "ɑː": "aa", "ɒ": "ao", "ɔ": "ao", "o": "ow", "oː": "ow",
    "ʊ": "uh", "u": "uw", "uː": "uw", "ʉ": "uw", "ʌ": "ah", "ɐ": "ah", "ə": "ah", "ɜ": "er",
    "ɚ": "er", "ɝ": "er",
    # consonants
    "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "ɡ": "g", "g": "g", "tʃ": "ch", "dʒ": "jh",
    "f": "f", "v": "v", "θ": "th", "ð": "dh", "s": "s", "z": "z", "ʃ": "sh", "ʒ": "zh", "h": "hh",
    "ç": "hh", "x": "k", "m": "m", "n": "n", "ŋ": "ng", "l": "l", "ɫ": "l", "ɬ": "l", "ɹ": "r",
    "r": "r", "ɾ": "d", "j": "y", "w": "w", "ʍ": "w", "ʔ": "t", "ʲ": "y",
}  # fmt: skip

_MARKS = str.maketrans({":": "ː", "ˈ": None, "ˌ": None, "̩": None, "̪": None, "̃": None, "͡": None})
"""Stress, syllabicity, place and ties do not change the class."""

_LONGEST = max(map(len, _PHONES))


def phones_of(symbol: str) -> tuple[int, ...]:
    """Return the classes that an espeak-ng phoneme passes through, in order; none for a pause.

    Raises:
        ValueError: the symbol holds a letter that no English accent needs.
    """
    rest = symbol.translate(_MARKS).strip("_ \u200d")
    classes: list[int] = []
    while rest:
        found = next(
            (rest[:size] for size in range(_LONGEST, 0, -1) if rest[:size] in _PHONES), None
        )
        if found is None:
            if rest[0] != "ː":
                raise ValueError(f"no phone is known for {symbol!r}")
            found = "ː"
        classes.extend(INDEX[phone] for phone in _PHONES.get(found, "").split())
        rest = rest[len(found) :]
    return tuple(classes)
