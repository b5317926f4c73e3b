"""What both frameworks share: faces for speech that an agent plays, and when they are shown."""

from facewire_agents.faces.agent_face import AgentFace
from facewire_agents.faces.heard import Heard
from facewire_agents.faces.options import FaceOptions
from facewire_agents.faces.speech_run import SaidWord, SpeechRun

__all__ = ["AgentFace", "FaceOptions", "Heard", "SaidWord", "SpeechRun"]
