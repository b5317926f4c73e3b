"""Frozen speech encoders: what a face decoder reads instead of audio, offline."""
