"""Text on its way to a voice: clauses, and the marks of what is felt in them."""
