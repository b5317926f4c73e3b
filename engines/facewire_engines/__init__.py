"""Engines: loaded models that turn audio into faces, and the embedded model itself."""
