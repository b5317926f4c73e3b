"""The face of a voice agent: `facewire_agents.pipecat` and `facewire_agents.livekit`."""
