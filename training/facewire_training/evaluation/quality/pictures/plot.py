"""The mouths of several systems over the sound of a few seconds, phone by phone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.signal import stft

from facewire import arkit
from facewire.face.lips import SHUT
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.evaluation.metrics.lips.closure import BILABIALS
from facewire_training.evaluation.metrics.lips.labiodental import LABIODENTALS
from facewire_training.evaluation.quality.pictures import drawing
from facewire_training.evaluation.quality.pictures.excerpt import Excerpt
from facewire_training.take import Take

Floats = NDArray[np.floating]

WIDTH_IN, HEIGHT_IN = 11.0, 5.7
_WINDOW = 400
_HIGHEST_HZ = 6_000
_RANGE_DB = 55.0
_LETTER_SHARE = 0.0062
"""The width of a letter as a share of the picture's."""
_BANDS = {**dict.fromkeys(BILABIALS, drawing.CONTACT), **dict.fromkeys(LABIODENTALS, drawing.TEETH)}


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One system in the picture."""

    name: str
    take: Take
    colour: str
    true: bool = False
    """Drawn as an area behind the others."""


def colour_of(index: int, engine: bool) -> str:
    """Return the colour of the engine row or baseline that comes as number `index`."""
    return drawing.ENGINES[index % len(drawing.ENGINES)] if engine else drawing.BASELINE


def draw_plot(excerpt: Excerpt, curves: Sequence[Curve]) -> Figure:
    """Return the picture: phones, then lip gap and jaw over a spectrogram."""
    figure = drawing.new_figure(WIDTH_IN, HEIGHT_IN)
    strip, gap, jaw = figure.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": [0.17, 1, 1], "hspace": 0.09}
    )
    figure.subplots_adjust(left=0.075, right=0.985, top=0.925, bottom=0.085)
    _draw_phones(strip, excerpt)
    _draw_curves(gap, excerpt, curves, Take.gap, "lip gap")
    gap.axhline(SHUT, color=drawing.MUTED, linewidth=0.9, linestyle=(0, (2, 3)))
    gap.annotate(
        "lips met", (excerpt.end_s, SHUT), xytext=(-3, 3), textcoords="offset points", ha="right",
        fontsize=8.5, color=drawing.MUTED,
    )  # fmt: skip
    _draw_curves(jaw, excerpt, curves, _jaw, "jawOpen")
    jaw.set_xlabel("seconds", fontsize=9.5, color=drawing.MUTED)
    jaw.set_xlim(excerpt.start_s, excerpt.end_s)
    handles, labels = gap.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(0.065, 1.005), ncols=len(curves),
        frameon=False, fontsize=11, handlelength=1.6, columnspacing=1.8,
    )  # fmt: skip
    figure.text(
        0.985, 0.967, excerpt.clip.utterance.name, ha="right", va="center",
        fontsize=9.5, color=drawing.MUTED,
    )  # fmt: skip
    return figure


def _jaw(take: Take) -> Floats:
    return take.weights[:, arkit.INDEX["jawOpen"]]


def _draw_phones(axes: Axes, excerpt: Excerpt) -> None:
    """Write the phones where they are said; one that would touch the last goes a line higher."""
    axes.set_ylim(0, 1)
    axes.axis("off")
    letter_s = _LETTER_SHARE * (excerpt.end_s - excerpt.start_s)
    reached_s = [-1.0, -1.0]
    for phone in excerpt.clip.utterance.phones:
        middle = (phone.start_s + phone.end_s) / 2
        if phone.label == "sil" or not excerpt.start_s < middle < excerpt.end_s:
            continue
        half_s = letter_s * (len(phone.label) + 1) / 2
        row = 0 if middle - half_s >= reached_s[0] or reached_s[0] < reached_s[1] else 1
        reached_s[row] = middle + half_s
        colour = _BANDS.get(phone.label)
        axes.text(
            middle, 0.1 + 0.62 * row, phone.label, ha="center", va="center", fontsize=10,
            color=colour or drawing.INK, fontweight="bold" if colour else "normal",
        )  # fmt: skip


def _draw_curves(
    axes: Axes,
    excerpt: Excerpt,
    curves: Sequence[Curve],
    measure: Callable[[Take], Floats],
    label: str,
) -> None:
    seen = [(curve, *_course(curve.take, excerpt, measure)) for curve in curves]
    top = 1.12 * max(0.3, *(float(values.max()) for _, _, values in seen))
    axes.set_ylim(-0.03 * top, top)
    _draw_sound(axes, excerpt, top)
    for phone in excerpt.clip.utterance.phones:
        if phone.label in _BANDS:
            axes.axvspan(phone.start_s, phone.end_s, color=_BANDS[phone.label], alpha=0.13, lw=0)
    for curve, times_s, values in seen:
        if curve.true:
            axes.fill_between(times_s, 0, values, color=drawing.TRUE, alpha=0.32, lw=0)
            axes.plot(times_s, values, color=drawing.TRUE, linewidth=1.4, label=curve.name)
        else:
            width = 2.1 if curve.colour in drawing.ENGINES else 1.4
            axes.plot(times_s, values, color=drawing.PAPER, linewidth=2 * width, alpha=0.75)
            axes.plot(times_s, values, color=curve.colour, linewidth=width, label=curve.name)
    axes.set_ylabel(label, fontsize=11, color=drawing.INK)
    drawing.tidy(axes)


def _course(
    take: Take, excerpt: Excerpt, measure: Callable[[Take], Floats]
) -> tuple[Floats, Floats]:
    times_s = np.arange(len(take)) / float(take.frame_rate)
    within = (times_s >= excerpt.start_s - 0.02) & (times_s <= excerpt.end_s + 0.02)
    return times_s[within], measure(take)[within]


def _draw_sound(axes: Axes, excerpt: Excerpt, top: float) -> None:
    """Draw the spectrogram behind the curves, 0 to 6 kHz over the height."""
    first, last = (int(at * SAMPLE_RATE) for at in (excerpt.start_s, excerpt.end_s))
    samples = excerpt.clip.utterance.samples[first:last]
    hertz, _, spectrum = stft(
        samples, SAMPLE_RATE, nperseg=_WINDOW, noverlap=_WINDOW - 80, nfft=1024
    )
    power = 20 * np.log10(np.abs(spectrum[hertz <= _HIGHEST_HZ]) + 1e-7)
    loudest = float(np.percentile(power, 99.7))
    axes.imshow(
        power, cmap=drawing.SOUND, vmin=loudest - _RANGE_DB, vmax=loudest + 12, origin="lower",
        extent=(excerpt.start_s, excerpt.end_s, -0.03 * top, top), aspect="auto",
        interpolation="bilinear", zorder=0,
    )  # fmt: skip
