"""Benchmarks that users can run: the parts that the commands of `facewire bench` call."""
