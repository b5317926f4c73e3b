"""Every attack as a process of its own, beside a well-behaved client of a real `facewire serve`.

In a short form, and without a look at times: `facewire bench hostile` measures those.
"""

import sys
from collections.abc import Iterator

import pytest

from facewire_cli.bench.hostile_attacks import ATTACKS
from facewire_cli.bench.hostile_run import ALONE, run_attack
from facewire_cli.bench.server_process import ServerProcess, serving

SECONDS = 0.6
MOST_DESCRIPTORS = 1_200
"""900 half handshakes, and all else; far below what the system gives a process."""
MOST_THREADS = 40
MOST_GROWTH_MB = 200

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it needs /proc, or at least POSIX")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with pytest.MonkeyPatch.context() as environment:
        # It would log whatever takes a tenth of a second, which on a busy machine is much.
        environment.delenv("PYTHONASYNCIODEBUG", raising=False)
        with serving() as server:
            run_attack(server, ALONE, SECONDS)
            yield server


@pytest.mark.parametrize("attack", ATTACKS)
def test_beside_an_attack_a_client_gets_all_its_frames(server: ServerProcess, attack: str) -> None:
    result = run_attack(server, attack, SECONDS)
    assert (result.came, result.ended) == (result.expected, True)
    assert result.during.descriptors < MOST_DESCRIPTORS
    assert result.during.threads < MOST_THREADS
    assert result.after.memory_mb - result.before.memory_mb < MOST_GROWTH_MB
    assert result.after.descriptors <= result.before.descriptors


def test_the_log_stays_short_and_without_a_failure(server: ServerProcess) -> None:
    """Runs behind the attacks; alone, it shows little."""
    run_attack(server, "foreign-pages", SECONDS)
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "socket.send() raised" not in log
    assert len(log) < 20_000
