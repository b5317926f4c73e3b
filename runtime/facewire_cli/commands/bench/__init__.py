"""`facewire bench`: the reproducible numbers, as a table and as --json."""

import typer

from facewire_cli.commands.bench import (
    hostile,
    latency,
    listen,
    quality,
    representations,
    robustness,
    throughput,
)

app = typer.Typer(help="The reproducible numbers, as a table and as --json.")
app.command("latency", epilog=latency.EXAMPLES)(latency.latency)
app.command("throughput", epilog=throughput.EXAMPLES)(throughput.throughput)
app.command("quality", epilog=quality.EXAMPLES)(quality.quality)
app.command("robustness", epilog=robustness.EXAMPLES)(robustness.robustness)
app.add_typer(listen.app, name="listen", no_args_is_help=True)
app.command("representations", epilog=representations.EXAMPLES)(representations.representations)
app.command("hostile", epilog=hostile.EXAMPLES)(hostile.hostile)
