"""Without what measuring needs, everything else of the command line still works."""

import subprocess
import sys

WITHOUT = "import sys; sys.modules['{}'] = None; "
MAIN = "sys.argv = ['facewire', *{!r}]; from facewire_cli.__main__ import main; main()"


def run(missing: str, *words: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(missing) + MAIN.format(words)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )  # fmt: skip


def test_the_runtime_does_not_import_training() -> None:
    code = (
        "import facewire_cli.__main__, sys;"
        "print([name for name in sys.modules if name.startswith(('facewire_training', 'scipy'))])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_a_missing_library_is_one_sentence_that_says_what_to_install() -> None:
    for missing in ("scipy", "facewire_training"):
        result = run(missing, "bench", "quality", "--data", ".")
        assert result.returncode == 2
        assert result.stderr.startswith("facewire: facewire bench quality needs more")
        assert "pip install" in result.stderr
        assert '"scipy' in result.stderr
        assert "Traceback" not in result.stderr


def test_pictures_need_matplotlib_and_the_help_needs_nothing() -> None:
    result = run("matplotlib", "bench", "quality", "--data", ".", "--plot", "plot.png")
    assert result.returncode == 2
    assert '"matplotlib' in result.stderr
    assert run("scipy", "bench", "quality", "--help").returncode == 0
