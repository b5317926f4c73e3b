"""Small members of the families of the paper, trained here: one body, three objectives."""
