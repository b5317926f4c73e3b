"""What a voice is: text in, and speech with its tokens and times out, before anybody hears it.

Any TTS that knows the times of its phones, visemes or words can be one: `speak` is all it has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from facewire.clock import Clock
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.tokens import TokenChunk, TokenSpace

FaceSource = Literal["phones", "latents"]
"""What of a voice its face is made from."""


@dataclass(frozen=True, slots=True)
class Span:
    """A word or a phone, and when it is spoken."""

    label: str
    start: int
    """Its first sample."""
    end: int
    """The first sample after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A piece of speech, usually a clause, on a clock of its own that begins at 0.

    The tokens of some audio may come in an earlier piece than the audio, and then its face can be
    ready first; never in a later one. All pieces of a text together have as many samples as their
    tokens cover.
    """

    samples: Samples
    """[N], in [-1, 1]."""
    tokens: NDArray[np.int32] | NDArray[np.float32]
    """Ids [T] in the voice's space, or latents [T, C]."""
    words: tuple[Span, ...] = ()
    phones: tuple[Span, ...] = ()


class Voice(Protocol):
    """Speaks. Used by one thread at a time."""

    @property
    def sample_rate(self) -> int:
        """The rate of its audio, in Hz."""
        ...

    @property
    def space(self) -> TokenSpace:
        """What its tokens mean."""
        ...

    @property
    def silence(self) -> int:
        """The token that means silence."""
        ...

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of a text piece by piece, each as soon as it is made.

        Text in which there is nothing to be spoken gives nothing.
        """
        ...


@runtime_checkable
class CancellableVoice(Voice, Protocol):
    """A voice that takes its time, and can be told to stop."""

    def cancel(self) -> None:
        """End the iterator that `speak` gave last: whoever waits in it goes on soon.

        It may come from another thread and at any time, also when nothing is being made, and
        twice; then it does nothing. The next `speak` works. A voice without it is asked for one
        piece more than anybody hears, and its iterator is closed.
        """
        ...


@runtime_checkable
class SentenceVoice(Voice, Protocol):
    """A voice with the melody of whole sentences."""

    @property
    def whole_sentences(self) -> bool:
        """Whether it is given as much of a sentence as is there; otherwise, clause by clause.

        It should be so quick that its first sound comes hardly later then.
        """
        ...


@runtime_checkable
class SelectiveVoice(Voice, Protocol):
    """A voice that leaves out words, such as those in a script that it cannot read."""

    @property
    def left_out(self) -> Sequence[str]:
        """The first few words that it could not say, each once."""
        ...


@runtime_checkable
class LatentVoice(Voice, Protocol):
    """A voice whose own latents can drive a face, besides the phones that it says."""

    def with_latents(self) -> Voice:
        """Return it with its latents as tokens, and a `decoder` of these.

        Raises:
            ConfigError: those that are installed are others than the face was trained on.
            EngineError: what makes faces of them is missing or damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """What the function of an entry point in `facewire.voices` gets, to load a voice."""

    argument: str = ""
    """What the user wrote after `NAME:`, such as a file."""
    language: str = "en-us"
    """A code such as `de` or `fr-fr`."""
    rate: int = 175
    """Words a minute."""
    pitch: int = 50
    """0 to 100."""


@runtime_checkable
class CheckableLoader(Protocol):
    """Such a function that can say more cheaply whether its voice could be loaded."""

    def check(self, request: VoiceRequest) -> object:
        """See whether a voice is there, without starting or reaching anything.

        Raises:
            ConfigError: it is not.
        """
        ...


@dataclass(frozen=True, slots=True)
class VoiceDescription:
    """What somebody who chooses a voice wants to know."""

    speaks: str
    """Languages, in a few words."""
    sounds: str
    """What it sounds like, and whose model it is."""
    licence: str
    get: str
    """A command that installs it, or where it is said how."""
    needs: str = ""
    """What has to be written after its name, such as `MODEL.onnx`."""
    own_voices: tuple[tuple[str, str], ...] = ()
    """What may be written after its name and a colon, and in a few words what that is."""


@runtime_checkable
class DescribedLoader(Protocol):
    """Such a function that says more of its voice than its name."""

    def describe(self) -> VoiceDescription:
        """Describe the voice, whether it is installed or not."""
        ...


class TokenSession(Protocol):
    """All that is remembered about one stream of tokens. Used by one thread at a time."""

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream; its look-ahead is into the tokens."""
        ...

    def push(self, chunk: TokenChunk) -> list[BlendshapeFrame]:
        """Take the next tokens and return the frames that they complete."""
        ...

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed; none if it ended."""
        ...

    def close(self) -> None:
        """End the stream without its last frames, as `EngineSession.close` does."""
        ...


class TokenDecoder(Protocol):
    """The part of a loaded model that turns tokens into faces. Immutable, and shared."""

    @property
    def space(self) -> TokenSpace:
        """What tokens it takes."""
        ...

    def session(
        self, *, frame_rate: Fraction, lookahead_ms: float, clock: Clock | None = None
    ) -> TokenSession:
        """Open a stream.

        Raises:
            ConfigError: the model cannot do this frame rate or look-ahead.
        """
        ...


@runtime_checkable
class TokenEngine(Protocol):
    """An engine that tokens can drive, too."""

    def token_decoder(self) -> TokenDecoder:
        """Return the part of it that takes tokens."""
        ...
