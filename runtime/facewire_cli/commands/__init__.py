"""The commands of `facewire`: one file for each."""
