"""Networks of published encoders, what encodes of them, and how their weights are read."""
