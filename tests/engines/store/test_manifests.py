"""The page about models says of which files a sha256 is pinned, and of which not."""

from pathlib import Path

from facewire_engines.store.published import published_models

PAGE = Path(__file__).parents[3] / "docs" / "models.md"


def test_the_page_tells_pinned_files_from_trusted_ones() -> None:
    rows = PAGE.read_text("utf-8").splitlines()
    (pinned,) = [row for row in rows if "pinned, as" in row]
    (trusted,) = [row for row in rows if "trusted on first use**" in row]
    for model in published_models().values():
        if model.embedded:
            continue
        for name, file in model.files.items():
            assert not file.sha256 or len(file.sha256) == 64, name
            assert name in (pinned if file.sha256 else trusted), name
