"""From Tokens to Faces (Correa et al. 2026): which speech representation drives a face best."""
