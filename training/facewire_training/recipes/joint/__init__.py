"""Faces from a TTS's own latents, after UniTAF."""
