# pyright: reportMissingImports=false
"""Facewire's own voices as a TTS of LiveKit: no cloud, no key."""

import asyncio

from livekit.agents import tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, TimedString
from livekit.agents.utils import shortuuid

from facewire.audio.format import Encoding
from facewire.speaking.voice import Speech, Voice
from facewire.speaking.voices import holding, load_local_voice
from facewire.wire.binary import encode_samples


class FacewireTTS(tts.TTS):
    """Speaks with a voice that `facewire voices` lists, and tells the times of its words."""

    def __init__(
        self, voice: str = "", *, language: str = "en-us", rate: int = 175, pitch: int = 50
    ) -> None:
        """Load the voice.

        Args:
            voice: its name, as `--voice` takes it; by default, the one that `say` speaks with.
            language: such as "en-us".
            rate: words a minute.
            pitch: 0 to 100.

        Raises:
            ConfigError: there is no such voice or language, or its library is not installed.
        """
        self.voice: Voice = load_local_voice(language=language, voice=voice, rate=rate, pitch=pitch)
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False, aligned_transcript=True),
            sample_rate=self.voice.sample_rate,
            num_channels=1,
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Begin to speak a text."""
        return _Synthesis(tts=self, input_text=text, conn_options=conn_options)

    async def aclose(self) -> None:
        """Let go of what the voice holds."""
        with holding(self.voice):
            pass


class _Synthesis(tts.ChunkedStream):
    """One text, spoken piece by piece."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice: Voice = self._tts.voice
        rate = voice.sample_rate
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=rate, num_channels=1, mime_type="audio/pcm"
        )
        said = 0
        pieces = voice.speak(self._input_text)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            if words := _words(piece, said, rate):
                output_emitter.push_timed_transcript(words)
            output_emitter.push(encode_samples(piece.samples, Encoding.S16LE))
            said += len(piece.samples)
        output_emitter.flush()


def _words(piece: Speech, said: int, rate: int) -> list[TimedString]:
    return [
        TimedString(f"{word.label} ", (said + word.start) / rate, (said + word.end) / rate)
        for word in piece.words
    ]
