"""What a listener had heard when the agent was interrupted."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of an agent's speech was heard."""

    context: str
    """What the framework calls the speech: Pipecat's context_id, LiveKit's segment."""
    sample: int | None
    """The last sample that was heard, counted from the beginning of the speech at `sample_rate`;
    None if none was."""
    sample_rate: int
    """Hz, of the audio that the framework gave."""
    word: str = ""
    """The last word that had begun, where the framework knows the times of words."""
    text: str = ""
    """All words that had begun, up to that one."""

    @property
    def at_ms(self) -> float:
        """How long the speech was heard: what `conversation.item.truncate` and the like ask for."""
        return 0.0 if self.sample is None else 1000 * (self.sample + 1) / self.sample_rate


def heard_of(context: str, sample: int | None, sample_rate: int, words: Sequence[str]) -> Heard:
    """Return what was heard up to a sample, with the words that had begun by then."""
    return Heard(context, sample, sample_rate, words[-1] if words else "", " ".join(words))
