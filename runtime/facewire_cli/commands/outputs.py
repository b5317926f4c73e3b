"""`facewire outputs`: what faces can be sent to, and a moving face to set a receiver up with."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from facewire.clock import SECOND, Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.frames import StreamSpec
from facewire.plugins import Plugin, plugins
from facewire.sinks.datagrams.address import MULTICAST_OPTIONS
from facewire.sinks.moving_face import EACH_S, MOVEMENTS, moving_face
from facewire.sinks.output_help import Option, OutputHelp
from facewire.sinks.uri import LiveOutput, parse_output
from facewire.stream.outputs import StreamOutputs, deliver_stream
from facewire.stream.report import StreamReport
from facewire.stream.sink import Sink
from facewire_cli.progress import showing_progress
from facewire_cli.running import run
from facewire_cli.summary import print_outputs

SECONDS = EACH_S * len(MOVEMENTS)

app = typer.Typer(help="What faces can be sent to, and whether it arrives.")

LIST_EXAMPLES = """
Examples:

    facewire outputs list

    facewire outputs list --json
"""

TEST_EXAMPLES = """
Examples:

    facewire outputs test livelink://127.0.0.1

    facewire outputs test "vmc://127.0.0.1?names=perfect-sync" vrchat:// --seconds 60
"""


@app.command("list", epilog=LIST_EXAMPLES)
def list_outputs(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List what --out can name: who understands it, and what to switch on there."""
    console = Console()
    found = {plugin.name: _about(plugin) for plugin in plugins("sink") if plugin.name[0] != "."}
    if as_json:
        console.out(msgspec.json.encode(found).decode(), highlight=False)
        return
    for plugin in plugins("sink"):
        if plugin.name in found:
            _print(console, plugin, found[plugin.name])
    console.print("To a multicast group, all that have a HOST take also:", soft_wrap=True)
    _print_options(console, MULTICAST_OPTIONS)
    files = [f"{plugin.name[1:]}:FILE" for plugin in plugins("sink") if plugin.name[0] == "."]
    console.print(f"Files, as docs/recordings.md says: {', '.join(files)}", soft_wrap=True)
    for plugin in plugins("sink"):
        if plugin.name[0] == "." and isinstance(about := _about(plugin), OutputHelp):
            console.print(f"{about.form} takes also:", markup=False, soft_wrap=True)
            _print_options(console, about.options)


@app.command("test", epilog=TEST_EXAMPLES)
def try_outputs(
    uris: Annotated[
        list[str], typer.Argument(metavar="URI...", help="As of `facewire live --out`.")
    ],
    seconds: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="How long the face moves.")
    ] = SECONDS,
    frame_rate: Annotated[
        str, typer.Option("--frame-rate", metavar="RATE", help="Frames per second.")
    ] = "60",
) -> None:
    """Send a face that moves one part after another, to set up a receiver before anybody speaks.

    It says what should be seen. Ctrl-C ends it.
    """
    clock, report = SystemClock(), StreamReport()
    spec = StreamSpec(frame_rate=parse_frame_rate(frame_rate))
    sinks = [_live(uri, clock) for uri in uris]
    console = Console(stderr=True)
    try:
        run(_send(sinks, spec, seconds, clock, report, console))
    finally:
        for queue in report.queues:
            console.print(
                f"sent {queue.taken} frames to {queue.name}",
                soft_wrap=True, markup=False, highlight=False,
            )  # fmt: skip
        print_outputs(console, report)


async def _send(
    sinks: Sequence[Sink],
    spec: StreamSpec,
    seconds: float,
    clock: Clock,
    report: StreamReport,
    console: Console,
) -> None:
    with showing_progress(console, "moving", seconds, clock) as show:

        async def move(outputs: StreamOutputs) -> None:
            began, seen = clock.now(), None
            for frame, movement in moving_face(spec, seconds):
                due = frame.timestamp * SECOND // spec.sample_rate
                await clock.sleep_until(began + due)
                if outputs.none_left:
                    return
                if movement is not seen:
                    console.print(f"{due / SECOND:5.1f} s  {movement.says}", highlight=False)
                    seen = movement
                await outputs.show(frame)
                show(due / SECOND)

        await deliver_stream(
            move, spec, sinks, engine_name="outputs test", clock=clock, live=True, report=report
        )


def _live(uri: str, clock: Clock) -> Sink:
    output = parse_output(uri, clock=clock)
    if not isinstance(output, LiveOutput):
        raise ConfigError(f"{output} is a file, which has nothing to set up; give livelink:// ...")
    return output.sink


def _about(plugin: Plugin) -> OutputHelp | str:
    """Return what an output says of itself; a sentence where it says nothing, or does not load."""
    try:
        about: Any = getattr(plugin.load(), "about", None)
    except ConfigError as error:
        return str(error)
    return about if isinstance(about, OutputHelp) else f"of {plugin.package}, which says no more"


def _print(console: Console, plugin: Plugin, about: OutputHelp | str) -> None:
    say = partial(console.print, soft_wrap=True, markup=False, highlight=False)
    if isinstance(about, str):
        say(f"{plugin.name}:...", style="bold")
        say(f"  {about}\n")
        return
    say(about.form, style="bold")
    say(f"  for    {about.receivers}")
    say(f"  there  {about.switch_on}")
    say(f"  such as  facewire live --demo --out {_quoted(about.example)}")
    _print_options(console, about.options)
    say("")


def _print_options(console: Console, options: Sequence[Option]) -> None:
    for option in options:
        of = f" ({', '.join(option.choices)})" if option.choices else ""
        console.print(
            f"    ?{option.name}={option.default}  {option.meaning}{of}",
            soft_wrap=True, markup=False, highlight=False,
        )  # fmt: skip


def _quoted(uri: str) -> str:
    return f'"{uri}"' if set(uri) & set("?&{") else uri
