"""What a session does with audio, without sockets: order, gaps, turns, pieces, lateness."""

from fractions import Fraction

import numpy as np
import pytest

from facewire.audio.format import AudioFormat, Encoding
from facewire.clock import SECOND, ManualClock
from facewire.face import make_face
from facewire.frames import BlendshapeFrame, Samples, Stamps, StreamSpec
from facewire.server.session_audio import AudioIntake, PcmPiece, Punctuality, SessionStream
from facewire.wire.binary import AudioMessage, encode_samples
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire_engines.energy.engine import EnergyEngine

MONO = AudioFormat(Encoding.S16LE, 16_000, 1)


def audio(count: int, start: int, turn: int = 0) -> AudioMessage:
    return AudioMessage(b"\x01\x00" * count, start, turn)


def pieces_of(intake: AudioIntake, message: AudioMessage, captured: int = 0) -> list[PcmPiece]:
    return [piece for piece in intake.take(message, captured) if isinstance(piece, PcmPiece)]


def taken(intake: AudioIntake, message: AudioMessage) -> bytes:
    return b"".join(piece.pcm for piece in pieces_of(intake, message))


class TestAudioIntake:
    def test_messages_that_follow_on_pass_as_they_are(self) -> None:
        intake = AudioIntake(MONO)
        assert taken(intake, audio(100, 0)) == b"\x01\x00" * 100
        assert taken(intake, audio(50, 100)) == b"\x01\x00" * 50

    @pytest.mark.parametrize("encoding", Encoding)
    def test_a_gap_becomes_silence_of_its_length(self, encoding: Encoding) -> None:
        audio_format = AudioFormat(encoding, 16_000, 2)
        intake = AudioIntake(audio_format)
        first = bytes(range(1, 1 + audio_format.frame_bytes)) * 10
        assert taken(intake, AudioMessage(first, 0)) == first
        repaired = taken(intake, AudioMessage(first, 30))
        assert repaired == bytes(20 * audio_format.frame_bytes) + first

    def test_two_seconds_may_be_missing_and_no_sample_more(self) -> None:
        assert len(taken(AudioIntake(MONO), audio(1, 32_000))) == 2 * 32_001
        with pytest.raises(ProtocolError, match="more than 2 seconds") as caught:
            AudioIntake(MONO).take(audio(1, 32_001), 0)
        assert caught.value.code is ErrorCode.OUT_OF_ORDER

    def test_an_overlap_is_refused(self) -> None:
        intake = AudioIntake(MONO)
        taken(intake, audio(100, 0))
        with pytest.raises(ProtocolError, match="starts at sample 99, but 100 is next") as caught:
            intake.take(audio(100, 99), 0)
        assert caught.value.code is ErrorCode.OUT_OF_ORDER

    def test_half_a_sample_is_refused(self) -> None:
        with pytest.raises(ProtocolError, match="3 bytes of audio are not whole") as caught:
            AudioIntake(MONO).take(AudioMessage(b"abc", 0), 0)
        assert caught.value.code is ErrorCode.BAD_MESSAGE

    def test_an_earlier_turn_is_refused(self) -> None:
        intake = AudioIntake(MONO)
        taken(intake, audio(10, 0, turn=3))
        with pytest.raises(ProtocolError, match="turn 2 came after turn 3"):
            intake.take(audio(10, 10, turn=2), 0)

    def test_long_messages_are_cut_into_bites(self) -> None:
        pieces = pieces_of(AudioIntake(MONO), audio(2_000, 0), captured=7)
        assert [len(piece.pcm) for piece in pieces] == [1_600, 1_600, 800]
        assert {piece.captured for piece in pieces} == {7}

    def test_an_empty_message_is_nothing(self) -> None:
        assert list(AudioIntake(MONO).take(audio(0, 0), 0)) == []


def frames_of(
    samples: Samples, audio_format: AudioFormat, turns: tuple[int, ...] = (0,)
) -> list[BlendshapeFrame]:
    """Push samples through a stream, cut into as many equal pieces as there are turns."""
    session = EnergyEngine().session()
    stream = SessionStream(
        audio_format, session, make_face(session.spec, idle=False), ManualClock(1)
    )
    size = -(-len(samples) // len(turns))
    frames = []
    for place, turn in enumerate(turns):
        pcm = encode_samples(samples[place * size : (place + 1) * size], audio_format.encoding)
        frames += stream.hear(PcmPiece(pcm, turn, captured=1))
    return frames + stream.finish()


class TestSessionStream:
    @pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
    def test_any_rate_gives_the_frames_of_its_duration(
        self, sample_rate: int, speech_like: Samples
    ) -> None:
        audio_format = AudioFormat(Encoding.F32LE, sample_rate, 1)
        frames = frames_of(speech_like[: 2 * sample_rate], audio_format)
        assert len(frames) == -(-min(len(speech_like), 2 * sample_rate) * 60 // sample_rate)
        assert [frame.index for frame in frames] == list(range(len(frames)))

    def test_faces_do_not_depend_on_how_audio_was_cut(self, speech_like: Samples) -> None:
        audio_format = AudioFormat(Encoding.F32LE, 48_000, 1)
        whole = frames_of(speech_like, audio_format)
        pieces = frames_of(speech_like, audio_format, turns=(0,) * 117)
        for one, other in zip(whole, pieces, strict=True):
            np.testing.assert_array_equal(one.weights, other.weights)

    def test_channels_are_mixed(self, speech_like: Samples) -> None:
        stereo = np.stack((speech_like, speech_like), axis=1)
        frames = frames_of(stereo, AudioFormat(Encoding.F32LE, 16_000, 2))
        mono = frames_of(speech_like, AudioFormat(Encoding.F32LE, 16_000, 1))
        for frame, expected in zip(frames, mono, strict=True):
            np.testing.assert_array_equal(frame.weights, expected.weights)

    def test_channels_that_cancel_are_heard(self, speech_like: Samples) -> None:
        stereo = np.stack((speech_like, -speech_like), axis=1)
        frames = frames_of(stereo, AudioFormat(Encoding.F32LE, 16_000, 2))
        assert max(frame.weights.max() for frame in frames) > 0.3

    def test_what_is_not_a_number_is_silence(self) -> None:
        broken = np.full(16_000, np.nan, np.float32)
        frames = frames_of(broken, AudioFormat(Encoding.F32LE, 16_000, 1))
        assert all(np.isfinite(frame.weights).all() for frame in frames)

    def test_a_frame_has_the_turn_of_its_sample(self, speech_like: Samples) -> None:
        audio_format = AudioFormat(Encoding.S16LE, 48_000, 1)
        frames = frames_of(speech_like[:14_400], audio_format, turns=(0, 4, 5))
        expected = [(0, 4, 5)[frame.timestamp // 1_600] for frame in frames]
        assert [frame.turn for frame in frames] == expected
        assert set(expected) == {0, 4, 5}

    def test_frames_carry_all_stamps(self, speech_like: Samples) -> None:
        clock = ManualClock(50)
        session = EnergyEngine().session(clock=clock)
        stream = SessionStream(MONO, session, make_face(session.spec), clock)
        pcm = encode_samples(speech_like[:8_000], Encoding.S16LE)
        frames = stream.hear(PcmPiece(pcm, 0, captured=20))
        assert frames[-1].stamps == Stamps(20, 50, 50, 50, 50)


class TestPunctuality:
    spec = StreamSpec(16_000, Fraction(50), lookahead=1_600)

    def late(self, *, captured: int, sent: int, timestamp: int = 0) -> int:
        punctuality = Punctuality(self.spec)
        punctuality.hear(1 * SECOND)
        frame = BlendshapeFrame(
            np.zeros(52, np.float32), 0, timestamp, stamps=Stamps(captured=captured)
        )
        punctuality.count(frame, sent)
        return punctuality.late

    def test_a_frame_has_an_interval_of_time_after_its_audio_arrived(self) -> None:
        captured = 5 * SECOND
        assert self.late(captured=captured, sent=captured + SECOND // 50) == 0
        assert self.late(captured=captured, sent=captured + SECOND // 50 + 1) == 1

    def test_audio_sent_ahead_of_time_makes_no_frame_late(self) -> None:
        due = 1 * SECOND + (160_000 + 1_600) * SECOND // 16_000
        for sent, late in ((due + SECOND // 50, 0), (due + SECOND // 50 + 1, 1)):
            assert self.late(captured=1 * SECOND, sent=sent, timestamp=160_000) == late
