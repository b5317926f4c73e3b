"""Write the performance figures of the documentation from the results that are committed.

    python benchmarks/make_docs.py

README.md and docs/latency.md get their tables, and docs/pictures/ the plot. The results are
`latency-cpu.json`, `throughput-cpu.json` and `audio2face-cpu.json` in benchmarks/results/;
`make bench` measures them anew. The plot needs matplotlib.
"""

import argparse
import hashlib
from pathlib import Path

import msgspec

from compare_audio2face import Comparison
from docs_sections import put
from facewire.bench.throughput_plot import draw
from facewire.commands.bench_latency import LatencyReport
from facewire.commands.bench_throughput import ThroughputReport
from latency_table import all_stages, requests_table, stages_table
from throughput_table import peer_table, sessions_table

ROOT = Path(__file__).parents[1]
PICTURE = Path("docs/pictures/sessions.png")


def make_docs(results: Path, root: Path) -> None:
    """Write the generated parts of the documents under `root`.

    Raises:
        OSError: a result or a document is missing.
        ValueError: a document has no marks, or a result is something else.
    """
    latency = msgspec.json.decode((results / "latency-cpu.json").read_bytes(), type=LatencyReport)
    load = (results / "throughput-cpu.json").read_bytes()
    throughput = msgspec.json.decode(load, type=ThroughputReport)
    peer = msgspec.json.decode((results / "audio2face-cpu.json").read_bytes(), type=Comparison)
    for name, text in (
        ("latency", stages_table(latency)),
        ("throughput", sessions_table(throughput)),
        ("audio2face", peer_table(peer)),
    ):
        put(root / "README.md", name, text)
    for name, text in (
        ("latency", all_stages(latency)),
        ("first packet", requests_table(latency)),
        ("throughput", sessions_table(throughput)),
        ("audio2face", peer_table(peer)),
    ):
        put(root / "docs" / "latency.md", name, text)
    title = f"{throughput.machine.processor}, look-ahead {throughput.lookahead_ms:g} ms"
    source = hashlib.sha256(load).hexdigest()
    draw(throughput.rows, title, root / PICTURE, metadata={"Source": source})


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
