"""A conversation of one turn on this machine: a text in, faces, sound and words to its outputs."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from facewire.clock import SECOND, Clock
from facewire.errors import FacewireError
from facewire.face import FaceStage
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.settings.limits import Limits
from facewire.speaking.answers import Problem, TurnEnd
from facewire.speaking.conversation import Conversation
from facewire.speaking.frame_intervals import FrameInterval
from facewire.speaking.models import SpeechModels
from facewire.speaking.playout import HEAD_START_S, Pacing
from facewire.speaking.turn import FaceLeads
from facewire.speaking.voice import Span
from facewire.stream.channel import Channel
from facewire.stream.outputs import StreamOutputs
from facewire.stream.threads import ServerThreads
from facewire_cli.speaking.speaker import Speaker

OFFLINE = Pacing(lead_s=10, idles=False, begins=False, pausing_s=-1)
"""Nobody waits, so how a text came in shall not change what is made of it."""
PAUSING_S = 0.15
"""What is needed to end what was said before it is shown."""

_TURN = 1
_NO_LIMITS = Limits(turn_silence_s=1e9)
"""Who writes on this machine may think as long as they like."""
_SOUND_CAPACITY = 1_024
"""Frame intervals whose sound waits to be played: more than the longest lead has."""
_TOGETHER = 16
"""Frame intervals whose sound is taken at once where nobody listens."""
_CHUNK = 160
"""Samples that are played at a time where somebody listens."""


class LocalSpeech:
    """Speaks one text, bit by bit as it comes, and counts how it went.

    In a live stream a chunk of audio comes when it is to be played, and the stream goes on while
    there is nothing to say; otherwise everything comes as fast as it is taken. It begins with the
    first speech, and faces come before any sound. Speech that follows silence begins a new turn.
    """

    def __init__(
        self,
        models: SpeechModels,
        face: FaceStage,
        clock: Clock,
        threads: ServerThreads,
        *,
        lead_s: float | None,
        speaker: Speaker | None = None,
        on_words: Callable[[Sequence[Span]], None] = lambda words: None,
        on_progress: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Get ready.

        Args:
            models: make the speech and the faces.
            face: makes the faces fit the character; it is nobody else's.
            clock: when a live stream plays what.
            threads: do the work.
            lead_s: how long before its sound a face leaves; None if nobody watches or listens.
            speaker: plays the sound of a live stream, if it is to be heard.
            on_words: is called with words, on the stream's clock, once they have been said: who
                breaks off shall not read of words that have no sound.
            on_progress: is called with how many seconds have been spoken.
        """
        self.turns = 0
        """How many there have been."""
        self.asked = 0
        """When the first text came, in ns; 0 before."""
        self.first = 0
        """When the first face left, in ns; 0 before."""
        self.leads = FaceLeads()
        """How long before their sound the faces of speech left."""
        self._live = lead_s is not None
        self._speaker = speaker
        self._lead_ns = 0
        self._held = False
        """Whether faces wait that are there only because their sound has to be."""
        self._clock = clock
        self._spec = models.spec
        pacing = OFFLINE
        if lead_s is not None:
            ahead_s = speaker.ahead_s if speaker else HEAD_START_S
            pacing = Pacing(
                max(lead_s, ahead_s), begins=False, pausing_s=PAUSING_S, head_start_s=ahead_s
            )
            self._lead_ns = int(max(lead_s, HEAD_START_S) * SECOND)
            self._held = ahead_s > max(lead_s, HEAD_START_S)
        self._conversation = Conversation(
            models, lambda spec: face, pacing, clock, threads=threads, limits=_NO_LIMITS
        )
        self._on_words = on_words
        self._words: deque[Span] = deque()
        """Those that have not been said."""
        self._on_progress = on_progress
        self._failure: Exception | None = None
        self._heard = 0
        """First sample of which no sound has come."""
        self._sound: list[Samples] = []
        """What has come, and was not handed on."""

    async def run(self, clauses: AsyncIterable[str], outputs: StreamOutputs) -> None:
        """Speak until the text ends, or no output is left.

        Args:
            clauses: what to say; each is spoken as a whole, as soon as it is there.
            outputs: get faces and sound.

        Raises:
            Exception: whatever the voice, the engine or the text raised, once all is shown that
                was made.
        """
        sound = Channel[AudioChunk](_SOUND_CAPACITY)
        faces = Channel[FrameInterval](_SOUND_CAPACITY)
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(self._read(clauses), name="read text")]
                for name, work in self._conversation.tasks().items():
                    helpers.append(tasks.create_task(work, name=name))
                if self._live:
                    tasks.create_task(self._play_sound(sound, outputs), name="sound")
                    tasks.create_task(self._show_faces(faces, outputs), name="faces")
                await self._play(sound, faces, outputs)
                sound.close()
                faces.close()
                for helper in helpers:
                    helper.cancel()
            if self._speaker is not None:
                await self._speaker.finish()
            # A voice may say that its last word ends after its sound.
            self._on_words([word for word in self._words if word.start < self._heard])
        finally:
            self._conversation.close()
            outputs.report.busy_ns += self._conversation.busy_ns
        if self._failure is not None:
            raise self._failure

    async def _read(self, clauses: AsyncIterable[str]) -> None:
        try:
            async for clause in clauses:
                self.asked = self.asked or self._clock.now()
                await self._conversation.say_clause(_TURN, clause)
        except Exception as error:
            self._failure = error
        self._conversation.end()

    async def _play(
        self, sound: Channel[AudioChunk], faces: Channel[FrameInterval], outputs: StreamOutputs
    ) -> None:
        """Take what the conversation gives until its turn is over."""
        async with aclosing(self._conversation.play(lambda shown: shown)) as played:
            async for item in played:
                if isinstance(item, FrameInterval):
                    if self._held:
                        await faces.send(item)
                    else:
                        await outputs.show(self._shown(item))
                    self._words.extend(item.words)
                    self._hear(item)
                    if self._live or len(self._sound) >= _TOGETHER:
                        await self._give(sound, outputs)
                elif isinstance(item, Problem):
                    self._failure = self._failure or item.error or FacewireError(item.message)
                if isinstance(item, TurnEnd) or outputs.none_left:
                    break
        await self._give(sound, outputs)

    async def _show_faces(self, faces: Channel[FrameInterval], outputs: StreamOutputs) -> None:
        """Let faces leave later than their sound goes to the device."""
        async for interval in faces:
            due = self._conversation.due(interval.frame.timestamp)
            await self._clock.sleep_until(due - self._lead_ns)
            await outputs.show(self._shown(interval))

    def _shown(self, interval: FrameInterval) -> BlendshapeFrame:
        """Return the frame as it leaves now; silence belongs to the turn before it."""
        now = self._clock.now()
        frame = interval.frame
        self.first = self.first or now
        self.turns += interval.begins
        if not self._live or interval.turn is None:
            return replace(frame, turn=self.turns - 1)
        self.leads.add(self._conversation.due(frame.timestamp) - now)
        return replace(frame, turn=self.turns - 1, stamps=replace(frame.stamps, faced=now))

    def _hear(self, interval: FrameInterval) -> None:
        """Add what is heard of an interval, and silence before it where nothing was."""
        start = interval.frame.timestamp
        while self._heard < start:
            self._add(_silence(min(start - self._heard, self._spec.sample_rate)))
        if interval.turn is not None:
            self._add(interval.audio)
        else:
            self._add(_silence(self._spec.timestamp(interval.frame.index + 1) - start))

    def _add(self, samples: Samples) -> None:
        self._sound.append(samples)
        self._heard += len(samples)

    async def _give(self, sound: Channel[AudioChunk], outputs: StreamOutputs) -> None:
        """Hand the sound on; where nobody listens it is taken at once, and so counts as heard."""
        if not self._sound:
            return
        samples = np.concatenate(self._sound)
        self._sound.clear()
        chunk = AudioChunk(samples, self._heard - len(samples), self._spec.sample_rate)
        if self._live:
            if self._speaker is not None:
                self._speaker.play(chunk, self._conversation.due(0))
            await sound.send(chunk)
            return
        await outputs.hear(chunk)
        self._tell_words(chunk.end)
        self._conversation.set_playout(self._heard, self._clock.now())
        self._on_progress(self._heard / self._spec.sample_rate)

    async def _play_sound(self, sound: Channel[AudioChunk], outputs: StreamOutputs) -> None:
        """Let sound be heard when it is to be played."""
        async for chunk in sound:
            for first in range(0, len(chunk.samples), _CHUNK):
                samples = chunk.samples[first : first + _CHUNK]
                part = AudioChunk(samples, chunk.start + first, chunk.sample_rate)
                await self._clock.sleep_until(self._conversation.due(part.start))
                await outputs.hear(part)
                self._tell_words(part.end)
                self._on_progress(part.end / self._spec.sample_rate)

    def _tell_words(self, heard: int) -> None:
        """Tell which words have been said before this sample."""
        while self._words and self._words[0].end <= heard:
            self._on_words((self._words.popleft(),))


def _silence(count: int) -> Samples:
    return np.zeros(count, np.float32)
