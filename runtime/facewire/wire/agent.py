"""Wire protocol version 1, `/agent`: a person's speech in, the text of the answers out.

The answers are spoken on `/speak`, as any text is.
"""

import msgspec

from facewire.wire.binary import VERSION
from facewire.wire.messages import End, Message, MessageDecoder, Open, Ping


class OpenAgent(Open, tag="open", frozen=True, kw_only=True):
    """Client: begin a conversation; only what says how the audio is written counts."""


class AgentHello(Message, tag="agent", frozen=True, kw_only=True):
    """Server: who listens and answers."""

    version: int = VERSION
    software: str
    session: str
    agent: str
    """As it was named to the server."""
    note: str = ""
    """What to know about how it listens, in one sentence."""
    clock_ns: int


class SpeechStarted(Message, tag="speech_started", frozen=True, kw_only=True):
    """Server: the person speaks, so whatever is being said falls silent."""

    ms: float
    """Where in the client's audio."""


class SpeechEnded(Message, tag="speech_ended", frozen=True, kw_only=True):
    """Server: the person has said something, and an answer is asked for."""

    reply: int
    """The number of that answer: 1, 2, 3 ..."""
    ms: float
    """Where in the client's audio the speech ended."""
    known_ms: float
    """How much of that audio had to be heard to know it: the pause after the speech."""


class Say(Message, tag="say", frozen=True, kw_only=True):
    """Server: the next part of an answer."""

    reply: int
    text: str
    heard: str | msgspec.UnsetType = msgspec.UNSET
    """With the first part: what the person said, if the agent tells the words it understood."""


class ReplyEnd(Message, tag="reply_end", frozen=True, kw_only=True):
    """Server: that was all of an answer."""

    reply: int


class AgentProblem(Message, tag="problem", frozen=True, kw_only=True):
    """Server: something went wrong with an answer; the next one works."""

    reply: int
    message: str
    """In one sentence."""


AgentRequest = OpenAgent | End | Ping
decode_agent_request = MessageDecoder[AgentRequest](AgentRequest).request
