"""Losses that every training may add to its own."""
