"""The model store: which weights there are, where they come from, and which of them are here."""
