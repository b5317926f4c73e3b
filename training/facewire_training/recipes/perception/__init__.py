"""A loss that reads lips: faces are drawn as mouths, and read by a frozen lip reader.

After VisualSpeaker (arXiv 2507.06060), from what the paper says.
"""
