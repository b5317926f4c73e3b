"""`python -m facewire`: the command `facewire`, wherever it is installed."""

from importlib.metadata import entry_points

if __name__ == "__main__":
    (script,) = entry_points(group="console_scripts", name="facewire")
    script.load()()
