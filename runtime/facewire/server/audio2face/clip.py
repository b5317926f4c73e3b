"""One clip of an Audio2Face-3D client: a stream like any other, its audio in, its frames out."""

import asyncio
from contextlib import closing
from typing import Any

from facewire.clock import unix_seconds
from facewire.face.profile import Profile
from facewire.frames import BlendshapeFrame
from facewire.server.audio2face.answers import AnimationWriter, Answers
from facewire.server.audio2face.call import Call
from facewire.server.audio2face.emotions import TimedEmotion, timed_emotions
from facewire.server.audio2face.messages import SUCCESS, WARNING
from facewire.server.audio2face.parameters import WantedFace, wanted_face, warning_of
from facewire.server.client_pace import Pace
from facewire.server.context import ServerContext
from facewire.server.session import PIECE_CAPACITY, open_session
from facewire.server.session_audio import AudioIntake, PcmPiece, SessionStream
from facewire.stream.channel import Channel
from facewire.wire.binary import VERSION, AudioMessage
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.session import OpenSession

FRAME_RATE = 30
"""Frames per second: what Audio2Face-3D's clients are made for."""
LOWEST_RATE, HIGHEST_RATE = 8_000, 144_000
"""Hz, of the client's audio."""
SAMPLE_BYTES = 2
ANSWER_CAPACITY = 32


class Clip:
    """Serves one call from behind its header to its last frame."""

    def __init__(
        self, call: Call, viewer: Call, answers: Answers, context: ServerContext, own: Profile
    ) -> None:
        """Get ready.

        Args:
            call: of the client whose audio it is.
            viewer: of the client whom the faces are for; the same one, where one does both.
            answers: how that one is answered.
            context: what all clients share.
            own: the server's profile, where the client asks for nothing else.
        """
        self._call = call
        self._viewer = viewer
        self._answers = answers
        self._context = context
        self._own = own
        self._heard = 0
        """Samples, at the client's rate."""
        self._frames = 0

    async def serve(self, header: Any) -> str:
        """Serve it, while a slot is held, and return what came of it.

        Args:
            header: the client's `AudioStreamHeader`.

        Raises:
            ClientLeft: nobody is there to see it.
            ProtocolError: the client did something wrong; in an ExceptionGroup after its header.
        """
        request = _open_request(header.audio_header)
        face = _wanted_face(header, self._own)
        compute, now = self._context.threads.compute, self._context.clock.now()
        with self._context.slots.hold():
            self._call.credit.streaming = True
            session = await compute(now, open_session, self._context, request)
            with closing(session):
                shown = self._context.make_face(
                    session.spec, idle=True, seed=None, profile=face.profile
                )
                audio_format = request.audio_format
                stream = SessionStream(audio_format, session, shown, self._context.clock)
                writer = AnimationWriter(audio_format, session.spec)
                send, say = self._viewer.send, self._answers
                await send(say.header(header.audio_header, unix_seconds()))
                if face.warning:
                    await send(say.status(WARNING, f"{face.warning}."))
                await self._serve(stream, writer, AudioIntake(audio_format))
        result = f"{self._frames} frames were made."
        for answer in (*say.end(), say.status(SUCCESS, result)):
            await send(answer)
        return result

    async def _serve(
        self, stream: SessionStream, writer: AnimationWriter, intake: AudioIntake
    ) -> None:
        pieces = Channel[PcmPiece | TimedEmotion](PIECE_CAPACITY)
        answers = Channel[bytes](ANSWER_CAPACITY)
        credit = self._call.credit
        async with asyncio.TaskGroup() as tasks:
            listening = credit.metered(self._listen(intake, pieces, answers))
            tasks.create_task(listening, name="listen")
            tasks.create_task(self._infer(stream, writer, pieces, answers), name="infer")
            tasks.create_task(credit.charged(self._deliver(answers)), name="deliver")

    async def _listen(
        self,
        intake: AudioIntake,
        pieces: Channel[PcmPiece | TimedEmotion],
        answers: Channel[bytes],
    ) -> None:
        """Take audio until the client says that it was all."""
        pace, warned = Pace(), False
        try:
            while (heard := await self._call.audio()) is not None:
                felt = timed_emotions(heard.emotions)
                ignored = dict.fromkeys(what for one in felt for what in one.ignored)
                if ignored and not warned:
                    warned = True
                    await answers.send(self._answers.status(WARNING, f"{warning_of([*ignored])}."))
                for one in felt:
                    await pieces.send(one)
                message = AudioMessage(heard.audio_buffer, self._heard)
                call = self._call
                due = pace.hear(intake.duration(message), call.arrived, call.waited)
                for piece in intake.take(message, call.arrived, due):
                    assert isinstance(piece, PcmPiece), "nothing is missing before it"
                    await pieces.send(piece)
                self._heard += len(heard.audio_buffer) // SAMPLE_BYTES
                await asyncio.sleep(0)  # others get their turn
            if not self._heard:
                raise ProtocolError(
                    "no audio came between the header and the end; send audio_with_emotion",
                    ErrorCode.OUT_OF_ORDER,
                )
        finally:
            pieces.close()

    async def _infer(
        self,
        stream: SessionStream,
        writer: AnimationWriter,
        pieces: Channel[PcmPiece | TimedEmotion],
        answers: Channel[bytes],
    ) -> None:
        """Have faces made bite by bite: of a client in no hurry, when nobody else waits."""
        compute, due = self._context.threads.compute, None

        def hear(piece: PcmPiece) -> list[bytes]:
            writer.hear(piece.pcm)
            return writer.write(self._counted(stream.hear(piece)))

        def finish() -> list[bytes]:
            return writer.finish(self._counted(stream.finish()))

        try:
            async for piece in pieces:
                if isinstance(piece, TimedEmotion):
                    stream.feel_at(piece.seconds, piece.emotion)
                    continue
                due = piece.due
                for answer in await compute(due, hear, piece):
                    await answers.send(answer)
            for answer in await compute(due, finish):
                await answers.send(answer)
        finally:
            answers.close()

    def _counted(self, frames: list[BlendshapeFrame]) -> list[BlendshapeFrame]:
        self._frames += len(frames)
        return frames

    async def _deliver(self, answers: Channel[bytes]) -> None:
        async for answer in answers:
            await self._viewer.send(answer)


def _wanted_face(header: Any, own: Profile) -> WantedFace:
    """Return what a header asks of the face.

    Raises:
        ProtocolError: it cannot be read.
    """
    try:
        return wanted_face(header, own)
    except UnicodeDecodeError as error:
        raise ProtocolError(
            "a name in the header is no text; write names of parameters in UTF-8"
        ) from error


def _open_request(audio: Any) -> OpenSession:
    """Return what an `AudioHeader` asks for, as a client of `/session` would.

    Raises:
        ProtocolError: it is not audio that NVIDIA's protocol has, or none that can be heard.
    """
    if audio.audio_format or audio.channel_count != 1 or audio.bits_per_sample != 16:
        raise ProtocolError(
            f"audio of {audio.channel_count} channels, {audio.bits_per_sample} bits and format "
            f"{audio.audio_format} cannot be taken; send 1 channel of 16-bit PCM (format 0)",
            ErrorCode.UNSUPPORTED,
        )
    rate = audio.samples_per_second
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ProtocolError(
            f"samples_per_second is from {LOWEST_RATE} to {HIGHEST_RATE}, not {rate}",
            ErrorCode.UNSUPPORTED,
        )
    return OpenSession(version=VERSION, sample_rate=rate, frame_rate=FRAME_RATE)
