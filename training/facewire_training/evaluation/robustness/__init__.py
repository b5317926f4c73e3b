"""`facewire bench robustness`: one model in everything that speech meets on its way."""
