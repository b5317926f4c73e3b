"""How brows, lids, mouth and head move in speech and in pauses: people's, and ours as shown."""
