"""Words that are mouthed with signs, for avatars that sign: when each is, and how it is fitted."""
