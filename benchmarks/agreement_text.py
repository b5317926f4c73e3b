"""What docs/speech-encoders.md says of encoders in windows, from the reports of their command."""

from collections.abc import Sequence

from docs_sections import table
from facewire_training.speech_encoders.windowed_agreement import AgreementReport


def agreements(reports: Sequence[AgreementReport]) -> str:
    """Return the curves of encoders side by side.

    Raises:
        ValueError: the reports are of different right contexts.
    """
    contexts = {tuple(a.right_ms for a in report.agreements) for report in reports}
    if len(contexts) != 1:
        raise ValueError(f"right contexts differ: {sorted(contexts)}")
    columns = [column for report in reports for column in _columns(report)]
    rows = [
        [f"{right_ms} ms", *(values[place] for _, values in columns)]
        for place, right_ms in enumerate(contexts.pop())
    ]
    rows.append(
        [
            "by luck, or always the mean",
            *(_luck(report, n) for report in reports for n in _shown(report)),
        ]
    )
    kinds = {report.random for report in reports}
    known = "With **random weights**, which say something about the architecture only"
    windows, seconds = reports[0].windows, reports[0].seconds
    return (
        f"{known if kinds == {True} else 'With the weights that each column names'}: {windows} "
        f"windows of the bundled clip ({seconds:.1f} s), {reports[0].left_ms} ms of left context."
        f"\n\n{table(['right context', *(title for title, _ in columns)], rows)}"
    )


def _shown(report: AgreementReport) -> list[str]:
    """Return what is shown of an encoder: its error, or its first codebook and all of them."""
    if not report.luck:
        return ["error"]
    return ["first", "all"] if len(report.luck) > 1 else ["all"]


def _columns(report: AgreementReport) -> list[tuple[str, list[str]]]:
    name = report.encoder if report.random else f"{report.encoder} ({report.weights})"
    titles = {
        "error": f"{name}: relative error",
        "first": f"{name}: equal ids, first codebook",
        "all": f"{name}: equal ids{', all eight' if len(report.luck) == 8 else ''}",
    }
    return [
        (titles[kind], [f"{_value(a.equal, a.error, kind):.1%}" for a in report.agreements])
        for kind in _shown(report)
    ]


def _value(equal: Sequence[float], error: float, kind: str) -> float:
    if kind == "error":
        return error
    return equal[0] if kind == "first" else sum(equal) / len(equal)


def _luck(report: AgreementReport, kind: str) -> str:
    return "100.0%" if kind == "error" else f"{_value(report.luck, 0.0, kind):.1%}"
