"""VRChat avatars: the parameters of VRCFaceTracking, and those that the avatar has."""
