"""Voices that come with Facewire: one file for each, and what it needs."""
