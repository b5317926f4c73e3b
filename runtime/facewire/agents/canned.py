"""An agent that understands nothing and answers all the same: for a first try, and for tests."""

from facewire.agents.agent import Reply, Spoken

_SCRIPT = (
    "Hello! I am a face with a voice. Ask me anything, and I will not understand a word.",
    "You can interrupt me whenever you like. I fall silent, my mouth comes to rest, and I listen.",
    "My lips are made from the sounds of my voice, before you hear them.",
    "Put a language model behind me, and I will say what it thinks.",
)


class CannedAgent:
    """Says how long somebody spoke, and the next sentence of a short script."""

    def __init__(self) -> None:
        self._turn = 0

    async def reply(self, said: str | Spoken, /) -> Reply:
        """Return the next sentence; what was typed is echoed."""
        sentence = _SCRIPT[self._turn % len(_SCRIPT)]
        self._turn += 1
        if isinstance(said, str):
            return f"You said: {said} {sentence}"
        seconds = max(1, round(said.seconds))
        return f"You spoke for about {seconds} second{'s' * (seconds > 1)}. {sentence}"
