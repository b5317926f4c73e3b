"""CosyVoice2 and CosyVoice3 as voices: they run in a worker, which hands out their tokens."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Self

from facewire.errors import ConfigError, EngineError
from facewire.speaking.text.clauses import clean
from facewire.speaking.voice import Speech
from facewire.tokens import TokenSpace
from facewire_engines.backends.choice import graph_loader, parse_backend
from facewire_engines.cosyvoice.decoder import SAMPLE_RATE, CosyVoiceDecoder, load_decoder
from facewire_engines.voices.cosyvoice.child import Child
from facewire_engines.voices.cosyvoice.intake import TurnIntake
from facewire_engines.voices.cosyvoice.link import Woken, WorkerLink, WorkerLost
from facewire_engines.voices.cosyvoice.messages import LARGEST_PROMPT, Failure, Hello, Piece
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings, split_address
from facewire_engines.workers.source import TOKEN

TOKEN_RATE = Fraction(25)


class CosyVoice:
    """Speaks through a worker. Used by one thread at a time, save for `cancel`.

    A worker that fails or is gone is connected to, or started, again with the next turn.
    """

    def __init__(self, settings: CosyVoiceSettings, *, sample_rate: int = SAMPLE_RATE) -> None:
        """Connect to the worker, or start it.

        Args:
            settings: where it is, and who speaks.
            sample_rate: Hz of the audio that is wanted; another than the worker's is resampled.

        Raises:
            ConfigError: no worker answers, or it cannot be started; or the decoder is one for
                other tokens.
            EngineError: what answers is no worker of this version; the decoder is damaged.
        """
        self.sample_rate = sample_rate
        self._settings = settings
        self._child: Child | None = None
        self._link: WorkerLink | None = None
        self._turns = 0
        self._prompt: bytes | None = None
        """The recording that the worker has."""
        hello = self._connected().hello
        self.space = _space(hello)
        self.silence = hello.silence
        self.decoder: CosyVoiceDecoder | None = None
        """What turns its tokens into faces, if one was named."""
        if settings.decoder:
            try:
                self.decoder = self._load_decoder(Path(settings.decoder))
            except BaseException:
                self.close()
                raise

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of a text, its tokens as they come and its audio as it comes.

        Closing the iterator ends the turn.

        Raises:
            ConfigError: the worker is gone and does not come back.
            EngineError: it ended, stalls, failed, or sent what does not add up.
        """
        with self.turn(text) as turn:
            yield from turn

    def turn(self, text: str | None = None) -> "CosyVoiceTurn":
        """Begin a turn.

        Args:
            text: what to say; None if it will come in pieces, by `say` and `end` of the turn.

        Raises:
            ConfigError: the worker is gone and does not come back, or the prompt cannot be read.
            EngineError: it ended just now.
        """
        request = {
            name: getattr(self._settings, name)
            for name in ("mode", "prompt_text", "instruct", "speaker")
        }
        self._turns += 1
        link = self._connected()
        hello = link.hello
        if _space(hello) != self.space:
            self._disconnect()
            raise ConfigError(f"the worker speaks {hello.space!r} now; load the voice again")
        request |= {"turn": self._turns, "text": None if text is None else _plain(text)}
        intake = TurnIntake(self.space, hello.sample_rate, self.sample_rate)
        turn = CosyVoiceTurn(link, self._turns, intake, self._forget, complete=text is not None)
        try:
            self._send_prompt(link)
            link.send(kind="speak", **request)
        except EngineError as error:
            self._forget(error)
            raise
        return turn

    def cancel(self) -> None:
        """End the turn that is spoken, from any thread; the next one works."""
        link = self._link
        if link is not None:
            # It may be closed at this very moment, at which its turn is over anyway.
            with suppress(OSError):
                link.wake()

    def close(self) -> None:
        """Let go of the worker, and end it if it was started here."""
        self._disconnect()
        if self._child is not None:
            self._child.close()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load_decoder(self, folder: Path) -> CosyVoiceDecoder:
        load = graph_loader(parse_backend(self._settings.backend))
        decoder = load_decoder(folder, self.sample_rate, load)
        if decoder.space != self.space:
            raise ConfigError(
                f"the decoder in {folder} is for tokens of {decoder.space.name!r}, but this "
                f"voice speaks {self.space.name!r}"
            )
        return decoder

    def _send_prompt(self, link: WorkerLink) -> None:
        """Send the recording of who shall speak, where the worker does not have it as it is now."""
        if not self._settings.prompt_wav:
            return
        prompt = _read_prompt(Path(self._settings.prompt_wav))
        if prompt != self._prompt:
            link.send(prompt, kind="prompt")
            self._prompt = prompt

    def _connected(self) -> WorkerLink:
        if self._link is not None:
            self._link.sleep()
            return self._link
        try:
            if self._settings.address:
                host, port = split_address(self._settings.address)
                token = self._settings.token or os.environ.get(TOKEN, "")
            else:
                child = self._started()
                host, port = child.address()
                token = child.token
            self._link = WorkerLink(host, port, self._settings.stall_s, token)
            self._prompt = None
        except BaseException:
            self.close()
            raise
        return self._link

    def _started(self) -> Child:
        if self._child is not None and not self._child.running:
            self._child.close()
            self._child = None
        if self._child is None:
            self._child = Child(self._settings)
        return self._child

    def _forget(self, error: EngineError) -> None:
        """Connect anew for the next turn; a worker of our own that is lost is started anew."""
        if isinstance(error, WorkerLost):
            self.close()
        else:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


class CosyVoiceTurn:
    """One turn; iterate it for its speech. `say` and `end` may come from another thread."""

    def __init__(
        self,
        link: WorkerLink,
        number: int,
        intake: TurnIntake,
        forget: Callable[[EngineError], None],
        *,
        complete: bool,
    ) -> None:
        self._link = link
        self._number = number
        self._intake = intake
        self._forget = forget
        self._complete = complete
        """Whether all text is there, so that the worker has to answer."""
        self._over = False

    @property
    def ahead(self) -> int:
        """How many tokens are here whose audio is not."""
        return len(self._intake.ahead)

    def say(self, piece: str) -> None:
        """Add text. No clause has to be complete: CosyVoice waits for more by itself.

        Raises:
            EngineError: the worker is gone.
        """
        self._link.send(kind="text", turn=self._number, text=_plain(piece))

    def end(self) -> None:
        """Say that no more text comes.

        Raises:
            EngineError: the worker is gone.
        """
        self._complete = True
        self._link.send(kind="end", turn=self._number)

    def close(self) -> None:
        """Tell the worker to stop, if it has not said all."""
        if not self._over:
            self._over = True
            try:
                self._link.send(kind="cancel", turn=self._number)
            except EngineError as error:
                self._forget(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Speech]:
        """Yield the speech, its tokens as they come and its audio as it comes.

        Raises:
            EngineError: the worker ended, stalls, failed, or sent what does not add up.
        """
        while not self._over:
            try:
                speech = self._next()
            except Woken:
                self.close()
                return
            except EngineError as error:
                self._over = True
                self._forget(error)
                raise
            if speech is not None:
                yield speech

    def _next(self) -> Speech | None:
        """Take one message, and return the speech that it completes."""
        received = self._link.receive(lambda: self._complete)
        message = received.message
        if isinstance(message, Hello) or message.turn != self._number:
            return None  # left over from a turn that was cancelled
        if isinstance(message, Piece):
            self._intake.take(message, received.payload)
            return self._intake.ready()
        self._over = True
        if isinstance(message, Failure):
            raise EngineError(f"CosyVoice could not speak: {message.message}")
        return None if message.cancelled else self._intake.finish(message)


def _read_prompt(path: Path) -> bytes:
    try:
        prompt = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read prompt_wav {path} ({error.strerror}); correct it in the file of the voice"
        ) from error
    if len(prompt) > LARGEST_PROMPT:
        raise ConfigError(f"prompt_wav {path} is too large; give up to 30 s of the voice")
    return prompt


def _space(hello: Hello) -> TokenSpace:
    return TokenSpace(hello.space, TOKEN_RATE, hello.vocabulary)


def _plain(text: str) -> str:
    """Return text without what cannot be spoken, and in which nothing commands the model."""
    return clean(text).replace("<|", "< |").replace("|>", "| >")
