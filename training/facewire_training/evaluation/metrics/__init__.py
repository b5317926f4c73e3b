"""Metrics of talking faces: lip geometry, closure, steadiness."""
