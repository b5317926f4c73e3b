"""What a face shows of what its speaker feels."""
