"""An agent behind any server of OpenAI's HTTP interface: transcription, if it has it, and chat.

Shapes: OpenAI's reference of `/v1/audio/transcriptions`, `/v1/chat/completions` (streamed) and
`/v1/models`, as llama.cpp, vLLM, Ollama, LocalAI and others serve them.
"""

import base64
import io
import json
import os
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import soundfile

from facewire.agents.agent import AgentError, Heard, Reply, Spoken
from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

SYSTEM = "You are in a spoken conversation. Answer in one to three short sentences, without lists."
REMEMBERED = 40
"""Messages of the conversation that are sent along."""
CONNECTING_S = 5.0
_NOT_STREAMED = frozenset(("application/json", "text/html"))
_NOT_SERVED = frozenset((404, 405, 501))
_SAID_ALOUD = "(said aloud)"
"""Stands for the sound of what was said before, which is not sent again."""
_AWAY = "the agent's server cannot be reached; try again later"
_REFUSED = "the agent's server did not answer as it should; say it again, or try later"


@dataclass(frozen=True, slots=True)
class OpenAIServer:
    """Where the server is, and what of it is used."""

    url: str
    """Without `/v1`."""
    model: str = ""
    """For chat; empty is the first that the server lists."""
    transcription: str = "whisper-1"
    """The model that writes down what was said."""
    system: str = SYSTEM


def server_of(text: str) -> OpenAIServer:
    """Read `http://localhost:8000?model=NAME&transcription=NAME&system=TEXT`.

    Raises:
        ConfigError: it is no address, or httpx is not installed.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"{text!r} is no address; write the agent as openai:http://localhost:8000"
        )
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := given.keys() - {"model", "transcription", "system"}:
        raise ConfigError(
            f"openai: has no {sorted(unknown)[0]!r}; it has model, transcription and system"
        )
    import_optional("httpx", "the agent openai: needs httpx", "agent")
    base = urlunsplit(
        (parts.scheme, parts.netloc, parts.path.rstrip("/").removesuffix("/v1"), "", "")
    )
    return OpenAIServer(base, **given)


class OpenAIAgent:
    """One conversation with a model."""

    def __init__(self, server: OpenAIServer) -> None:
        self._server = server
        self._model = server.model
        self._said = deque[dict[str, Any]](maxlen=REMEMBERED)

    async def reply(self, said: str | Spoken, /) -> Reply:
        """Return the model's answer as it comes."""
        return self._answer(said)

    async def _answer(self, said: str | Spoken) -> AsyncIterator[str | Heard]:
        import httpx

        key = os.environ.get("OPENAI_API_KEY", "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(None, connect=CONNECTING_S)
        try:
            async with httpx.AsyncClient(
                base_url=self._server.url, headers=headers, timeout=timeout
            ) as client:
                content = said if isinstance(said, str) else await self._understood(client, said)
                if not content:
                    return
                if isinstance(content, str) and not isinstance(said, str):
                    yield Heard(content)
                self._remember(content)
                async for piece in self._chat(client):
                    yield piece
        except httpx.RemoteProtocolError as error:
            raise AgentError(
                f"{self._server.url} broke off in its answer ({error}); say it again", _AWAY
            ) from error
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise AgentError(f"{self._server.url} cannot be reached ({why})", _AWAY) from error

    def _remember(self, content: Any) -> None:
        """Add what was said; only of the last turn is the sound kept: a minute of it is 2.5 MB."""
        for message in self._said:
            if not isinstance(message["content"], str):
                message["content"] = _SAID_ALOUD
        self._said.append({"role": "user", "content": content})

    async def _understood(self, client: Any, said: Spoken) -> Any:
        """Return the words of it; the sound itself where the server writes nothing down."""
        wav = io.BytesIO()
        soundfile.write(wav, said.samples, said.sample_rate, format="WAV", subtype="PCM_16")
        response = await client.post(
            "/v1/audio/transcriptions",
            files={"file": ("speech.wav", wav.getvalue(), "audio/wav")},
            data={"model": self._server.transcription, "response_format": "json"},
        )
        if response.status_code in _NOT_SERVED:
            data = base64.b64encode(wav.getvalue()).decode()
            sound = {"data": data, "format": "wav"}
            return [{"type": "input_audio", "input_audio": sound}]
        return str(_object(response, self._server.url).get("text", "")).strip()

    async def _chat(self, client: Any) -> AsyncIterator[str]:
        """Yield the answer's pieces; what was yielded is remembered, also where it is cut off."""
        self._model = self._model or await self._first_model(client)
        system = {"role": "system", "content": self._server.system}
        asked = {"model": self._model, "stream": True, "messages": [system, *self._said]}
        answer = ""
        try:
            async with client.stream("POST", "/v1/chat/completions", json=asked) as response:
                async for piece in _pieces(response, self._server.url):
                    answer += piece
                    yield piece
        finally:
            if answer:
                self._said.append({"role": "assistant", "content": answer})

    async def _first_model(self, client: Any) -> str:
        listed = _object(await client.get("/v1/models"), self._server.url).get("data")
        if not isinstance(listed, list) or not listed or "id" not in listed[0]:
            raise AgentError(
                f"{self._server.url} lists no model; name one with "
                f"openai:{self._server.url}?model=",
                _REFUSED,
            )
        return str(listed[0]["id"])


def _object(response: Any, url: str) -> dict[str, Any]:
    """Return the object that a server answered with.

    Raises:
        AgentError: it says no, or something else.
    """
    said = " ".join(response.text.split())[:120]
    if response.status_code != 200:
        raise AgentError(
            f"{url} answered {response.request.url.path} with {response.status_code}: {said}",
            _REFUSED,
        )
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise AgentError(
            f"{url} answered {response.request.url.path} with no object: {said}", _REFUSED
        )
    return answer


async def _pieces(response: Any, url: str) -> AsyncIterator[str]:
    """Yield the text of a streamed answer, or of one that comes whole.

    Raises:
        AgentError: the server says no, something else, or in its stream that it failed.
    """
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or kind in _NOT_STREAMED:
        await response.aread()
        if text := _text(_object(response, url), "message", url):
            yield text
        return
    events, first = 0, ""
    async for line in response.aiter_lines():
        first = first or line[:120]
        event = _event(line)
        if event is None:
            events += line.startswith("data:")
            continue
        events += 1
        if text := _text(event, "delta", url):
            yield text
    if not events:
        raise AgentError(
            f"{url} answered with no stream of a chat: {' '.join(first.split())}", _REFUSED
        )


def _event(line: str) -> dict[str, Any] | None:
    """Return what a line of a stream holds; "[DONE]", and what else servers add, is None."""
    if not line.startswith("data:"):
        return None
    try:
        event = json.loads(line.removeprefix("data:"))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _text(answer: dict[str, Any], part: str, url: str) -> str:
    """Return the text in an answer, or in a part of one.

    Raises:
        AgentError: it is an error.
    """
    if error := answer.get("error"):
        said = error.get("message") if isinstance(error, dict) else error
        raise AgentError(f"{url} failed: {' '.join(str(said or error).split())[:120]}", _REFUSED)
    try:
        choices = answer["choices"]
        return str(choices[0][part].get("content") or "") if choices else ""
    except (LookupError, TypeError, AttributeError):
        return ""
