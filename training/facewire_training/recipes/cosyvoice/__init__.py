"""Training of decoders for CosyVoice's tokens; see docs/cosyvoice.md."""
