"""Unreal's face protocol: the packets that Epic's Live Link Face app sends."""
