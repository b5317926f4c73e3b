"""What an agent is."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, cast

from facewire.errors import FacewireError
from facewire.frames import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What somebody said, as sound."""

    samples: Samples
    """[N], mono, in [-1, 1]."""
    sample_rate: int = 16_000
    """Hz."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody said, in the words that an agent took it for: shown to them, never spoken."""

    text: str


Reply = str | AsyncIterator[str] | AsyncIterator[str | Heard]
"""A text, or its pieces as they are thought of; before them, the words that were understood."""


class AgentError(FacewireError):
    """An agent cannot answer. Its text is for the log, with addresses and all."""

    def __init__(self, message: str, plain: str) -> None:
        """Get ready to be raised; `plain` is the sentence for the person who talks."""
        super().__init__(message)
        self.plain = plain


class Agent(Protocol):
    """One side of one conversation; the other one is a person."""

    async def reply(self, said: str | Spoken, /) -> Reply:
        """Return the answer to what was said, or typed.

        It is cancelled when the person speaks again; an iterator is closed then.
        """
        ...


@dataclass(frozen=True, slots=True)
class AgentMaker:
    """Makes an agent for each conversation."""

    name: str
    """As it was named."""
    make: Callable[[], Agent]


@dataclass(frozen=True, slots=True)
class FunctionAgent:
    """An agent that is one function, without memory."""

    function: Callable[[str | Spoken], Awaitable[Reply] | AsyncIterator[str | Heard]]

    async def reply(self, said: str | Spoken, /) -> Reply:
        """Return what the function says."""
        answer = self.function(said)
        return await answer if inspect.isawaitable(answer) else cast("Reply", answer)
