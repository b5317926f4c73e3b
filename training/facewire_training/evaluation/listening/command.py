"""What `facewire bench listen make|serve|analyse` do with their options."""

import os
import shlex
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional
from facewire.report_file import write_report
from facewire_training.evaluation.listening.analysis.raters import Rules
from facewire_training.evaluation.listening.analysis.report import analyse
from facewire_training.evaluation.listening.analysis.table import print_report
from facewire_training.evaluation.listening.answers_file import (
    RATINGS,
    AnswersFile,
    read_raters,
    read_ratings,
)
from facewire_training.evaluation.listening.make import make_study
from facewire_training.evaluation.listening.request import MakeRequest
from facewire_training.evaluation.listening.screens import faces_on
from facewire_training.evaluation.listening.serve.server import Listening, StudyServer
from facewire_training.evaluation.listening.serve.service import StudyService
from facewire_training.evaluation.listening.study import read_study
from facewire_training.evaluation.long_work import telling


def run_make(request: MakeRequest) -> None:
    """Make a study, and say what is in it.

    Raises:
        ConfigError: an option, a folder or a file is wrong.
        EngineError: an engine cannot be loaded.
    """
    console = Console()
    with telling(console) as tell:
        study = make_study(request, tell)
    for name, made in study.systems.items():
        roles = {study.reference: " (the reference)", study.anchor: " (the anchor)"}
        _say(console, f"{name}{roles.get(name, '')}: {made}")
    _say(
        console,
        f"{len(study.sentences)} sentences; for each rater a practice screen, {study.screens} "
        f"to rate and {study.checks} checks of attention",
    )
    _say(console, f"let people rate: facewire bench listen serve {shlex.quote(str(request.out))}")


def run_serve(folder: Path, where: Listening) -> None:
    """Serve a study until the command is ended.

    Raises:
        ConfigError: there is no study, another server has it, or the port cannot be had.
    """
    study, console = read_study(folder), Console(stderr=True)
    with (
        AnswersFile(folder, partial(faces_on, study)) as answers,
        StudyServer(StudyService(folder, answers), where) as server,
    ):
        first, *others = server.urls
        _say(console, f"people rate at {first} (Ctrl-C ends)")
        for url in others:
            _say(console, f"  for a browser on this machine: {url}")
        if server.is_exposed:
            _say(
                console,
                "warning: everybody on the network can rate, since there is neither a token nor "
                "TLS; leave --insecure away, or give --cert and --key",
            )
        _say(console, f"answers go to {folder / RATINGS}")
        server.serve_forever()


def run_analyse(folder: Path, rules: Rules, json: Path | None, plot: Path | None) -> None:
    """Print what the ratings say, and write what was asked for.

    Raises:
        ConfigError: there is no study or nobody has rated it, or a library is missing.
    """
    for path in filter(None, (json, plot)):
        if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ConfigError(f"cannot write {path}: {path.parent} is no folder to write to")
    picture = plot and import_optional(
        "facewire_training.evaluation.listening.analysis.picture",
        "pictures need matplotlib",
        "quality",
    )
    study, ratings = read_study(folder), read_ratings(folder)
    report = analyse(study, ratings, rules)
    console = Console()
    print_report(console, report)
    begun = len({rater.rater for rater in read_raters(folder)})
    answered = len({rating.rater for rating in ratings})
    if begun > answered:
        _say(console, f"{begun - answered} more began and sent nothing")
    if json:
        write_report(json, report)
    if picture and plot:
        picture.draw_report(plot, report, ratings)


def _say(console: Console, sentence: str) -> None:
    # An address is no markup, and is to be copied from one line.
    console.print(Text(sentence), soft_wrap=True)
