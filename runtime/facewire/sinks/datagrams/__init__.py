"""Faces as UDP datagrams: what their URIs mean, who receives them, and the sink that sends them."""
