"""Other people's speech and faces, as clips that metrics can measure: one layout a file."""
