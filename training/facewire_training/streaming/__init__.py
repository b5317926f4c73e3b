"""Networks that step along a stream: every past is explicit, so they can be exported and shared."""
