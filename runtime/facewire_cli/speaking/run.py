"""What one `facewire say` does: opens everything, speaks, and says how early the faces were."""

import asyncio
import sys
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import AsyncExitStack
from functools import partial

from rich.console import Console

from facewire.clock import MILLISECOND, Clock
from facewire.errors import ConfigError
from facewire.server.server import Broadcaster
from facewire.settings.open_from_settings import open_face
from facewire.settings.settings import Settings
from facewire.sinks.uri import sink_of
from facewire.sinks.wav import WavRecorder
from facewire.sinks.websocket import WebSocketSink
from facewire.sinks.word_times import WordTimesPrinter, WordTimesRecorder
from facewire.sources.standard_input import standard_input
from facewire.speaking.models import SpeechModels
from facewire.speaking.voice import Span, Voice
from facewire.stream.channel import Channel
from facewire.stream.engine import Engine
from facewire.stream.outputs import deliver_stream
from facewire.stream.report import StreamReport
from facewire.stream.sink import AudioListener
from facewire.stream.sink_queue import SinkQueue
from facewire.stream.threads import ServerThreads
from facewire_cli.loading import load_from_settings
from facewire_cli.page_server import print_address, serve_page
from facewire_cli.speaking.local_speech import LocalSpeech
from facewire_cli.speaking.outputs import Outputs
from facewire_cli.speaking.speaker import Speaker
from facewire_cli.speaking.speech_progress import SpeechProgress
from facewire_cli.speaking.typed_text import PAUSE_S, clauses_from, whole_clause
from facewire_cli.summary import print_outputs

WORDS_CAPACITY = 4_096
"""Clauses whose words wait for a file."""
WORDS_PATIENCE_S = 5.0
LONG_WORDS = 60
"""A text that is heard while it is made shows how far it is from so many words on."""


class Speaking:
    """One run of the command."""

    def __init__(
        self,
        settings: Settings,
        outputs: Outputs,
        voice: Voice,
        clock: Clock,
        *,
        lead_ms: float,
        page: bool | None,
        mute: bool,
        quiet: bool = False,
    ) -> None:
        self.report = StreamReport()
        any_output = outputs.faces or outputs.wav or outputs.words
        self.page = not any_output if page is None else page
        """Whether the viewer page is served; by default where there is no other output."""
        self.live = self.page or outputs.live or not any_output
        """Whether the speech keeps time."""
        self.heard = self.live and not mute and not quiet
        """Whether it is to be played here."""
        self.prints_words = mute and not outputs.words
        self._settings = settings
        self._outputs = outputs
        self._voice = voice
        self._clock = clock
        self._lead_s = lead_ms / 1000 if self.live else None
        self._mute = mute
        self.has_read = False
        """Whether any text came from standard input."""
        self._words: list[SinkQueue[Sequence[Span]]] = []
        self._progress = SpeechProgress(0)
        self._speech: LocalSpeech | None = None

    async def run(self, text: str) -> None:
        """Speak a text, or standard input if it is `-`, until it ends.

        Raises:
            ConfigError: something cannot be opened, or the engine takes no tokens.
        """
        settings, clock = self._settings, self._clock
        engine = await asyncio.to_thread(load_from_settings, settings)
        frame_rate = settings.stream.exact_frame_rate()
        models = SpeechModels(engine, self._voice, clock, frame_rate=frame_rate)
        # Files of the same text are the same; who is watched moves in a way of their own.
        repeated = None if self.live else settings.face.fixed_seed or 0
        face = open_face(models.spec, settings, seed=repeated)
        overwrite = self._outputs.overwrite
        sinks = [sink_of(output, clock, overwrite=overwrite) for output in self._outputs.faces]
        async with AsyncExitStack() as stack:
            threads = ServerThreads(engine, 1)
            stack.callback(threads.close)
            listeners = await self._open_sound(stack)
            await self._open_words(stack)
            clauses = self._clauses(text)
            if self.page:
                broadcaster = await self._open_page(stack, engine)
                clauses = self._once_watched(broadcaster, clauses)
                viewers = WebSocketSink(broadcaster)
                sinks.append(viewers)
                listeners += [] if self._mute else [viewers]
            speaker = await self._open_speaker(stack) if self.heard else None
            self._progress = self._open_progress(stack, text)
            self._speech = speech = LocalSpeech(
                models, face, clock, threads, lead_s=self._lead_s, speaker=speaker,
                on_words=self._on_words, on_progress=self._progress.hear,
            )  # fmt: skip
            await deliver_stream(
                partial(speech.run, clauses), models.spec, sinks,
                engine_name=engine.name, clock=clock, listeners=listeners, others=self._words,
                live=self.live, report=self.report,
            )  # fmt: skip

    def print_summary(self, console: Console) -> None:
        """Print how much was spoken, how soon, and where it keeps time how early the faces were."""
        report, speech = self.report, self._speech
        if speech is None or not speech.first:
            return
        turns = f"{speech.turns} turns" if speech.turns > 1 else "1 turn"
        console.print(
            f"{report.frames} faces of {report.audio_s:.2f} s in {turns}; "
            f"real-time factor {report.real_time_factor:.4f}",
            soft_wrap=True,
        )
        numbers = f"first_frame_ms {(speech.first - speech.asked) / MILLISECOND:.1f}"
        lead = speech.leads.found()
        if self.live and lead is not None:
            numbers += f"  face_lead_ms {lead.least:.1f} at least, {lead.median:.1f} median"
        console.print(numbers, soft_wrap=True)
        print_outputs(console, report)

    async def _open_sound(self, stack: AsyncExitStack) -> list[AudioListener]:
        """Open sound files, before anything is said."""
        recorders: list[AudioListener] = []
        for path in self._outputs.wav:
            recorder = WavRecorder(
                path, self._voice.sample_rate, self._clock, overwrite=self._outputs.overwrite
            )
            stack.push_async_callback(recorder.aclose)
            await recorder.open()
            recorders.append(recorder)
        return recorders

    async def _open_speaker(self, stack: AsyncExitStack) -> Speaker | None:
        """Open the default sound device; without one, say so and go on."""
        try:
            speaker = Speaker(self._clock, self._voice.sample_rate)
            return await stack.enter_async_context(speaker)
        except ConfigError as error:
            Console(stderr=True).print(
                f"nothing is played on this machine: {error}",
                soft_wrap=True, highlight=False, markup=False,
            )  # fmt: skip
            return None

    async def _open_words(self, stack: AsyncExitStack) -> None:
        """Open word lists, before anything is said."""
        rate = self._voice.sample_rate
        if self.prints_words:
            printer = WordTimesPrinter(sys.stdout, rate)
            self._words.append(
                SinkQueue(
                    printer.name, printer.send_words, Channel(WORDS_CAPACITY),
                    lossless=True, patience_s=WORDS_PATIENCE_S,
                )
            )  # fmt: skip
        for path in self._outputs.words:
            recorder = WordTimesRecorder(path, rate, self._clock, overwrite=self._outputs.overwrite)
            stack.push_async_callback(recorder.aclose)
            await recorder.open()
            self._words.append(
                SinkQueue(
                    recorder.name, recorder.send_words, Channel(WORDS_CAPACITY),
                    close=recorder.aclose, lossless=True, patience_s=WORDS_PATIENCE_S,
                    recording=recorder.recording,
                )
            )  # fmt: skip

    async def _open_page(self, stack: AsyncExitStack, engine: Engine) -> Broadcaster:
        broadcaster = Broadcaster(clock=self._clock)
        # What a voice says is no microphone's sound.
        server = serve_page(
            engine, self._settings, self._clock, broadcaster, command="say", open_sound=True
        )
        await stack.enter_async_context(server)
        waits = "" if self._outputs.live else " (it speaks when you open the page)"
        print_address(Console(stderr=True), server, "the face is at {}" + waits)
        return broadcaster

    async def _clauses(self, text: str) -> AsyncIterator[str]:
        if text != "-":
            yield whole_clause(text, _warn)
            return
        # Without a listener, how long somebody thought about a word shall not change the files.
        pause_s = PAUSE_S if self.live else None
        async for clause in clauses_from(standard_input().fileno(), pause_s, on_problem=_warn):
            self.has_read = True
            yield clause

    def _open_progress(self, stack: AsyncExitStack, text: str) -> SpeechProgress:
        """Return what says how much of a long text has been said."""
        total = 0 if text == "-" else len(text.split())
        progress = SpeechProgress(total)
        if not self.prints_words and not (self.live and total < LONG_WORDS):
            stack.enter_context(progress.shown(Console(stderr=True), self._clock))
        return progress

    async def _once_watched(
        self, broadcaster: Broadcaster, clauses: AsyncIterable[str]
    ) -> AsyncIterator[str]:
        """Keep the first clause until somebody opens the page, where nobody else watches."""
        if not self._outputs.live:
            await broadcaster.watched()
        async for clause in clauses:
            yield clause

    def _on_words(self, words: Sequence[Span]) -> None:
        self._progress.say(words)
        for queue in self._words:
            queue.put_nowait(words)


def _warn(problem: str) -> None:
    Console(stderr=True).print(f"warning: {problem}", soft_wrap=True, highlight=False, markup=False)
