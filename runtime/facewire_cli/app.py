"""All commands of `facewire`, and how their errors are said."""

import io
import logging
import os
import sys
from typing import Any

import typer
from rich.console import Console
from rich.logging import RichHandler
from typer.core import TyperGroup

from facewire import __version__
from facewire.errors import ConfigError, FacewireError, first_of
from facewire.plugins import KINDS, plugins
from facewire_cli.commands import (
    animate,
    bench,
    convert,
    devices,
    engine,
    live,
    models,
    outputs,
    realtime,
    recover,
    replay,
    say,
    serve,
    voices,
)
from facewire_cli.usage import UsageError, usage_sentence

EXAMPLES = """
Examples:

    facewire live --demo

    facewire live --out livelink://127.0.0.1

    facewire outputs test livelink://127.0.0.1

    facewire animate speech.wav -o face.csv
"""


class _Commands(TyperGroup):
    """The commands, with a help that also names what other packages add."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        others = [plugin for kind in KINDS for plugin in plugins(kind) if not plugin.is_ours]
        lines = [f"    {other.kind} {other.name}  ({other.package})" for other in others]
        self.epilog = "\n\n".join([EXAMPLES, *(["Added by packages:"] if lines else []), *lines])
        super().format_help(ctx, formatter)


app = typer.Typer(
    name="facewire",
    cls=_Commands,
    help="Live speech in, a moving face out, in real time.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(bench.app, name="bench", no_args_is_help=True)
app.add_typer(engine.app, name="engine", no_args_is_help=True)
app.add_typer(models.app, name="models", no_args_is_help=True)
app.add_typer(outputs.app, name="outputs", no_args_is_help=True)
app.command("live", epilog=live.EXAMPLES)(live.live)
app.command("say", epilog=say.EXAMPLES)(say.say)
app.command("animate", epilog=animate.EXAMPLES)(animate.animate)
app.command("replay", epilog=replay.EXAMPLES)(replay.replay)
app.command("convert", epilog=convert.EXAMPLES)(convert.convert)
app.command("recover", epilog=recover.EXAMPLES)(recover.recover)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("realtime", epilog=realtime.EXAMPLES)(realtime.realtime)
app.command("devices", epilog=devices.EXAMPLES)(devices.devices)
app.command("voices", epilog=voices.EXAMPLES)(voices.voices)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        print(f"facewire {__version__}")
        raise typer.Exit


def run_app() -> None:
    """Run the command line; exit status 2 for the user's mistakes, 1 for ours."""
    _open_closed_outputs()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files may hold what no encoding has a letter for.
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(stderr=True)
    handler = RichHandler(console=console, show_time=False, show_path=False, markup=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    # Each output says once where it sends, and what has to be switched on there.
    logging.getLogger("facewire.sinks").setLevel(logging.INFO)
    try:
        status = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(1)
    except UsageError as error:
        # Who gives no words at all gets the help, which was printed when this was raised.
        if type(error).__name__ != "NoArgsIsHelpError":
            _print_mistake(console, usage_sentence(error))
        sys.exit(2)
    except (FacewireError, PermissionError, BaseExceptionGroup) as error:
        first = first_of(error, BaseException)
        if isinstance(first, PermissionError) and first.filename:
            why = f"{first.filename} may not be used by this user ({first.strerror})"
            first = ConfigError(f"{why}; change its permissions, or name another")
        if not isinstance(first, FacewireError):
            raise
        _print_mistake(console, str(first))
        sys.exit(2 if isinstance(first, ConfigError) else 1)
    sys.exit(status if isinstance(status, int) else 0)


def _open_closed_outputs() -> None:
    """Print to nowhere where whoever started the command has closed its outputs."""
    # Also lest a file that is opened later gets their numbers, and what libraries print.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _print_mistake(console: Console, sentence: str) -> None:
    console.print(f"facewire: {sentence}", style="red", markup=False, soft_wrap=True)
