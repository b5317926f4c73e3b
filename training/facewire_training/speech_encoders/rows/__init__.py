"""Rows of an encoder on disk, and at a frame rate."""
