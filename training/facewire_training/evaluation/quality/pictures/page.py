"""One self-contained HTML file: the tables, and two faces that say the same in step."""

import html
import io
import json
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.evaluation.quality.layout import sections
from facewire_training.evaluation.quality.pictures.excerpt import Excerpt
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import SetScores
from facewire_training.evaluation.quality.thresholds import JUDGED_MS
from facewire_training.take import Take
from facewire_web.document_parts import (
    data_url,
    json_in_script,
    modules_as_urls,
    packed_weights,
)

_MODULES = ("face/face_view.js", "client/pose.js")
"""Of the viewer's page: those that draw. What they import comes with them."""

Performed = Sequence[tuple[str, Take, float]]
"""Name of a system, its take of the whole clip, and its delay in live timing in ms."""


def write_page(path: Path, report: Report, shown: Sequence[tuple[Excerpt, Performed]]) -> None:
    """Write the page with some excerpts, each as every system performs it.

    Raises:
        ConfigError: the file cannot be written, or the viewer's drawing is not installed.
    """
    data = {
        "names": arkit.NAMES,
        "clips": [_clip(excerpt, performed) for excerpt, performed in shown],
        "first": _first_pair([name for name, _, _ in shown[0][1]]),
    }
    parts = {
        "style": _own("page.css"),
        "imports": json.dumps({"imports": _modules()}),
        "about": html.escape("\n".join(report.heading())),
        "tables": "\n".join(_table(scores) for scores in report.sets),
        "data": json_in_script(data),
        "script": _own("page.js"),
    }
    page = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _own("page.html"))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error}") from error


def _own(name: str) -> str:
    folder = resources.files("facewire_training.evaluation.quality.pictures")
    return (folder / name).read_text(encoding="utf-8")


def _modules() -> dict[str, str]:
    try:
        return modules_as_urls(_MODULES)
    except (OSError, ModuleNotFoundError) as error:
        raise ConfigError(
            f"the page needs the viewer's drawing ({error}); install Facewire again"
        ) from error


def _clip(excerpt: Excerpt, performed: Performed) -> dict[str, Any]:
    utterance = excerpt.clip.utterance
    first, last = (int(at * SAMPLE_RATE) for at in (excerpt.start_s, excerpt.end_s))
    phones = [
        (max(p.start_s - excerpt.start_s, 0.0), p.end_s - excerpt.start_s, p.label)
        for p in utterance.phones
        if p.end_s > excerpt.start_s and p.start_s < excerpt.end_s
    ]
    return {
        "name": f"{utterance.name} ({excerpt.set_name.split(',')[0]})",
        "seconds": (last - first) / SAMPLE_RATE,
        "audio": _audio(utterance.samples[first:last]),
        "phones": phones,
        "systems": [_system(excerpt, *system) for system in performed],
    }


def _audio(samples: np.ndarray[Any, np.dtype[np.float32]]) -> str:
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return data_url("audio/wav", file.getvalue())


def _system(excerpt: Excerpt, name: str, take: Take, delay_ms: float) -> dict[str, Any]:
    rate = float(take.frame_rate)
    part = slice(round(excerpt.start_s * rate), max(round(excerpt.end_s * rate), 1))
    weights = take.weights[part]
    return {
        "name": name,
        "rate": rate,
        "delay": delay_ms / 1000,
        "gap": [round(float(gap), 3) for gap in take.gap()[part]],
        "weights": packed_weights(weights),
    }


def _first_pair(names: list[str]) -> list[str]:
    """Return who stands left and right at first: the judged engine, and the truth or the meter."""
    judged = next((name for name in names if name.endswith(f" {JUDGED_MS:g} ms")), names[-1])
    others = [name for name in names if name != judged]
    return [judged, others[0] if others else judged]


def _table(scores: SetScores) -> str:
    names = list(scores.rows)
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = []
    for section in sections(scores, names):
        span = len(names) + 1
        label = html.escape(section.label)
        rows.append(f'<tr class="section"><td colspan="{span}">{label}</td></tr>')
        for figure, cells in section.lines:
            cell = "".join(f"<td>{text}</td>" for text in cells)
            rows.append(
                f'<tr title="{html.escape(figure.legend)}"><td>{figure.heading}</td>{cell}</tr>'
            )
    title = html.escape(f"{scores.name}: {scores.about}")
    return (
        f"<h2>{title}</h2><article class=scroll><table><thead><tr><th></th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></article>"
    )
