"""Puts what the client imports of `facewire` into its wheel and its source archive."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SharedModules(BuildHookInterface[Any]):
    """Takes it from the runtime of a checkout, or from where the archive was unpacked."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files and folders, with their places in what is built."""
        if version == "editable":
            return  # the runtime's folder is on the path then
        root = Path(self.root)
        is_unpacked = (root / "PKG-INFO").is_file()
        source = root if is_unpacked else root.parents[1] / "runtime"
        taken = build_data["force_include"]
        for name in self.config["shared"]:
            taken[str(source / "facewire" / name)] = f"facewire/{name}"
        if self.target_name == "sdist" and not is_unpacked:
            taken[str(root.parents[1] / "LICENSE")] = "LICENSE"
