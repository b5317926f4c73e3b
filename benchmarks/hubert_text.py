"""What docs/hubert.md says of windows and of time, from the reports of their commands."""

from docs_sections import table
from facewire_training.recipes.hubert.cost import Cost
from facewire_training.recipes.hubert.edge_error import EdgeReport, cells


def window_errors(report: EdgeReport) -> str:
    """Return the table of what a window costs in truth."""
    titles, rows = cells(report)
    lines = [titles, ["---:"] * len(titles), *rows]
    written = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    known = "**random weights**, which say something about the architecture only"
    kind = known if report.random else report.weights
    return (
        f"With {kind}: {report.windows} windows of the bundled "
        f"clip ({report.seconds:.1f} s).\n\n{written}"
    )


def running_costs(cost: Cost) -> str:
    """Return the table of what a step costs in time, fp32 beside int8."""
    front_end, encoder, decoder, face = cost.parts
    others = sum(part.share for part in cost.parts) - encoder.share
    rows = [
        ["front end, ms for each step", f"{front_end.run_ms:.1f}", "(fp32)"],
        ["encoder, ms for each step", f"{encoder.run_ms:.1f}", f"{cost.int8_encoder.run_ms:.1f}"],
        ["decoder, ms for each step", f"{decoder.run_ms:.1f}", "(fp32)"],
        ["face, ms for each frame", f"{face.run_ms:.1f}", "(fp32)"],
        [
            "all of it at 60 frames/s, of one thread",
            f"{others + encoder.share:.2f}",
            f"{others + cost.int8_encoder.share:.2f}",
        ],
        [
            "encoder's file, MB",
            f"{cost.encoder_bytes / 1e6:.0f}",
            f"{cost.int8_encoder_bytes / 1e6:.0f}",
        ],
        ["error of the encoder's rows against fp32", "", f"{cost.int8_error:.1%}"],
    ]
    ratio = cost.front_end_recomputed_ms / front_end.run_ms
    return "\n\n".join(
        (
            table([f"{cost.weights}, context {cost.context_ms} ms", "fp32", "int8"], rows),
            f"The encoder is {cost.int8_speedup:.2f} times as fast in int8. A front end that ran "
            f"over the whole window would take {ratio:.1f} times as long as the one that streams.",
        )
    )
