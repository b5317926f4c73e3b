# pyright: reportMissingImports=false
"""Facewire's own voices as a TTS of Pipecat: no cloud, no key."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from facewire.audio.format import Encoding
from facewire.speaking.voice import Voice
from facewire.speaking.voices import holding
from facewire.wire.binary import encode_samples
from facewire_agents.own_voice import load_own_voice


class FacewireTTSService(TTSService):
    """Speaks with a voice that `facewire voices` lists, and tells the times of its words."""

    def __init__(
        self,
        voice: str = "",
        *,
        language: str = "en-us",
        rate: int = 175,
        pitch: int = 50,
        **kwargs: Any,
    ) -> None:
        """Load the voice, and log which one it is.

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
            # They come as words, each with its time.
            push_text_frames=False,
            settings=TTSSettings(model=None, voice=voice, language=None),
            **kwargs,
        )
        self._own_voice: Voice = load_own_voice(voice, language=language, rate=rate, pitch=pitch)

        self._said: dict[str, int] = {}
        """Samples of each speech that was begun, at the rate of the voice."""

    async def cleanup(self) -> None:
        """Let go of what the voice holds."""
        await super().cleanup()
        with holding(self._own_voice):
            pass

    async def run_tts(self, text: str, context_id: str) -> AsyncIterator[Frame]:
        """Yield the sound of a text; its words go their own way."""
        async for frame in self._stream_audio_frames_from_iterator(
            self._speak(text, context_id),
            in_sample_rate=self._own_voice.sample_rate,
            context_id=context_id,
        ):
            yield frame

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Count anew if the speech goes on after all."""
        await super().on_audio_context_completed(context_id)
        self._said.pop(context_id, None)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget the speech."""
        await super().on_audio_context_interrupted(context_id)
        self._said.pop(context_id, None)

    async def _speak(self, text: str, context: str) -> AsyncIterator[bytes]:
        begin, told = self._said.get(context, 0), False
        pieces = self._own_voice.speak(text)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            said = self._said.get(context, 0)
            told |= await self._tell(
                context, [(word.label, said + word.start) for word in piece.words]
            )
            self._said[context] = said + len(piece.samples)
            if len(piece.samples):
                yield encode_samples(piece.samples, Encoding.S16LE)
        if not told and self._said.get(context, 0) > begin:
            # Without words, what was said is known when all of it is.
            await self._tell(context, [(text, begin)])

    async def _tell(self, context: str, words: list[tuple[str, int]]) -> bool:
        """Tell words by the samples that they begin with; return whether there are any."""
        rate = self._own_voice.sample_rate
        await self.add_word_timestamps([(word, start / rate) for word, start in words], context)
        return bool(words)
