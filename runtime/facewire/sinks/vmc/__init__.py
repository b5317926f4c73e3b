"""The Virtual Motion Capture protocol 3.1 (protocol.vmc.info): faces for VRM avatars, over OSC."""
