"""`facewire bench listen serve`: the page that people rate on, with a phone as well."""

from pathlib import Path
from typing import Annotated

import typer

from facewire.errors import ConfigError
from facewire.server.http.access_token import Access, make_token
from facewire.server.http.address import certificate_of, is_local
from facewire_cli import options
from facewire_cli.commands.bench.listen.loading import load

EXAMPLES = """
Examples:

    facewire bench listen serve STUDY                  # for browsers of this machine

    facewire bench listen serve STUDY --host 0.0.0.0   # for phones in the network, with the token that it prints
"""  # noqa: E501 # a command stays on one line, to be copied


def serve(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A folder that `make` made.")],
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; 0.0.0.0 lets other machines in."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="TCP port of the page; 0 is any.")
    ] = 8770,
    token: options.TokenOption = None,
    insecure: options.InsecureOption = None,
    cert: options.CertOption = None,
    key: options.KeyOption = None,
) -> None:
    """Serve a study until Ctrl-C. Every answer is on disk before its rater goes on."""
    if token is None:
        token = "" if insecure or is_local(host) else make_token()
    if token and insecure:
        raise ConfigError("--token and --insecure cannot both be; leave one of them away")
    server, command = load("serve.server"), load("command")
    tls = certificate_of(str(cert or ""), str(key or ""))
    command.run_serve(study, server.Listening(host, port, Access(token), tls))
