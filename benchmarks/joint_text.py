"""What docs/joint.md says of faces from latents: which road is best, and what was tried."""

from collections.abc import Callable

from docs_sections import table
from facewire_training.evaluation.spoken.roads import RoadScore, RoadsReport
from facewire_training.recipes.joint.evaluate import CapturesReport

_MEASURES: dict[str, Callable[[RoadScore], str]] = {
    "lips closed on p b m": lambda road: _percent(road.closed),
    "open vowels shut": lambda road: _percent(road.vowels_shut),
    "rounding": lambda road: f"{road.rounding:.3f}",
    "teeth on lip": lambda road: _percent(road.teeth),
    "lip gap, r with the oracle's": lambda road: f"{road.gap_r:.3f}",
    "jitter": lambda road: f"{road.jitter:.0f}",
}


def roads(found: RoadsReport) -> str:
    """Return how the roads to a face compare."""
    told = {name: road for name, road in found.roads.items() if "," not in name}
    rows = _rows(told)
    rows.append(["cost of the face, of a second", *(f"{road.cost:.4f}" for road in told.values())])
    for name, key in (
        ("first face after the text, ms", "first_face_ms"),
        ("first sound, ms", "first_sound_ms"),
        ("the worst face of a turn, before its sound, ms", "face_lead_ms"),
    ):
        rows.append([name, *(_time(road, key) for road in told.values())])
    return (
        f"{table(['', *told], rows)}\n\n`{found.command}`, {found.date}: {found.sentences} "
        f"sentences, {found.contacts} p, b and m."
    )


def trainings(found: RoadsReport, captures: CapturesReport) -> str:
    """Return what each training has brought, on spoken sentences and on captured clips."""
    told = {
        name.removeprefix("latents, "): road
        for name, road in found.roads.items()
        if name.startswith("latents, ")
    }
    rows = _rows(told)
    for measure, about in {
        "gap_r": "GRID: lip gap, r with the captured one",
        "width_r": "GRID: width",
        "jaw_r": "GRID: jaw",
        "closed": "GRID: lips closed on p b m",
    }.items():
        figures = [captures.roads.get(name, {}).get(measure) for name in told]
        rows.append([about, *("" if f is None else _figure(f, measure) for f in figures)])
    known = [f"{captures.roads[name]['gap_r']:.3f}" for name in ("phones", "hearing")]
    return (
        f"{table(['', *told], rows)}\n\nOn GRID, aligned phones have a lip gap of r = {known[0]}, "
        f"and hearing the true sound {known[1]}. `{found.command}`, {found.date}; "
        f"`{captures.command}`, {captures.date}: "
        f"{captures.clips} validation clips, said with the true times of their words."
    )


def _rows(told: dict[str, RoadScore]) -> list[list[str]]:
    return [
        [name, *(measure(road) for road in told.values())] for name, measure in _MEASURES.items()
    ]


def _figure(value: float, measure: str) -> str:
    return _percent(value) if measure == "closed" else f"{value:.3f}"


def _time(road: RoadScore, key: str) -> str:
    return f"{getattr(road.times, key):.0f}" if road.times else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
