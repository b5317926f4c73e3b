"""Facewire's own voices, as its entry points name them."""

import logging
from pathlib import Path

from facewire.errors import ConfigError
from facewire.optional_dependency import install_command
from facewire.speaking.voice import Voice, VoiceDescription, VoiceRequest
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.hibari_reader import VERSION, installed_version
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings, read_settings
from facewire_engines.voices.cosyvoice.voice import CosyVoice
from facewire_engines.voices.espeak.voice import EspeakVoice
from facewire_engines.voices.heard import HeardVoice
from facewire_engines.voices.hibari.package import (
    import_hibari,
    load_hibari,
    other_version,
    own_voices,
)
from facewire_engines.voices.hibari.voice import HibariSound, HibariVoice, speaks, speed_of
from facewire_engines.voices.kokoro.voice import LANGUAGES, KokoroSettings, kokoro_voice
from facewire_engines.voices.kokoro.voice import read_settings as read_kokoro_settings
from facewire_engines.voices.piper.voice import PiperSettings, piper_voice
from facewire_engines.voices.piper.voice import read_settings as read_piper_settings

logger = logging.getLogger(__name__)


class LoadEspeak:
    """Loads the embedded voice, which any client may ask for; the argument is a variant of it."""

    def __call__(self, request: VoiceRequest) -> Voice:
        """Load it.

        Raises:
            ConfigError: its library is not installed, or lacks the voice or the language.
        """
        return EspeakVoice(request.language, request.argument, request.rate, request.pitch)

    def check(self, request: VoiceRequest) -> None:
        """See whether it is there.

        Raises:
            ConfigError: as when it is loaded.
        """
        self(request)

    def describe(self) -> VoiceDescription:
        """Describe it."""
        return VoiceDescription(
            "140 languages and accents", "a robot", "GPL-3.0", install_command("tts")
        )


class HeardHibari(HeardVoice):
    """Hibari of another version, of which nothing but its sound is known here."""

    def with_latents(self) -> Voice:
        """Refuse.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            f"faces are made from the latents of hibari-tts {VERSION} only, and what is installed "
            f"({installed_version()}) has others; pip install hibari-tts=={VERSION}, or choose the "
            "face phones"
        )


class LoadHibari:
    """Loads the natural voice, which any client may ask for; the argument is one of its voices."""

    def __call__(self, request: VoiceRequest) -> Voice:
        """Load it.

        Raises:
            ConfigError: it is not installed, or lacks the voice or the language; or a number is out
                of range.
        """
        self.check(request)
        hibari = load_hibari(request.argument)
        if hibari.timed:
            return HibariVoice(hibari, request.rate, request.pitch)
        logger.warning("%s", other_version())
        return HeardHibari(HibariSound(hibari, request.rate), load_embedded())

    def check(self, request: VoiceRequest) -> None:
        """See whether it is there, and speaks the language.

        Raises:
            ConfigError: it is not, or does not.
        """
        if not speaks(request.language):
            raise ConfigError(
                f"the voice hibari speaks American English only, not {request.language!r}; "
                "choose --voice espeak, or leave --voice out"
            )
        import_hibari()

    def describe(self) -> VoiceDescription:
        """Describe it."""
        return VoiceDescription(
            "American English", "a woman, natural", "Apache-2.0", install_command("voice"),
            own_voices=own_voices(),
        )  # fmt: skip


class LoadCosyVoice:
    """Loads CosyVoice2 or 3 as a file describes it; without a decoder there, it is listened to."""

    def __call__(self, request: VoiceRequest) -> Voice:
        """Load it, and start or reach its worker.

        Raises:
            ConfigError: there is no such file, or its worker cannot be reached or started.
            EngineError: its worker or its decoder does not fit.
        """
        settings = self.check(request)
        if settings.decoder:
            return CosyVoice(settings)
        return HeardVoice(CosyVoice(settings, sample_rate=SAMPLE_RATE), load_embedded())

    def check(self, request: VoiceRequest) -> CosyVoiceSettings:
        """Read the file, without starting or reaching anything.

        Raises:
            ConfigError: it is missing, or not as it should be.
        """
        if not request.argument:
            raise ConfigError("the voice cosyvoice needs a file: write cosyvoice:FILE.toml")
        return read_settings(Path(request.argument))

    def describe(self) -> VoiceDescription:
        """Describe it."""
        return VoiceDescription(
            "many, as its model", "whoever is in a recording", "Apache-2.0",
            "with CosyVoice and a file that names it", needs="FILE.toml",
        )  # fmt: skip


class LoadPiper:
    """Loads a voice of Piper's from the user's files; one without times is listened to."""

    def __call__(self, request: VoiceRequest) -> Voice:
        """Load it, and start Piper.

        Raises:
            ConfigError: a file is missing, Piper cannot be started, or the rate is out of range.
        """
        settings = self.check(request)
        speed_of(request.rate)
        voice = piper_voice(settings, request.rate)
        return voice if voice.timed else HeardVoice(voice, load_embedded())

    def check(self, request: VoiceRequest) -> PiperSettings:
        """See whether its files are there, without starting anything.

        Raises:
            ConfigError: they are not.
        """
        if not request.argument:
            raise ConfigError(
                "the voice piper needs a model: write piper:MODEL.onnx or piper:FILE.toml"
            )
        return read_piper_settings(request.argument)

    def describe(self) -> VoiceDescription:
        """Describe it."""
        return VoiceDescription(
            "as its model", "as its model", "GPL-3.0",
            'with a model of yours, and pip install "piper-tts[alignment]"', needs="MODEL.onnx",
        )  # fmt: skip


class LoadKokoro:
    """Loads a voice of Kokoro's from the user's files."""

    def __call__(self, request: VoiceRequest) -> Voice:
        """Load it, and start Kokoro.

        Raises:
            ConfigError: a file is missing, Kokoro cannot be started, or the rate is out of range.
        """
        settings = self.check(request)
        speed_of(request.rate)
        return kokoro_voice(settings, request.rate)

    def check(self, request: VoiceRequest) -> KokoroSettings:
        """See whether its files are there, without starting anything.

        Raises:
            ConfigError: they are not.
        """
        if not request.argument:
            raise ConfigError(
                "the voice kokoro needs a file: write kokoro:FOLDER/voices/af_heart.pt or "
                "kokoro:FILE.toml"
            )
        return read_kokoro_settings(request.argument)

    def describe(self) -> VoiceDescription:
        """Describe it."""
        return VoiceDescription(
            f"{len(LANGUAGES)} languages and accents", "as its voice", "GPL-3.0",
            "with a model of yours, and pip install kokoro", needs="VOICE.pt",
        )  # fmt: skip


load_espeak = LoadEspeak()
load_kokoro = LoadKokoro()
load_piper = LoadPiper()
load_hibari_voice = LoadHibari()
load_cosyvoice = LoadCosyVoice()
