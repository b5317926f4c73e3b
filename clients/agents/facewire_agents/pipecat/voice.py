# pyright: reportMissingImports=false
"""Facewire's own voices as a TTS of Pipecat: no cloud, no key."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from facewire.audio.format import Encoding
from facewire.speaking.voice import Speech, Voice
from facewire.speaking.voices import holding, load_local_voice
from facewire.wire.binary import encode_samples


class FacewireTTSService(TTSService):
    """Speaks with a voice that `facewire voices` lists."""

    def __init__(
        self,
        voice: str = "",
        *,
        language: str = "en-us",
        rate: int = 175,
        pitch: int = 50,
        **kwargs: Any,
    ) -> None:
        """Load the voice.

        Args:
            voice: its name, as `--voice` takes it; by default, the embedded one.
            language: such as "en-us".
            rate: words a minute.
            pitch: 0 to 100.
            **kwargs: for Pipecat's `TTSService`.

        Raises:
            ConfigError: there is no such voice or language, or its library is not installed.
        """
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=voice, language=None),
            **kwargs,
        )
        self._own_voice: Voice = load_local_voice(
            language=language, voice=voice, rate=rate, pitch=pitch
        )

    async def cleanup(self) -> None:
        """Let go of what the voice holds."""
        await super().cleanup()
        with holding(self._own_voice):
            pass

    async def run_tts(self, text: str, context_id: str) -> AsyncIterator[Frame]:
        """Yield the sound of a text."""
        pieces = self._own_voice.speak(text)
        async for frame in self._stream_audio_frames_from_iterator(
            _pcm(pieces), in_sample_rate=self._own_voice.sample_rate, context_id=context_id
        ):
            yield frame


async def _pcm(pieces: Iterator[Speech]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        if len(piece.samples):
            yield encode_samples(piece.samples, Encoding.S16LE)
