"""The .meta files of the package: without one, Unity leaves a file of a package out.

`python -m tests.clients.unity.meta_files` writes those that are missing.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tests.clients.unity.mono import PACKAGE

IMPORTERS = {
    ".asmdef": "AssemblyDefinitionImporter",
    ".cs": "MonoImporter",
    ".json": "PackageManifestImporter",
    ".md": "TextScriptImporter",
    ".unity": "DefaultImporter",
}
_SETTINGS = "  externalObjects: {}\n  userData:\n  assetBundleName:\n  assetBundleVariant:\n"
_SCRIPT = (
    "  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n  executionOrder: 0\n"
    "  icon: {instanceID: 0}\n  userData:\n  assetBundleName:\n  assetBundleVariant:\n"
)


def assets() -> Iterator[Path]:
    """Files and folders of the package that need one; folders whose name ends in ~ need none."""
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix != ".meta" and not path.name.endswith("~"):
            yield path


def meta_path(path: Path) -> Path:
    return path.with_name(path.name + ".meta")


def guid(path: Path) -> str:
    """Of its place, so that it is the same wherever it is made."""
    name = f"com.facewire.unity/{path.relative_to(PACKAGE).as_posix()}"
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def content(path: Path) -> str:
    head = f"fileFormatVersion: 2\nguid: {guid(path)}\n"
    if path.is_dir():
        return f"{head}folderAsset: yes\nDefaultImporter:\n{_SETTINGS}"
    settings = _SCRIPT if path.suffix == ".cs" else _SETTINGS
    return f"{head}{IMPORTERS[path.suffix]}:\n{settings}"


if __name__ == "__main__":
    for asset in assets():
        if not meta_path(asset).exists():
            meta_path(asset).write_text(content(asset))
