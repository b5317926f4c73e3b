"""`facewire bench listen`: people rate which faces fit the speech, blind."""

import typer

from facewire_cli.commands.bench.listen import analyse, make, serve

app = typer.Typer(help="A listening test: people rate which faces fit the speech, blind.")
app.command("make", epilog=make.EXAMPLES)(make.make)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("analyse", epilog=analyse.EXAMPLES)(analyse.analyse)
