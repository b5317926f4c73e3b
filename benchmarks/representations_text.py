"""What docs/representations.md says, from the report of `facewire bench representations`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from docs_sections import table
from facewire_training.recipes.tokens_to_faces.probes.report import LevelProbe, ProbeReport
from facewire_training.recipes.tokens_to_faces.study import Row, Study
from facewire_training.recipes.tokens_to_faces.study_table import cells, titles

FAMILIES = {
    "semantic": "semantic, continuous",
    "semantic-acoustic": "semantic + acoustic ids",
    "acoustic": "acoustic ids",
    "labels": "label-based ids",
}
STREAMED_MS = 80.0
DRAWN = "gru-diffusion, 4 passes"


def whole_table(study: Study) -> str:
    """Return every row of the study."""
    return table(titles(), [cells(row) for row in study.rows])


def conditions(study: Study) -> str:
    """Return what the table was made of."""
    steps = {row.decoder: row.steps for row in study.rows if row.steps}
    told = ", ".join(f"{name} {count}" for name, count in steps.items() if "passes" not in name)
    return (
        f"{study.hours:g} hours of read speech with procedural faces; batches learned from: {told} "
        f"(`--preset {study.preset}`). Measured on {study.utterances} sentences of four other "
        f"people, and {study.clips} captured clips of one more, of whom no decoder here has "
        f"learned. {study.machine}, {study.date}."
    )


def in_short(study: Study) -> str:
    """Return a row for each family: what it tells, and what faces become of it."""
    rows = []
    for probe in study.probes:
        level, decoded = whole_of(probe), {row.decoder: row for row in best_of(study, probe)}
        streamed = decoded["streaming"].figures
        rows.append([
            FAMILIES[probe.family],
            f"`{probe.encoder}`",
            f"{share_of_phones(level):.0%}",
            f"{level.faces['2'].overall:.2f}",
            f"{streamed['LVE']:.3f}",
            f"{streamed['rounding']:.2f}",
            f"{streamed['captured gap_r']:.2f}",
            f"{decoded[DRAWN].figures['captured gap_r']:.2f}",
            f"{decoded['transformer'].figures['captured gap_r']:.2f}",
        ])  # fmt: skip
    heads = [
        "family", "encoder", "phone information", "R² of faces, ±2 rows", "LVE, streaming",
        "rounding, streaming", "captured gap r: streaming", "GRU diffusion", "Transformer",
    ]  # fmt: skip
    return table(heads, rows)


def best_of(study: Study, probe: ProbeReport) -> Iterable[Row]:
    """Return the rows of an encoder, of the streaming decoder that at 80 ms."""
    for row in study.rows:
        if row.encoder == probe.encoder and row.lookahead_ms in (None, STREAMED_MS):
            yield row


def whole_of(probe: ProbeReport) -> LevelProbe:
    """Return the probe of all that a representation has: its features, or all its codebooks."""
    return probe.probes.levels[-1]


def share_of_phones(level: LevelProbe) -> float:
    """Return how much of the information of a phone a row has: I(phone; row) / H(phone)."""
    told = level.phone
    return max(0.0, told.mutual_bits - told.chance_bits) / told.class_bits


def probe_table(study: Study) -> str:
    """Return what each level of each representation tells."""
    rows = [_probe_cells(probe, level) for probe in study.probes for level in probe.probes.levels]
    heads = [
        "encoder", "level", "ids heard", "H(phone\\|id) as published", "I(phone; id), bits",
        "of it chance", "H(viseme\\|id) as published", "purity", "R² to faces", "±2 rows",
        "±2 rows, on its own training rows",
    ]  # fmt: skip
    return table(heads, rows)


def _probe_cells(probe: ProbeReport, level: LevelProbe) -> list[str]:
    alone, wide = level.faces["0"], level.faces["2"]
    return [
        f"`{probe.encoder}`",
        level.level,
        f"{level.phone.tokens}",
        _share(level.phone.by_token),
        f"{level.phone.mutual_bits:.2f}",
        f"{level.phone.chance_bits:.2f}",
        _share(level.face.by_token),
        f"{level.phone.purity:.0%}",
        f"{alone.overall:.2f}",
        f"{wide.overall:.2f}",
        f"{wide.training_overall:.2f}",
    ]


def _share(value: float | None) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.0%}"


def defect_table(study: Study) -> str:
    """Return the probes beside what they would be with the published chunk offset."""
    rows = []
    for probe in study.probes:
        if probe.as_published is None:
            continue
        right, wrong = whole_of(probe), probe.as_published.levels[-1]
        rows.append([
            f"`{probe.encoder}`",
            _share(right.phone.by_token), _share(wrong.phone.by_token),
            _share(right.face.by_token), _share(wrong.face.by_token),
            f"{right.faces['2'].overall:.2f}", f"{wrong.faces['2'].overall:.2f}",
        ])  # fmt: skip
    heads = [
        "encoder", "H(phone\\|id)", "as published", "H(viseme\\|id)", "as published",
        "R² to faces", "as published",
    ]  # fmt: skip
    return table(heads, rows)


def draw_study(study: Study, path: Path, metadata: Mapping[str, str]) -> None:
    """Draw lips against look-ahead for each family, and captured gaps for each decoder."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    names = [probe.encoder for probe in study.probes]
    for name in names:
        streamed = [r for r in study.rows if r.encoder == name and r.decoder == "streaming"]
        ahead = [row.lookahead_ms or 0.0 for row in streamed]
        left.plot(ahead, [row.figures["rounding"] for row in streamed], "o-", label=name)
    embedded = [row for row in study.rows if row.decoder == "phones"]
    left.plot(
        [row.lookahead_ms or 0.0 for row in embedded],
        [row.figures["rounding"] for row in embedded], "k--", label="embedded model",
    )  # fmt: skip
    left.set(xlabel="look-ahead, ms", ylabel="rounding AUC", title="Streaming decoder")
    left.legend()
    decoders = ("transformer", DRAWN, "streaming")
    for place, decoder in enumerate(decoders):
        heights = [
            next(
                row.figures["captured gap_r"] for row in study.rows
                if row.encoder == name and row.decoder == decoder
                and row.lookahead_ms in (None, STREAMED_MS)
            )
            for name in names
        ]  # fmt: skip
        right.bar(np.arange(len(names)) + 0.27 * (place - 1), heights, 0.25, label=decoder)
    right.set_xticks(np.arange(len(names)), names, rotation=15)
    right.set(ylabel="correlation with captured lip gap", title="People never learned from")
    right.legend()
    figure.savefig(path, dpi=110, metadata=dict(metadata))
    plt.close(figure)


def answer(study: Study) -> str:
    """Return what the table says to the paper's question, in sentences made of its figures."""
    streamed = {
        row.encoder: row.figures
        for row in study.rows
        if row.decoder == "streaming" and row.lookahead_ms == STREAMED_MS
    }
    ranked = sorted(streamed, key=lambda name: -streamed[name]["captured gap_r"])
    informed = sorted(study.probes, key=lambda probe: -share_of_phones(whole_of(probe)))
    order = " > ".join(f"`{name}` ({streamed[name]['captured gap_r']:.2f})" for name in ranked)
    told = " > ".join(
        f"`{probe.encoder}` ({share_of_phones(whole_of(probe)):.0%})" for probe in informed
    )
    same = "the same order" if ranked == [p.encoder for p in informed] else "not the same order"
    return (
        f"**Does encoding phonetic classes help?** By the share of a phone's information that a "
        f"row has: {told}. By the correlation of a streaming face with a mouth never learned from, "
        f"at {STREAMED_MS:g} ms: {order}; {same}."
    )
