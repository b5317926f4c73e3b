"""The International Phonetic Alphabet, as espeak-ng writes it, to our phones.

What matters is how a sound is made, not the word it is in: British `ɒ` is round, so it is `ao`.
Symbols: "Handbook of the International Phonetic Association", 1999; ARPAbet: Shoup 1980.
"""

import unicodedata

from facewire_engines.phones.phone_set import INDEX

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

_FOREIGN: dict[str, str] = {
    # round lips before all else: what is seen of a vowel
    "y": "uw", "ʏ": "uh", "ø": "uh", "œ": "uh", "ɶ": "ao", "ɵ": "uh", "ɞ": "er", "ɯ": "ih",
    "ɤ": "ah", "ɨ": "ih", "ɘ": "eh", "ε": "eh", "ɧ": "sh",
    "ɸ": "f", "Φ": "f", "β": "v", "ʋ": "v", "ɱ": "v", "ɥ": "w", "ɰ": "ah", "ɓ": "b", "ʙ": "b",
    "ʈ": "t", "ɖ": "d", "ɗ": "d", "ɽ": "d", "ɳ": "n", "ɲ": "n", "ɴ": "ng", "ʎ": "l", "ɭ": "l",
    "ʟ": "l", "ɮ": "l", "ɺ": "l", "ɻ": "r", "ʁ": "hh", "ʀ": "hh", "ɦ": "hh", "ħ": "hh", "ʕ": "hh",
    "ɣ": "g", "χ": "k", "X": "k", "q": "k", "c": "k", "ɟ": "g", "ɠ": "g", "ɢ": "g", "ʛ": "g",
    "ʝ": "y", "ɕ": "sh", "ʑ": "zh", "ʂ": "sh", "ʐ": "zh", "ʦ": "t s", "ʣ": "d z", "ʧ": "ch",
    "ʤ": "jh", "A": "aa", "S": "sh", "Z": "zh", "?": "t",
}  # fmt: skip
"""Sounds that English lacks, by the phone that looks most like them."""

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


def nearest_phones(symbol: str) -> tuple[int, ...]:
    """Return the classes that look most like a phoneme of any language; none for a pause.

    Letters that nobody knows, tones and marks of a change of language are left out.
    """
    if symbol.startswith("("):
        return ()
    letters = "".join(
        character
        for character in unicodedata.normalize("NFD", symbol.translate(_MARKS))
        if character in _PHONES or character in _FOREIGN or character == "ː"
    )
    classes: list[int] = []
    at = 0
    while at < len(letters):
        # Read in place: what is cut off would be copied for each letter.
        size = next((n for n in range(_LONGEST, 1, -1) if letters[at : at + n] in _PHONES), 1)
        found = letters[at : at + size]
        found = _PHONES.get(found, _FOREIGN.get(found, ""))
        classes.extend(INDEX[phone] for phone in found.split())
        at += size
    return tuple(classes)
