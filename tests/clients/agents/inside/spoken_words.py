"""Which word a voice of ours speaks at a sample of what was heard."""

from collections.abc import Sequence

from facewire.speaking.voices import load_local_voice
from facewire_agents.faces import Heard

NEAR_S = 0.02
"""espeak speaks no text twice alike, by up to 9 ms, and resamplers shift sound by some samples."""


def spoken_words(sentences: Sequence[str], heard: Heard) -> set[str]:
    """Return the last word that was begun when it was interrupted; two, if one began just then."""
    voice = load_local_voice(language="en-us", voice="espeak", rate=175, pitch=50)
    said, words = 0, []
    for sentence in sentences:
        for piece in voice.speak(sentence):
            words += [((said + word.start) / voice.sample_rate, word.label) for word in piece.words]
            said += len(piece.samples)
    assert heard.sample is not None
    second = heard.sample / heard.sample_rate
    return {
        [label for start, label in words if start <= second + near][-1]
        for near in (-NEAR_S, NEAR_S)
    }
