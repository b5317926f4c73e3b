"""`facewire models list | pull | verify | licenses`: weights, and who may use them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from facewire.errors import EngineError
from facewire_cli.signals import Ended

if TYPE_CHECKING:
    from facewire_engines.store.published import Published
    from facewire_engines.store.pulling import Pulled
    from facewire_engines.store.record import FileState
    from facewire_engines.store.record import Progress as Tell

app = typer.Typer(help="Weights: which are here, where they come from, what their licences allow.")

StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR", help="Folder of models; in the user's cache by default."
    ),
]

LIST_EXAMPLES = """
Examples:

    facewire models list
"""
PULL_EXAMPLES = """
Examples:

    facewire models pull hubert

    facewire models pull hubert --from ~/.cache/huggingface/hub

    facewire models pull beat2-matrix --accept-licence
"""
VERIFY_EXAMPLES = """
Examples:

    facewire models verify

    facewire models verify phones
"""
LICENSES_EXAMPLES = """
Examples:

    facewire models licenses
"""


@app.command("list", epilog=LIST_EXAMPLES)
def list_models(store: StoreOption = None) -> None:
    """List the models that Facewire knows, and which of them are here."""
    from facewire_engines.store.published import published_models
    from facewire_engines.store.record import default_store, file_state, read_record

    folder = store or default_store()
    table = Table(box=None, pad_edge=False)
    for name in ("model", "here", "bytes", "what it is"):
        table.add_column(name, justify="right" if name == "bytes" else "left")
    for model in published_models().values():
        record = read_record(folder, model)
        states = [file_state(file, record.files.get(n)) for n, file in model.files.items()]
        size = sum(file.bytes for file in record.files.values())
        table.add_row(model.name, _summary(states), f"{size:,}" if size else "–", model.what)
    Console().print(table)


def _summary(states: "list[FileState]") -> str:
    """Return one word for the files of a model."""
    different = dict.fromkeys(states)
    if len(different) == 1:
        return {"ready": "yes", "missing": "no"}.get(states[0], states[0])
    return "damaged" if "damaged" in different else "in part"


@app.command("pull", epilog=PULL_EXAMPLES)
def pull(
    name: Annotated[str, typer.Argument(help="A model, as `facewire models list` names it.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="Register files that are here already."),
    ] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="I keep to its non-commercial licence.")
    ] = False,
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="The hub, or a mirror of it.")
    ] = "https://huggingface.co",
    store: StoreOption = None,
) -> None:
    """Download a model, or go on where a download was cut off; what is here is checked and kept."""
    from facewire_engines.store import pulling, registering
    from facewire_engines.store.published import find_model
    from facewire_engines.store.record import default_store

    model, folder = find_model(name), store or default_store()
    pulling.require_licence(model, accept_licence)
    console = Console(stderr=True)
    try:
        with _bars(console) as bars:
            if source:
                registering.register(model, source, folder, _teller(bars))
                said = [f"{name} is registered where it is, and checked"]
            else:
                said = _said(name, pulling.pull(model, folder, _teller(bars), endpoint=endpoint))
    except Ended:
        console.print("interrupted; run the same command again, and it goes on from there")
        raise
    if model.non_commercial is None:
        said.append(f"its licence ({model.licence}): {model.terms}")
    for line in said:
        Console().print(line, soft_wrap=True, highlight=False)


def _said(name: str, pulled: "Pulled") -> list[str]:
    """Return what a pull did, in lines."""
    if not pulled.fetched:
        return [f"{name} is here, and whole"]
    said = [f"{name} is here: {', '.join(pulled.fetched)}"]
    if pulled.trusted:
        said.append(
            f"nobody published the sha256 of {', '.join(pulled.trusted)}: what came is taken for "
            "right, its sha256 is recorded, and it is compared from now on"
        )
    return said


@app.command("verify", epilog=VERIFY_EXAMPLES)
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models; all that are here by default.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Read every file that is here, and compare its sha256 with the one published or recorded."""
    from facewire_engines.store.published import find_model, published_models
    from facewire_engines.store.record import FileState, default_store, file_state, read_record

    folder = store or default_store()
    models = [find_model(name) for name in names or []] or list(published_models().values())
    table = Table(box=None, pad_edge=False)
    for column in ("model", "file", "state", "sha256"):
        table.add_column(column)
    bad = []
    with _bars(Console(stderr=True)) as bars:
        for model in models:
            record = read_record(folder, model)
            for name in model.files if names or model.embedded else record.files:
                stored = record.files.get(name)
                state = file_state(model.files[name], stored, _teller(bars))
                table.add_row(model.name, name, state, stored.sha256 if stored else "–")
                bad += [f"{name} of {model.name}"] if state is not FileState.READY else []
    Console().print(table)
    if bad:
        raise EngineError(
            f"{', '.join(bad)} cannot be used; get it again with facewire models pull, or install "
            "Facewire again if it is the embedded model"
        )


@app.command("licenses", epilog=LICENSES_EXAMPLES)
def licenses() -> None:
    """Show what each model's licence allows, and who has to be named."""
    from facewire_engines.store.published import published_models

    console = Console()
    for model in published_models().values():
        console.print(model.name, style="bold")
        for name, value in _terms(model).items():
            console.print(f"  {name}: {value}", soft_wrap=True, highlight=False)


def _terms(model: "Published") -> dict[str, str]:
    """Return what is known of a model's licence, without what is not."""
    commercial = {None: "not checked", True: "forbidden", False: "allowed"}[model.non_commercial]
    terms = {
        "licence": model.licence,
        "commercial use": commercial,
        "terms": model.terms,
        "by": model.attribution,
        "learned from": model.data,
    }
    return {name: value for name, value in terms.items() if value}


def _bars(console: Console) -> Progress:
    """Return progress bars for files."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _teller(bars: Progress) -> "Tell":
    """Return a callback that draws a bar for each file that it is told about."""
    tasks: dict[str, TaskID] = {}

    def tell(file: str, done: int, total: int) -> None:
        if file not in tasks:
            tasks[file] = bars.add_task(file, total=None)
        bars.update(tasks[file], completed=done, total=total or None)

    return tell
