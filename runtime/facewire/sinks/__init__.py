"""Where faces go to: one file for each kind of sink."""
