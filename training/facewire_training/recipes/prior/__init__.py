"""A discrete motion prior: faces as codes, and a causal decoder that says the codes of speech."""
