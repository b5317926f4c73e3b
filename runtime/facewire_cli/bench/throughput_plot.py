"""Draws how latency grows with sessions. Needs matplotlib, which the core does not install."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate
from facewire.optional_dependency import import_optional
from facewire_cli.bench.throughput_search import Row


def require_matplotlib() -> None:
    """Find out before the measuring whether a plot can be drawn after it.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    import_optional("matplotlib.figure", "--plot needs matplotlib", "quality")


def draw(
    rows: Sequence[Row], title: str, path: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a picture of the inference of each row's trials by sessions, p50 thin and p99 thick.

    Dotted lines are one frame time, and the most sessions that were held. `metadata` goes into
    the picture's own.

    Raises:
        ConfigError: matplotlib is not installed, or the file cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot(xlabel="sessions", ylabel="inference (ms)", title=title)
    axes.set_yscale("log")
    for row in rows:
        known = [(load.sessions, load.inference) for load in row.trials if load.inference]
        sessions = [count for count, _ in known]
        label = f"{row.engine}, {row.frame_rate} frames/s, {row.cores} core(s)"
        (line,) = axes.plot(sessions, [f.p99_ms for _, f in known], "o-", label=f"{label}, p99")
        axes.plot(sessions, [f.p50_ms for _, f in known], "-", lw=0.8, color=line.get_color())
        interval_ms = 1000 / float(parse_frame_rate(row.frame_rate))
        axes.axhline(interval_ms, color=line.get_color(), lw=0.8, ls=":")
        if row.held:
            axes.axvline(row.held, color=line.get_color(), lw=0.8, ls=":")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    try:
        figure.savefig(path, dpi=120, metadata=dict(metadata or {}))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot write the plot {path}: {error}") from error
