"""Agents as they are named on the command line."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any, cast

from facewire.agents.agent import Agent, AgentMaker, FunctionAgent
from facewire.agents.canned import CannedAgent
from facewire.agents.openai_server import OpenAIAgent, server_of
from facewire.errors import ConfigError
from facewire.foreign_code import exits_as_errors


def find_agent(name: str) -> AgentMaker:
    """Return what makes the agent of a name: `canned`, `openai:http://...`, or `module:function`.

    A function is `async def reply(said)`, or an async generator; a class has such a method, and is
    made anew for each conversation.

    Raises:
        ConfigError: there is none, or it is no agent.
    """
    kind, _, rest = name.partition(":")
    if name == "canned":
        return AgentMaker(name, CannedAgent)
    if kind == "openai":
        server = server_of(rest)
        return AgentMaker(name, lambda: OpenAIAgent(server))
    if not rest:
        raise ConfigError(
            f"there is no agent {name!r}; give canned, module:function or "
            "openai:http://localhost:8000"
        )
    return AgentMaker(name, _made_by(_load(kind, rest), name))


def _made_by(found: Any, name: str) -> Callable[[], Agent]:
    if inspect.isclass(found):
        if not _answers(getattr(found, "reply", None)):
            raise ConfigError(f"the agent {name} has no method: async def reply(self, said)")
        return cast("Callable[[], Agent]", found)
    if not _answers(found):
        kind = "must be async" if callable(found) else "is no function"
        raise ConfigError(f"the agent {name} {kind}; write it like: async def reply(said)")
    return lambda: FunctionAgent(found)


def _answers(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _load(module: str, path: str) -> Any:
    try:
        with exits_as_errors():
            found: Any = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
    except Exception as error:  # somebody's module may fail with anything
        raise ConfigError(
            f"the agent {module}:{path} does not load ({type(error).__name__}: {error}); "
            "is its folder on PYTHONPATH?"
        ) from error
    return found
