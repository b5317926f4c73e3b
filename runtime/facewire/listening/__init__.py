"""Hears where somebody begins to speak, and where what they said is over."""
