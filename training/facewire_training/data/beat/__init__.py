"""BEAT and BEAT2 (Liu et al. 2022, 2024) from the user's copy: for non-commercial research."""
