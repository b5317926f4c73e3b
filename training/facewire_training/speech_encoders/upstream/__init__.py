"""What the encoders' authors publish, run on the same weights and sound as what is here."""
