"""How much of one client's turns may wait: all counts of `/speak` in one place."""

from collections.abc import Mapping

from facewire.settings.limits import Limits
from facewire.speaking.turn_synthesis import TurnSynthesis


class TurnRoom:
    """The room of one client, for all of its turns together."""

    def __init__(self, limits: Limits, synthesis: Mapping[int, TurnSynthesis]) -> None:
        """Look after some turns; those that have left whole are not among them any more."""
        self._limits = limits
        self._turns = synthesis

    def no_turn(self) -> str | None:
        """Return why one more turn cannot begin, or None if it can."""
        if len(self._turns) < self._limits.turns:
            return None
        return (
            f"{self._limits.turns} turns wait to be heard, so this one is left out; begin another "
            "when one of them has ended"
        )

    def no_text(self, characters: int) -> str | None:
        """Return why so many characters cannot be taken, or None if they can."""
        texts = (synthesis.text for synthesis in self._turns.values())
        waiting = sum(text.waiting for text in texts if text is not None)
        most = self._limits.text_characters
        return (
            f"more than {most} characters wait to be spoken"
            if waiting + characters > most
            else None
        )

    def no_speech(self, seconds: float) -> str | None:
        """Return why so much audio, or so many tokens, cannot be taken, or None if they can."""
        held = sum(synthesis.held for synthesis in self._turns.values())
        if held + seconds > self._limits.speech_s:
            return (
                f"more than {self._limits.speech_s:g} s of speech wait to be heard; send it later"
            )
        if sum(synthesis.size for synthesis in self._turns.values()) > self._limits.speech_bytes:
            return (
                f"more than {self._limits.speech_bytes} bytes of audio wait to be heard; send it "
                "later, or at a lower rate and in one channel"
            )
        return None
