"""Write the figures of the documentation from the results that are committed.

    python benchmarks/make_docs.py

Every part between `<!-- name -->` and `<!-- end of name -->` of a document below comes from a JSON
in benchmarks/results/, which names the command that made it; benchmarks/README.md lists them all.
The plot needs matplotlib.
"""

import argparse
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

import encoder_text
import listening_text
import lookahead_text
import prior_text
import quality_text
import representations_text
import ruler_text
from agent_page import AgentPage, answer_times
from agents_text import AgentReport, agents_table
from agreement_text import agreements
from alignment_text import AlignmentReport, closures_by_times
from compare_audio2face import Comparison
from cost_text import face_cost, output_costs, precisions_table, session_costs
from docs_sections import put
from emotion_text import (
    EmotionReport,
    VoiceEmotionReport,
    heard_in_the_voice,
    lips_by_emotion,
)
from face_text import ArticulationReport, MotionReport, articulation_table, motion_table
from facewire_cli.bench.throughput_plot import draw
from facewire_cli.commands.bench.hostile import HostileReport
from facewire_cli.commands.bench.latency import LatencyReport
from facewire_cli.commands.bench.throughput import ThroughputReport
from facewire_training.evaluation.listening.coverage import CoverageReport
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.spoken.roads import RoadsReport
from facewire_training.recipes.hubert.cost import Cost
from facewire_training.recipes.hubert.edge_error import EdgeReport
from facewire_training.recipes.joint.evaluate import CapturesReport
from facewire_training.recipes.tokens_to_faces.study import Study
from facewire_training.speech_encoders.windowed_agreement import AgreementReport
from front_page import five_figures, hour
from gpu_run import Report as GpuReport
from hostile_table import attacks_table
from hubert_text import running_costs, window_errors
from joint_text import roads, trainings
from latency_table import all_stages, in_short, requests_table
from output_cost import OutputCosts
from perception_text import (
    AblationReport,
    MouthingReport,
    RecognitionReport,
    ablation_table,
    mouthing_table,
    readers_table,
)
from precisions import Precisions
from realtime_proxy import RealtimeReport, proxy_times
from session_cost import SessionCosts
from soak import Soak
from speech_timeline import Timeline
from throughput_table import gpu_table, peer_table, sessions_table
from voice_text import NaturalReport, OffsetsReport, VoiceReport, closures, natural, typed

ROOT = Path(__file__).parents[1]
ENCODERS = ("hubert", "speechtokenizer", "wavtokenizer", "cosyvoice2")
PICTURE = Path("docs/pictures/sessions.png")
STUDY_PICTURE = Path("docs/pictures/representations.png")

T = TypeVar("T")
Sections = Mapping[str, Callable[[], str]]
"""What stands in a document, by the name of its mark."""


def sections(results: Path) -> dict[str, Sections]:
    """Return every generated part of every document, by its path."""
    latency = _read(results / "latency-cpu.json", LatencyReport)
    throughput = _read(results / "throughput-cpu.json", ThroughputReport)
    peer = _read(results / "audio2face-cpu.json", Comparison)
    costs = _read(results / "session-cost-cpu.json", SessionCosts)
    voices = [
        _read(results / f"voice{end}.json", VoiceReport)
        for end in ("", "-fast", "-30fps", "-breathy")
    ]
    quality = quality_text.read_reports(results)
    before = ruler_text.read_ruler(results, "first-model", "quality-lookahead-first-model.json")
    ruler = ruler_text.read_ruler(results, "second-model")
    soak = _read(results / "soak-cpu.json", Soak)
    study = _read(results / "representations.json", Study)
    prior = _read(results / "prior.json", prior_text.PriorReport)
    return {
        "README.md": {"figures": lambda: five_figures(latency, throughput, peer, quality, soak)},
        "docs/latency.md": {
            "in short": lambda: in_short(latency),
            "latency": lambda: all_stages(latency),
            "provisional": lambda: lookahead_text.what_corrections_buy(
                _read(results / "quality-provisional.json", Report)
            ),
            "first packet": lambda: requests_table(latency),
            "throughput": lambda: sessions_table(throughput),
            "audio2face": lambda: peer_table(peer),
        },
        "docs/engines.md": {
            "session cost": lambda: session_costs(costs),
            "gpu": lambda: gpu_table(_read(results / "gpu-h200.json", GpuReport)),
            "gpu run": lambda: gpu_table(_read(results / "gpu-run-cpu.json", GpuReport)),
            "precisions": lambda: precisions_table(
                _read(results / "precisions-cpu.json", Precisions)
            ),
        },
        "docs/agent-page.md": {
            "answers": lambda: answer_times(_read(results / "agent-page-cpu.json", AgentPage))
        },
        "docs/realtime.md": {
            "proxy": lambda: proxy_times(_read(results / "realtime-cpu.json", RealtimeReport))
        },
        "docs/agents.md": {
            "agents": lambda: agents_table(_read(results / "agents.json", AgentReport))
        },
        "docs/connect.md": {
            "output cost": lambda: output_costs(
                _read(results / "output-cost-cpu.json", OutputCosts)
            )
        },
        "docs/face.md": {
            "face cost": lambda: face_cost(latency),
            "articulation": lambda: articulation_table(
                _read(results / "articulation.json", ArticulationReport)
            ),
            "face motion": lambda: motion_table(_read(results / "face-motion.json", MotionReport)),
        },
        "docs/emotion.md": {
            "lips": lambda: lips_by_emotion(_read(results / "emotions.json", EmotionReport)),
            "voice": lambda: heard_in_the_voice(
                _read(results / "emotion-voice.json", VoiceEmotionReport)
            ),
        },
        "docs/joint.md": {
            "roads": lambda: roads(_read(results / "voice-roads.json", RoadsReport)),
            "trainings": lambda: trainings(
                _read(results / "voice-latents.json", RoadsReport),
                _read(results / "captures-latents.json", CapturesReport),
            ),
        },
        "docs/prior.md": {
            "how": lambda: prior_text.how(prior),
            "sets": lambda: prior_text.sets(prior),
            "languages": lambda: prior_text.languages(prior),
            "codebooks": lambda: prior_text.codebooks(prior),
        },
        "docs/text.md": {
            "closures": lambda: closures(*voices),
            "natural": lambda: natural(
                _read(results / "voice-natural.json", NaturalReport),
                _read(results / "voice-offsets.json", OffsetsReport),
            ),
            "timeline": lambda: typed(_read(results / "timeline-cpu.json", Timeline)),
        },
        "docs/alignment.md": {
            "alignment": lambda: closures_by_times(
                _read(results / "alignment.json", AlignmentReport)
            )
        },
        "docs/mouthing.md": {
            "read": lambda: mouthing_table(_read(results / "mouthing.json", MouthingReport))
        },
        "docs/perception.md": {
            "readers": lambda: readers_table(
                {
                    name: _read(results / f"lip-{name}.json", RecognitionReport)
                    for name in ("reader", "judge", "stand-in")
                }
            ),
            "ablation": lambda: ablation_table(_read(results / "perception.json", AblationReport)),
        },
        "docs/deployment.md": {"hour": lambda: hour(soak)},
        "docs/quality.md": {
            "lips": lambda: quality_text.summary(quality),
            "worst first": lambda: ruler_text.worst_first(ruler, before),
            "test speakers": lambda: ruler_text.of_test_speakers(quality.test),
            "table": lambda: quality_text.short_table(quality),
            "look-aheads": lambda: lookahead_text.what_it_buys(ruler.timing),
            "encoder": lambda: encoder_text.encoder_and_decoder(
                _read(results / "quality-teacher.json", Report)
            ),
            "noise": lambda: quality_text.noise(quality),
            "lag": lambda: quality_text.capture_lag(results / "capture-delay.json"),
        },
        "docs/quality-tables.md": {
            "table": lambda: quality_text.all_tables(quality),
            "test": lambda: quality_text.test_table(quality),
            "whole ruler": lambda: ruler_text.all_figures(ruler),
            "conditions": lambda: ruler_text.conditions(ruler),
            "openings": lambda: ruler_text.openings(ruler),
            "missed": lambda: ruler_text.missed(ruler),
            "never moves": lambda: ruler_text.never_moves(ruler),
        },
        "docs/listening-test.md": {
            "intervals": lambda: listening_text.intervals(
                _read(results / "listening-coverage.json", CoverageReport)
            )
        },
        "docs/hubert.md": {
            "windows": lambda: window_errors(_read(results / "hubert-window.json", EdgeReport)),
            "cost": lambda: running_costs(_read(results / "hubert-cost.json", Cost)),
        },
        "docs/speech-encoders.md": {
            "agreement": lambda: agreements(
                [_read(results / f"agreement-{name}.json", AgreementReport) for name in ENCODERS]
            )
        },
        "docs/representations.md": {
            "in short": lambda: representations_text.in_short(study),
            "answer": lambda: representations_text.answer(study),
            "conditions": lambda: representations_text.conditions(study),
            "table": lambda: representations_text.whole_table(study),
            "probes": lambda: representations_text.probe_table(study),
            "defect": lambda: representations_text.defect_table(study),
            "pairs": lambda: representations_text.pairs_table(
                study, _read(results / "latency-recipes.json", LatencyReport)
            ),
        },
        "docs/security.md": {
            "hostile clients": lambda: attacks_table(
                _read(results / "hostile-cpu.json", HostileReport)
            )
        },
        "docs/model-card.md": {"weaknesses": lambda: quality_text.weaknesses(quality)},
    }


def make_docs(results: Path, root: Path) -> None:
    """Write the generated parts of the documents under `root`.

    Raises:
        OSError: a result or a document is missing.
        ValueError: a document has no marks, or a result is something else.
    """
    for document, parts in sections(results).items():
        for name, text in parts.items():
            put(root / document, name, text())
    load = (results / "throughput-cpu.json").read_bytes()
    throughput = msgspec.json.decode(load, type=ThroughputReport)
    title = f"{throughput.machine.processor}, look-ahead {throughput.lookahead_ms:g} ms"
    source = hashlib.sha256(load).hexdigest()
    draw(throughput.rows, title, root / PICTURE, metadata={"Source": source})
    report = (results / "representations.json").read_bytes()
    study = msgspec.json.decode(report, type=Study)
    source = hashlib.sha256(report).hexdigest()
    representations_text.draw_study(study, root / STUDY_PICTURE, {"Source": source})


def _read(path: Path, kind: type[T]) -> T:
    return msgspec.json.decode(path.read_bytes(), type=kind)


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--root", type=Path, default=ROOT, help="where README.md and docs/ are")
    arguments = parser.parse_args()
    make_docs(arguments.results, arguments.root)


if __name__ == "__main__":
    main()
