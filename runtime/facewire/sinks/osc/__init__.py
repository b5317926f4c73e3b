"""Faces as OSC 1.0, and what VMC and VRChat share with it: messages and their bundles."""
