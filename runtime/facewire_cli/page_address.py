"""Says where the page is, and what it means that others can reach it."""

from rich.console import Console
from rich.text import Text

from facewire.server.server import FaceServer


def print_address(console: Console, server: FaceServer, sentence: str) -> None:
    """Print a sentence with the page's address for `{}`, on one line that can be copied."""
    # An address is no markup, and a token may hold anything.
    first, *others = server.page_urls
    console.print(Text(sentence.format(first)), soft_wrap=True)
    for url in others:
        console.print(Text(f"  for a browser on this machine: {url}"), soft_wrap=True)
    if server.is_exposed:
        console.print(
            "warning: everybody on the network can connect and read along, since there is neither "
            "a token nor TLS; leave --insecure away, or give --cert and --key",
            soft_wrap=True,
            highlight=False,
        )
