"""`facewire bench quality`: faces of several systems on the same speech, measured side by side."""
