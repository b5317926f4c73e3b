"""Colours and spacing that all pictures share: dark on light, readable at the width of a README."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from facewire.errors import ConfigError

INK = "#23252e"
MUTED = "#6a6d7a"
LINE = "#dcdad8"
TRUE = "#9aa0ae"
ENGINES = ("#1a6f7b", "#7a5fb4", "#2f9e6e", "#4a7fc1")
BASELINE = "#c8702e"
CONTACT = "#d9576b"
TEETH = "#7a5fb4"
PAPER = "#ffffff"

SOUND = LinearSegmentedColormap.from_list("sound", ["#ffffff", "#e9e6ea", "#bdb8c6", "#8b8799"])

_DPI = 160


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure in the style of the project."""
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Leave an axes only its lower line and quiet ticks."""
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(LINE)
    axes.tick_params(length=0, colors=MUTED, labelsize=9.5)


def save(figure: Figure, path: Path) -> None:
    """Write the picture.

    Raises:
        ConfigError: the file cannot be written, or its name is no picture's.
    """
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot write the picture {path}: {error}") from error
