"""The sound of a live stream, played as late as its face.

`sink` is told when faces leave and what is heard; `delay_line` keeps the sound, `steering` says
which of it is due; `output_stream` plays it, in a thread of PortAudio.
"""
