"""Where exported models are written, and that none is replaced unasked."""

import importlib
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

EXPORTS = {
    "facewire_training.model.export": "--run r --corpus c",
    "facewire_training.recipes.cosyvoice.export": "--run r --corpus c --tokens t",
    "facewire_training.recipes.hubert.export": "--random tiny",
    "facewire_training.recipes.tokens_to_faces.export": "--run r --encoder small-labels",
}


@pytest.mark.parametrize("module", EXPORTS)
def test_a_model_is_replaced_only_where_that_is_asked_for(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model").mkdir()
    manifest = Path("model", "manifest.json")
    manifest.write_text("kept")
    words = [module, *EXPORTS[module].split(), "--out", "model"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as status:
        importlib.import_module("facewire_training.command").run_command(
            importlib.import_module(module).main
        )
    assert status.value.code == 2
    said = "error: model holds a model; give another --out, or --overwrite to replace it\n"
    assert capsys.readouterr().err == said
    assert manifest.read_text() == "kept"


def test_a_model_that_is_to_be_replaced_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export = importlib.import_module("facewire_training.recipes.hubert.export")
    (tmp_path / "manifest.json").write_text("kept")
    export.main(["--random", "tiny", "--out", str(tmp_path), "--overwrite"])
    assert "is ready" in capsys.readouterr().out
    assert '"hubert"' in (tmp_path / "manifest.json").read_text()
