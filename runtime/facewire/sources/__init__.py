"""Where audio chunks come from: one file for each kind of source."""
