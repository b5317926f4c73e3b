"""What docs/representations.md says, from the report of `facewire bench representations`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from docs_sections import table
from facewire_cli.commands.bench.latency import LatencyReport
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
PHONETIC = {"whisper-tiny.en", "small-labels"}
"""Those that were trained to tell what is said, and nothing else."""
WHOLE = "whisper-tiny.en"
"""Its encoder hears whole utterances, whatever its decoder's look-ahead."""
PAIR_FIGURES = {"LVE": ".3f", "closure %": ".0f", "rounding": ".2f", "captured gap_r": ".2f"}
DRAWN = "gru-diffusion, 4 passes"


def whole_table(study: Study) -> str:
    """Return every row of the study."""
    return table(titles(), [cells(row) for row in study.rows])


def conditions(study: Study) -> str:
    """Return what the table was made of."""
    steps = {row.decoder.split(",")[0]: row.steps for row in study.rows if row.steps}
    told = ", ".join(f"{name} {count}" for name, count in steps.items())
    return (
        f"{study.hours:g} hours of read speech with procedural faces; batches learned from: {told} "
        f"(`--preset {study.preset}`). Measured on {study.utterances} sentences of four other "
        f"people, and {study.clips} captured clips of one man, from whom no decoder of the study "
        f"has learned (the embedded model, `phones`, has heard other clips of his). One seed. "
        f"{study.machine}, {study.date}."
    )


def in_short(study: Study) -> str:
    """Return a row for each family: what it tells, and what faces become of it."""
    rows = []
    for probe in study.probes:
        level, decoded = (
            most_telling(probe.probes.levels),
            {row.decoder: row for row in best_of(study, probe)},
        )
        streamed = decoded["streaming"].figures
        rows.append([
            FAMILIES[probe.family],
            f"`{probe.encoder}`",
            f"{phone_bits(level):.2f}",
            f"{level.faces['2'].overall:.2f}",
            f"{streamed['LVE']:.3f}",
            f"{streamed['closure %']:.0f}",
            f"{streamed['by luck %']:.0f}",
            f"{streamed['rounding']:.2f}",
            f"{streamed['captured gap_r']:.2f}",
            f"{decoded[DRAWN].figures['captured gap_r']:.2f}",
            f"{decoded['transformer'].figures['captured gap_r']:.2f}",
        ])  # fmt: skip
    heads = [
        "family", "encoder", "I(phone; row) above chance, bits", "R² to procedural faces",
        "streaming: LVE", "closure %", "by luck %", "rounding AUC", "captured gap r",
        "GRU diffusion: captured gap r", "Transformer: captured gap r",
    ]  # fmt: skip
    return table(heads, rows)


def best_of(study: Study, probe: ProbeReport) -> Iterable[Row]:
    """Return the rows of an encoder, of the streaming decoder that at 80 ms."""
    for row in study.rows:
        if row.encoder == probe.encoder and row.lookahead_ms in (None, STREAMED_MS):
            yield row


def most_telling(levels: Iterable[LevelProbe]) -> LevelProbe:
    """Return the level that tells most of a face; all together are too sparse to tell."""
    return max(levels, key=lambda level: level.faces["2"].overall)


def phone_bits(level: LevelProbe) -> float:
    """Return how much of a phone an id tells, without what chance tells."""
    return level.phone.mutual_bits - level.phone.chance_bits


def probe_table(study: Study) -> str:
    """Return what each level of each representation tells."""
    rows = [_probe_cells(probe, level) for probe in study.probes for level in probe.probes.levels]
    heads = [
        "encoder", "level", "ids heard", "H(phone\\|id) as published", "I(phone; id), bits",
        "of it chance", "H(face class\\|id) as published", "purity", "R² to faces", "±2 rows",
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
        right = most_telling(probe.probes.levels)
        (wrong,) = (one for one in probe.as_published.levels if one.level == right.level)
        rows.append([
            f"`{probe.encoder}`",
            _share(right.phone.by_token), _share(wrong.phone.by_token),
            _share(right.face.by_token), _share(wrong.face.by_token),
            f"{right.faces['2'].overall:.2f}", f"{wrong.faces['2'].overall:.2f}",
        ])  # fmt: skip
    heads = [
        "encoder", "H(phone\\|id)", "as published", "H(face class\\|id)", "as published",
        "R² to faces", "as published",
    ]  # fmt: skip
    return table(heads, rows)


def pairs_table(study: Study, report: LatencyReport) -> str:
    """Return how soon pairs answer as engines, in one run with the embedded model, and how well."""
    rows = []
    for run in report.runs:
        name = run.engine.rpartition("/")[2]
        (row,) = (
            row
            for row in study.rows
            if row.lookahead_ms == run.lookahead_ms
            and ((row.encoder == name and row.decoder == "streaming") or row.decoder == name)
        )
        stage = run.stages["heard to received"]
        rows.append([
            f"`{name}`" if row.encoder else "`phones`, which comes with Facewire",
            f"{stage.p50_ms:.1f}", f"{stage.p99_ms:.1f}", f"{run.real_time_factor:.2f}",
            *(f"{row.figures[figure]:{form}}" for figure, form in PAIR_FIGURES.items()),
        ])  # fmt: skip
    heads = ["pair", "heard to received, ms", "its 99 %", "of one core", *PAIR_FIGURES]
    return table(heads, rows).replace("_", " ")


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
        whole = " (hears the whole)" if name == WHOLE else ""
        left.plot(ahead, [row.figures["rounding"] for row in streamed], "o-", label=name + whole)
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
    right.axhline(0, color="black", linewidth=0.8)
    right.set(
        ylabel="correlation with captured lip gap", title="One captured man, never learned from"
    )
    right.set_ylim(top=1.05)
    right.legend(loc="upper right", fontsize=8)
    figure.savefig(path, dpi=110, metadata=dict(metadata))
    plt.close(figure)


def answer(study: Study) -> str:
    """Return what the table says to the paper's question, in sentences made of its figures."""
    small = {
        row.encoder: row.figures
        for row in study.rows
        if row.decoder == "streaming" and row.lookahead_ms == STREAMED_MS
    }
    told = {probe.encoder: phone_bits(most_telling(probe.probes.levels)) for probe in study.probes}
    seen = {name: figures["captured gap_r"] for name, figures in small.items()}
    rounded = {name: figures["rounding"] for name, figures in small.items()}
    right = {name: f["closure %"] - f["by luck %"] for name, f in small.items()}
    apart = all(
        min(one[name] for name in PHONETIC) > max(one[name] for name in one.keys() - PHONETIC)
        for one in (seen, rounded)
    )
    alike = "".join(_alike(study))
    verdict = "Yes, for how far and how round the mouth opens" if apart else "Not clearly"
    return (
        f"**Does encoding phonetic classes help?** {verdict}. "
        f"Streaming at {STREAMED_MS:g} ms, correlation with a captured lip gap: "
        f"{_order(_ranked(seen))}{alike}; rounding: {_order(_ranked(rounded))}. What an id tells "
        f"of a phone, in bits: {_order(_ranked(told))} (features only through 512 classes, which "
        "hides most of what Whisper's tell). Closures have an order of their own, and after so "
        "little training there are few. In points, without those by luck: "
        f"{_order(_ranked(right), 0)}."
    )


def _alike(study: Study) -> Iterable[str]:
    """Say whether all decoders rank the small encoders alike, if they do."""
    ranks = {
        tuple(_ranked({
            row.encoder: row.figures["captured gap_r"]
            for row in study.rows
            if row.decoder == decoder and row.lookahead_ms in (None, STREAMED_MS)
            and row.encoder not in ("", WHOLE)
        }))
        for decoder in ("transformer", DRAWN, "streaming")
    }  # fmt: skip
    if len(ranks) == 1:
        yield " (the other two decoders rank the three small encoders alike)"


def _ranked(values: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(values.items(), key=lambda item: -item[1]))


def _order(values: Mapping[str, float], digits: int = 2) -> str:
    return " > ".join(f"`{name}` ({value:.{digits}f})" for name, value in values.items())
