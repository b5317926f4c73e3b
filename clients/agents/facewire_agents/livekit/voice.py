# pyright: reportMissingImports=false
"""Facewire's own voices as a TTS of LiveKit: no cloud, no key."""

import asyncio

from livekit.agents import tokenize, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, TimedString
from livekit.agents.utils import aio, shortuuid

from facewire.audio.format import Encoding
from facewire.speaking.voice import Speech, Voice
from facewire.speaking.voices import holding
from facewire.wire.binary import encode_samples
from facewire_agents.own_voice import load_own_voice

SILENCE_MS = 20


class FacewireTTS(tts.TTS):
    """Speaks with a voice that `facewire voices` lists, and tells the times of its words."""

    def __init__(
        self, voice: str = "", *, language: str = "en-us", rate: int = 175, pitch: int = 50
    ) -> None:
        """Load the voice, and log which one it is.

        Args:
            voice: its name, as `--voice` takes it; by default, the one that `say` speaks with.
            language: such as "en-us".
            rate: words a minute.
            pitch: 0 to 100.

        Raises:
            ConfigError: there is no such voice or language, or its library is not installed.
        """
        self.voice: Voice = load_own_voice(voice, language=language, rate=rate, pitch=pitch)
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True, aligned_transcript=True),
            sample_rate=self.voice.sample_rate,
            num_channels=1,
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Begin to speak a text."""
        return _Synthesis(tts=self, input_text=text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        """Begin to speak a text that comes bit by bit."""
        return _SentenceStream(tts=self, conn_options=conn_options)

    async def aclose(self) -> None:
        """Let go of what the voice holds."""
        with holding(self.voice):
            pass


class _Synthesis(tts.ChunkedStream):
    """One text, spoken piece by piece."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        rate = self._tts.voice.sample_rate
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=rate, num_channels=1, mime_type="audio/pcm"
        )
        await _speak(self._tts.voice, self._input_text, 0, output_emitter)
        output_emitter.flush()


class _SentenceStream(tts.SynthesizeStream):
    """A text that comes bit by bit, spoken sentence by sentence on one clock."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice: Voice = self._tts.voice
        output_emitter.initialize(
            request_id=shortuuid(), sample_rate=voice.sample_rate, num_channels=1,
            mime_type="audio/pcm", stream=True,
        )  # fmt: skip
        output_emitter.start_segment(segment_id=shortuuid())
        sentences = tokenize.blingfire.SentenceTokenizer(retain_format=True).stream()
        splitting = asyncio.create_task(self._split(sentences), name="split into sentences")
        said = 0
        try:
            async for sentence in sentences:
                if sentence.token.strip():
                    self._mark_started()
                    said = await _speak(voice, sentence.token, said, output_emitter)
                    output_emitter.flush()
        finally:
            await aio.cancel_and_wait(splitting)
            await sentences.aclose()
        if not said:
            # LiveKit takes a text without any sound for a failure.
            output_emitter.push(bytes(2 * voice.sample_rate * SILENCE_MS // 1000))

    async def _split(self, sentences: tokenize.SentenceStream) -> None:
        async for text in self._input_ch:
            if isinstance(text, str):
                sentences.push_text(text)
            else:
                sentences.flush()
        sentences.end_input()


async def _speak(voice: Voice, text: str, said: int, emitter: tts.AudioEmitter) -> int:
    """Speak a text behind so many samples, and return how many there are then."""
    begin, told, rate = said, False, voice.sample_rate
    pieces = voice.speak(text)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        if words := _words(piece, said, rate):
            emitter.push_timed_transcript(words)
            told = True
        emitter.push(encode_samples(piece.samples, Encoding.S16LE))
        said += len(piece.samples)
    if not told:
        # LiveKit makes its transcript of what is told.
        emitter.push_timed_transcript(TimedString(text, begin / rate, said / rate))
    return said


def _words(piece: Speech, said: int, rate: int) -> list[TimedString]:
    return [
        TimedString(f"{word.label} ", (said + word.start) / rate, (said + word.end) / rate)
        for word in piece.words
    ]
