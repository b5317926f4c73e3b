"""What a living face does besides speaking: all of it follows from the frames and a seed."""
