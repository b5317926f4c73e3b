"""Training: corpora, procedural animation, encoders, decoders, metrics, export."""
