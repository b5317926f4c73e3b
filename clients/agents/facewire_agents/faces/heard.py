"""What a listener had heard when the agent was interrupted."""

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
    """The last word that had begun, where the framework knows words."""

    @property
    def at_ms(self) -> float:
        """How long the speech was heard: what `conversation.item.truncate` and the like ask for."""
        return 0.0 if self.sample is None else 1000 * (self.sample + 1) / self.sample_rate
