"""HuBERT as a stream: its networks with explicit state, their export, and what windows cost."""
