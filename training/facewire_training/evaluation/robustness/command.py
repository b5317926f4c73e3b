"""What `facewire bench robustness` does with its options."""

import hashlib
import logging
from pathlib import Path

from rich.console import Console

from facewire.errors import ConfigError
from facewire.report_file import command_line, today, write_report
from facewire.stream.engines import load_engine
from facewire_engines.user_cache import user_cache
from facewire_training.evaluation.long_work import telling
from facewire_training.evaluation.performers import Streamed
from facewire_training.evaluation.quality import material
from facewire_training.evaluation.quality import request as quality_request
from facewire_training.evaluation.robustness.cache import Cache
from facewire_training.evaluation.robustness.conditions import Speech
from facewire_training.evaluation.robustness.report import (
    RobustnessReport,
    RobustnessRow,
    read_robustness,
)
from facewire_training.evaluation.robustness.request import Request
from facewire_training.evaluation.robustness.run import chosen, measure, without_world
from facewire_training.evaluation.robustness.table import print_report

logger = logging.getLogger(__name__)


def run(request: Request, json: Path | None, *, resume: bool, machine: str) -> None:
    """Measure, print the tables, and write them after every condition if a file was given.

    Args:
        request: what to measure.
        json: where the report goes.
        resume: whether rows that the file has already, of the same setting, are kept.
        machine: what this runs on.

    Raises:
        ConfigError: an option, a folder or a file is wrong.
        EngineError: the engine cannot be loaded.
    """
    conditions = chosen(request)
    if not conditions:
        raise ConfigError(f"no condition begins with {', '.join(request.only)}")
    for name in without_world(conditions):
        logger.warning("%s is left out: pip install pyworld-prebuilt", name)
    engine = load_engine(request.engine)
    engine.session(lookahead_ms=request.lookahead_ms).close()
    speech = _speech(request)
    setting = (
        f"{engine.name} at {request.lookahead_ms:g} ms, {request.frame_rate} frames per second, "
        f"{material.describe_speech(speech.utterances)}, seed {request.seed}"
    )
    report = RobustnessReport(command_line(), today(), machine, setting, speech=_hash_of(speech))
    report.rows.extend(_kept(json, report) if resume and json else [])
    left_out = {*without_world(conditions), *(row.name for row in report.rows)}
    wanted = [condition for condition in conditions if condition.name not in left_out]
    console = Console()
    perform = Streamed(engine, request.lookahead_ms)
    try:
        with telling(console) as tell:
            for row in measure(request, speech, perform, wanted, tell):
                report.rows.append(row)
                if json:
                    write_report(json, report)
    except (SystemExit, KeyboardInterrupt):
        if json and report.rows:
            logger.warning("%s has %d conditions; --resume goes on", json, len(report.rows))
        raise
    print_report(console, report)
    unsuited = {one.name for one in wanted} - {row.name for row in report.rows}
    for name in sorted(unsuited):
        logger.warning("%s is left out: nothing of these utterances suits it; take more", name)


def _hash_of(speech: Speech) -> str:
    """Return what tells utterances from others that are as many and as long."""
    said = hashlib.sha256()
    for utterance in speech.utterances:
        said.update(utterance.samples.tobytes())
    return said.hexdigest()[:12]


def _kept(json: Path, report: RobustnessReport) -> list[RobustnessRow]:
    if not json.exists():
        return []
    before = read_robustness(json)
    if not report.goes_on(before):
        raise ConfigError(
            f"{json} was measured in another setting or of other speech ({before.setting}); leave "
            "out --resume, or give the same options and data"
        )
    return before.rows


def _speech(request: Request) -> Speech:
    asked = quality_request.Request(request.data, utterances=request.utterances)
    found = material.load_material(asked)
    spoken = material.spoken_set(found)
    cache = Cache(user_cache() / "robustness")
    return Speech(spoken, found.strangers, cache, request.seed)
