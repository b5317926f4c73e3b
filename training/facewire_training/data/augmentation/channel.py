"""What happens to speech on its way to us: rooms, noise, microphones, lines. Time never moves.

Every step keeps the length and the alignment of the samples, so labels stay true: direct sound
arrives at once, filters have no phase, codecs' delays are taken off.
"""

import io
from collections.abc import Sequence

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy import signal

from facewire.frames import Samples

SAMPLE_RATE = 16_000

_ENVELOPE = 40
"""Quefrencies, of 1 / 16 ms each, that tell the vocal tract and not the voice."""

_FAINT = 10 ** (-50 / 20)
"""Noise is set against the speech, or against this level where nobody speaks."""

_CODECS = (("WAV", "GSM610"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("WAV", "IMA_ADPCM"))
"""Containers and codecs of libsndfile, all of them free to use."""

_ACTIVE_FRAME = 320
_ACTIVE_RANGE = 10 ** (-30 / 20)
"""Frames of 20 ms down to this share of the loudest one are speech; the others are pauses."""


def augment(
    samples: Samples,
    rng: np.random.Generator,
    babble: Sequence[Samples] = (),
    sounds: Sequence[Samples] = (),
) -> Samples:
    """Return the samples as a random room, background, microphone and line would deliver them.

    Args:
        samples: `[T]` in [-1, 1] at 16 kHz.
        rng: where the chance comes from.
        babble: other sound, at least as long, to mix in as background voices.
        sounds: music and noises, at least as long, to mix in as they are.
    """
    heard = np.array(samples, np.float32)
    if rng.random() < 0.1:
        heard = whisper(heard, rng)
    if rng.random() < 0.35:
        heard = reverberate(heard, rng)
    if rng.random() < 0.75:
        heard = add_noise(heard, rng, babble, sounds)
    if rng.random() < 0.45:
        heard = colour(heard, rng)
    if rng.random() < 0.07:
        heard = heard + np.float32(rng.uniform(-0.02, 0.02))
    if rng.random() < 0.2:
        heard = damage(heard, rng)
    elif rng.random() < 0.06:
        heard = encode(heard, rng)
    return np.clip(heard, -1, 1)


def reverberate(samples: Samples, rng: np.random.Generator) -> Samples:
    """Add a room: the direct sound stays where it was, an exponential tail of noise follows.

    The reverberation time is 0.1 to 0.8 s and the tail 0 to 12 dB below the direct
    sound (Polack's model of late reverberation, 1988). The level stays.
    """
    length = int(rng.uniform(0.1, 0.8) * SAMPLE_RATE)
    decay = np.power(np.float32(10), np.linspace(0, -3, length, dtype=np.float32))
    response = rng.standard_normal(length, dtype=np.float32) * decay
    response[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0
    response *= 10 ** (-rng.uniform(0, 12) / 20) / (np.linalg.norm(response) + 1e-9)
    response[0] = 1
    wet = signal.fftconvolve(samples, response)[: len(samples)]
    return np.asarray(wet * (_level(samples) / (_level(wet) + 1e-9)), np.float32)


def add_noise(
    samples: Samples,
    rng: np.random.Generator,
    babble: Sequence[Samples] = (),
    sounds: Sequence[Samples] = (),
) -> Samples:
    """Add noise of any colour, or a few other voices, or music and other sounds.

    Noise is 0 to 30 dB below the speech, voices 3 to 25, sounds 0 to 20. The level of speech is
    that of its active part, without pauses; that of noise is its mean over the whole, and may rise
    or fall on the way, as when a car passes.
    """
    kind = rng.random()
    if len(babble) > 4 and kind < 0.5:
        picked = rng.choice(len(babble), size=int(rng.integers(1, 7)), replace=False)
        noise = np.zeros(len(samples), np.float32)
        for index in picked:
            voice = babble[index][: len(samples)]
            voice = voice / (_level(voice) + _FAINT) * np.float32(rng.uniform(0.5, 1))
            noise[: len(voice)] += np.roll(voice, int(rng.integers(len(voice))))
        ratio_db = rng.uniform(3, 25)
    elif len(sounds) and kind < 0.75:
        noise = np.array(sounds[int(rng.integers(len(sounds)))][: len(samples)], np.float32)
        ratio_db = rng.uniform(0, 20)
    else:
        noise = _coloured(len(samples), float(rng.uniform(0, 2)), rng)
        ratio_db = rng.uniform(0, 30)
    if rng.random() < 0.3:
        first_db, last_db = rng.uniform(-20, 0, 2)
        noise *= 10 ** (np.linspace(first_db, last_db, len(noise), dtype=np.float32) / 20)
    wanted = max(active_level(samples), _FAINT) * 10 ** (-ratio_db / 20)
    return np.asarray(samples + noise * np.float32(wanted / (_level(noise) + 1e-9)), np.float32)


def colour(samples: Samples, rng: np.random.Generator) -> Samples:
    """Hear through another microphone or line: a tilt, a resonance, perhaps a narrower band.

    The tilt is up to 4 dB an octave, the resonance up to 8 dB, the band a telephone's (300 to
    3400 Hz) or anything up to 4 to 7 kHz.
    """
    frequency = np.fft.rfftfreq(_padded(len(samples)), 1 / SAMPLE_RATE).astype(np.float32)
    octaves = np.log2(np.maximum(frequency, 60) / np.float32(1000))
    centre, width = rng.uniform(-3, 2.5), rng.uniform(0.3, 1.5)
    gain_db = rng.uniform(-4, 4) * np.clip(octaves, -2.5, 2.5)
    gain_db += rng.uniform(-8, 8) * np.exp(-(((octaves - centre) / width) ** 2))
    band = rng.random()
    if band < 0.2:
        gain_db -= 24 * np.maximum(0, np.log2(300 / np.maximum(frequency, 1)))
        gain_db -= 60 * np.maximum(0, np.log2(np.maximum(frequency, 1) / 3400))
    elif band < 0.42:
        edge_hz = rng.uniform(4000, 7000)
        gain_db -= 60 * np.maximum(0, np.log2(np.maximum(frequency, 1) / edge_hz))
    gain = np.power(10, np.maximum(gain_db, -80) / 20).astype(np.float32)
    shaped = _filtered(samples, gain)
    return np.asarray(shaped * (_level(samples) / (_level(shaped) + 1e-9)), np.float32)


def whisper(samples: Samples, rng: np.random.Generator) -> Samples:
    """Take the voice out: the spectrum's envelope stays, its fine structure becomes noise.

    The envelope is the first part of the cepstrum. As in whispers, low frequencies are weaker: the
    tilt is 3 to 9 dB an octave below 1 kHz.
    """
    size, step = 512, 128
    transform = signal.ShortTimeFFT(np.hanning(size), step, SAMPLE_RATE)
    spectrum = transform.stft(samples)
    cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + 1e-6), axis=0)
    cepstrum[_ENVELOPE : size - _ENVELOPE + 1] = 0
    envelope = np.exp(np.fft.rfft(cepstrum, axis=0).real)
    octaves = np.minimum(np.log2(np.maximum(transform.f, 60) / 1000), 0)
    envelope *= 10 ** (rng.uniform(3, 9) * octaves / 20)[:, None]
    breath = np.exp(2j * np.pi * rng.random(spectrum.shape))
    said = transform.istft(envelope * breath, k1=len(samples))
    return np.asarray(said * (_level(samples) / (_level(said) + 1e-9)), np.float32)


def damage(samples: Samples, rng: np.random.Generator) -> Samples:
    """Send it over a poor line: 8-bit mu-law (ITU-T G.711), few bits, or soft clipping."""
    kind = rng.integers(3)
    if kind == 0:
        squeezed = np.log1p(255 * np.minimum(np.abs(samples), 1)) / np.log(256)
        coded = np.round(squeezed * 127) / 127
        return np.asarray(np.sign(samples) * (np.power(256, coded) - 1) / 255, np.float32)
    peak = np.abs(samples).max() + np.float32(1e-6)
    if kind == 1:
        steps = np.float32(2.0 ** rng.integers(6, 10))
        return np.asarray(np.round(samples / peak * steps) / steps * peak, np.float32)
    limit = np.float32(peak * rng.uniform(0.2, 0.6))
    return np.asarray(limit * np.tanh(samples / limit), np.float32)


def encode(samples: Samples, rng: np.random.Generator) -> Samples:
    """Send it through a codec and back: GSM's full rate, Opus at 7 to 10 kbit/s, MP3, or ADPCM.

    libsndfile takes their delays off. GSM and half of the others are sent at 8 kHz.
    """
    container, coding = _CODECS[int(rng.integers(len(_CODECS)))]
    rate = 8_000 if coding == "GSM610" or rng.random() < 0.5 else SAMPLE_RATE
    squeezed = 1.0 if coding == "OPUS" else None
    sent = soxr.resample(np.clip(samples, -1, 1), SAMPLE_RATE, rate)
    file = io.BytesIO()
    soundfile.write(file, sent, rate, format=container, subtype=coding, compression_level=squeezed)
    file.seek(0)
    received, _ = soundfile.read(file, dtype="float32")
    heard = soxr.resample(received, rate, SAMPLE_RATE)[: len(samples)]
    return np.pad(heard, (0, len(samples) - len(heard))).astype(np.float32)


def _coloured(count: int, slope: float, rng: np.random.Generator) -> Samples:
    """Noise [count] whose power falls with frequency to the power `slope`: 0 white, 1 pink."""
    size = _padded(count)
    bins = size // 2 + 1
    parts = rng.standard_normal((2, bins), dtype=np.float32)
    fall = np.maximum(np.arange(bins, dtype=np.float32) / bins, 0.003) ** np.float32(-slope / 2)
    return np.asarray(np.fft.irfft((parts[0] + 1j * parts[1]) * fall, size)[:count], np.float32)


def _filtered(samples: Samples, gain: NDArray[np.float32]) -> Samples:
    """Multiply the spectrum by a gain for each frequency, without phase."""
    size = _padded(len(samples))
    return np.asarray(
        np.fft.irfft(np.fft.rfft(samples, size) * gain, size)[: len(samples)], np.float32
    )


def _padded(count: int) -> int:
    """Return a size that is quick to transform, with room for a filter's tail."""
    return -(-(count + 512) // 2048) * 2048


def active_level(samples: NDArray[np.float32]) -> float:
    """Return the root mean square of speech without its pauses, after ITU-T P.56."""
    frames = samples[: len(samples) // _ACTIVE_FRAME * _ACTIVE_FRAME].reshape(-1, _ACTIVE_FRAME)
    if not len(frames):
        return _level(samples)
    power = np.square(frames).mean(axis=1)
    return float(np.sqrt(power[power >= power.max() * _ACTIVE_RANGE**2].mean()))


def _level(samples: NDArray[np.float32]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.dot(samples, samples) / max(1, len(samples))))
