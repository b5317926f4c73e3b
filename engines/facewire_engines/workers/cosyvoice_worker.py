"""Speaks for Facewire inside of CosyVoice's own environment; this file needs nothing of Facewire.

    python cosyvoice_worker.py --model pretrained_models/CosyVoice2-0.5B --port 9321

Start it in the folder of https://github.com/FunAudioLLM/CosyVoice. A client connects and asks for
turns; each speech token leaves as soon as it is sampled, and audio follows. Only public parts of
CosyVoice are called: its frontend, `llm.inference`, and `token2wav`.

Who connects has to show the token in the environment variable FACEWIRE_WORKER_TOKEN; without one,
one is made and printed. Recordings come over the connection, so no client names files of this
machine.

A message is two big-endian uint32, the sizes of a JSON header and of a payload, and then both.

* From here: `hello`; `speech` (int32 tokens, then float32 samples, both little-endian; either may
  be none); `done` or `error`, once for each turn.
* To here: `open` with the `token`, first of all; `prompt`, whose payload is a recording of who
  speaks from then on; `speak` (`turn`, `text` or null, `mode`, `prompt_text`, `instruct`,
  `speaker`); `text` and `end`, where `text` was null; `cancel`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import inspect
import json
import os
import queue
import secrets
import socket
import struct
import sys
import tempfile
import threading
import uuid
import wave
from array import array
from importlib import import_module
from typing import Any, Generator, Iterator  # noqa: UP035 # this Python may be an old one

Tokens = Generator[int, None, None]

PROTOCOL = 2
TOKEN = "FACEWIRE_WORKER_TOKEN"
SIZES = struct.Struct(">II")
LARGEST = 1 << 24
SMALLEST = 1 << 12
"""Bytes of a message, once a client has shown the token, and before."""
GREETING_S = 10.0
"""How long a client may take to show it."""
MOST_SPEAKERS = 64
"""Prompts whose analysis is kept; then that of the one that was used longest ago goes."""
BLOCK = 25
"""Tokens that the flow works on together."""
FIRST_HOP, LONGEST_HOP = 25, 100
"""Tokens of the first and of the longest chunk; each is twice as long as the one before."""
LONGEST_SILENCE = 5
"""Silent tokens in a row; those after them are left out, as CosyVoice3 does."""
END_OF_PROMPT = "<|endofprompt|>"
ASSISTANT = "You are a helpful assistant." + END_OF_PROMPT
MODES = ("zero_shot", "instruct", "cross_lingual", "sft")


class Cancelled(Exception):
    """The client does not want the rest of the turn."""


class Link:
    """A client. Any thread may send."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._largest = SMALLEST
        self.payload = b""
        """Of the message that was received last."""

    def send(self, payload: bytes = b"", **header: Any) -> None:
        """Send a message."""
        text = json.dumps(header).encode()
        with self._sending:
            self._connection.sendall(SIZES.pack(len(text), len(payload)) + text + payload)

    def admit(self, token: str) -> bool:
        """Tell whether a client shows the token, in time; without a token everybody may come."""
        self._connection.settimeout(GREETING_S)
        greeting = self.receive() or {}
        shown = str(greeting.get("token", "")).encode()
        self._connection.settimeout(None)
        self._largest = LARGEST
        if greeting.get("kind") != "open":
            return False
        return not token or hmac.compare_digest(shown, token.encode())

    def receive(self) -> dict[str, Any] | None:
        """Return the next header, or None once the client is gone, or sends what is none."""
        sizes = self._read(SIZES.size)
        if len(sizes) < SIZES.size:
            return None
        length, extra = SIZES.unpack(sizes)
        if length + extra > self._largest:
            return None
        data = self._read(length + extra)
        self.payload = data[length:]
        try:
            found = json.loads(data[:length])
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count and (piece := self._connection.recv(count - len(data))):
            data += piece
        return bytes(data)


class Turn:
    """What is to be said, and whether it still is."""

    def __init__(self, request: dict[str, Any], prompt: bytes | None = None) -> None:
        self.number = int(request["turn"])
        self.request = request
        self.prompt = prompt
        """A recording of who shall speak; None where a speaker is known by name."""
        self.cancelled = threading.Event()
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def push(self, piece: str | None) -> None:
        """Add text to a turn that began without; None ends it."""
        self._pieces.put(piece)

    def cancel(self) -> None:
        """Let whoever works on it stop."""
        self.cancelled.set()
        self._pieces.put(None)

    def pieces(self) -> Iterator[str]:
        """Yield the text as it comes."""
        while (piece := self._pieces.get()) is not None:
            yield piece
        if self.cancelled.is_set():
            raise Cancelled


class TokenThread:
    """Samples the tokens of a segment beside the vocoder, and wakes who waits for them."""

    def __init__(self, source: Tokens, tap: Any, cancelled: threading.Event) -> None:
        self._source, self._tap, self._cancelled = source, tap, cancelled
        self._made: list[int] = []
        self._complete = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="tokens")
        self._thread.start()

    def _run(self) -> None:
        try:
            for token in self._source:
                if self._cancelled.is_set():
                    raise Cancelled
                self._tap(token)
                with self._changed:
                    self._made.append(token)
                    self._changed.notify()
        except BaseException as error:
            self._error = error
        # Here, not where it is collected: it holds states of torch that belong to this thread.
        self._source.close()
        with self._changed:
            self._complete = True
            self._changed.notify()

    def wait(self, count: int) -> list[int]:
        """Return the tokens so far, once there are so many or no more come."""
        with self._changed:
            self._changed.wait_for(lambda: self._complete or len(self._made) >= count)
            if self._error is not None:
                raise self._error
            return list(self._made)

    def stop(self) -> None:
        """Return once the thread has ended, which it does at the next token if told to."""
        self._thread.join()


class Segment:
    """A sentence, as CosyVoice makes it: tokens, and audio from the tokens so far."""

    def __init__(self, model: Any, inputs: dict[str, Any], generated: bool) -> None:
        import torch

        self._torch, self._model, self._generated = torch, model, generated
        ids, embedding = torch.zeros(1, 0, dtype=torch.int32), torch.zeros(0, 192)
        self._inputs = {
            "prompt_text": ids, "llm_prompt_speech_token": ids, "flow_prompt_speech_token": ids,
            "prompt_speech_feat": torch.zeros(1, 0, 80), "llm_embedding": embedding,
            "flow_embedding": embedding, **inputs,
        }  # fmt: skip
        prompt = self._inputs["flow_prompt_speech_token"]
        kept = prompt.shape[1] // BLOCK * BLOCK
        if kept:
            # Blocks are counted from the prompt's beginning. A prompt of whole blocks needs no
            # padding, so the first chunk is as short as it can be.
            self._inputs["flow_prompt_speech_token"] = prompt[:, -kept:]
            frames = kept * model.flow.token_mel_ratio
            self._inputs["prompt_speech_feat"] = self._inputs["prompt_speech_feat"][:, -frames:]
        self.padding = 0 if kept else -prompt.shape[1] % BLOCK
        self.lookahead = int(model.flow.pre_lookahead_len)
        self._key = str(uuid.uuid4())
        model.hift_cache_dict[self._key] = None

    def tokens(self) -> Tokens:
        """Yield exactly the tokens that the audio will be made from."""
        torch, model, device = self._torch, self._model, self._model.device
        prompt = {
            name: self._inputs[key].to(device)
            for name, key in (
                ("prompt_text", "prompt_text"),
                ("prompt_speech_token", "llm_prompt_speech_token"),
                ("embedding", "llm_embedding"),
            )
        }
        for name in ("prompt_text", "prompt_speech_token"):
            size = prompt[name].shape[1]
            prompt[f"{name}_len"] = torch.tensor([size], dtype=torch.int32, device=device)
        text = self._inputs["text"]
        cuda, vllm = device.type == "cuda", hasattr(model.llm, "vllm")
        stream = torch.cuda.stream(torch.cuda.Stream(device)) if cuda else contextlib.nullcontext()
        with stream, torch.autocast("cuda", torch.float16, enabled=bool(model.fp16) and not vllm):
            if self._generated:
                sampled = model.llm.inference_bistream(text=text, **prompt)
            else:
                size = torch.tensor([text.shape[1]], dtype=torch.int32, device=device)
                sampled = model.llm.inference(
                    text=text.to(device), text_len=size, uuid=self._key, **prompt
                )
            silent = 0
            for token in sampled:
                silent = silent + 1 if token in getattr(model, "silent_tokens", ()) else 0
                if silent <= LONGEST_SILENCE:
                    yield int(token)

    def audio(self, tokens: list[int], offset: int, final: bool) -> bytes:
        """Return what can be said of `tokens` from `offset` on, float32."""
        speech = self._model.token2wav(
            token=self._torch.tensor([tokens], dtype=self._torch.int32),
            prompt_token=self._inputs["flow_prompt_speech_token"],
            prompt_feat=self._inputs["prompt_speech_feat"],
            embedding=self._inputs["flow_embedding"],
            token_offset=offset, uuid=self._key, stream=not final, finalize=final,
        )  # fmt: skip
        return bytes(speech.detach().float().cpu().numpy().astype("<f4").tobytes())

    def close(self) -> None:
        """Forget what the vocoder remembers."""
        self._model.hift_cache_dict.pop(self._key, None)


class Speaker:
    """CosyVoice2 or CosyVoice3, loaded."""

    def __init__(self, tts: Any) -> None:
        self._tts, self._front = tts, tts.frontend
        self._third = type(tts.model).__name__ == "CosyVoice3Model"
        self._loading = threading.Lock()
        self._analysed: dict[str, str] = {}
        """Prompts by a digest of all that is in them, with the name that clients gave, if any."""
        self.hello = {
            "space": "cosyvoice3" if self._third else "cosyvoice2", "sample_rate": tts.sample_rate,
            "vocabulary": int(tts.model.llm.speech_token_size), "silence": self._silence(),
        }  # fmt: skip

    def segments(self, turn: Turn) -> Iterator[Segment]:
        """Yield what is to be spoken, sentence by sentence."""
        mode, text = turn.request.get("mode", "zero_shot"), turn.request.get("text")
        if mode not in MODES:
            raise ValueError(f"there is no mode {mode!r}; choose one of {', '.join(MODES)}")
        name = turn.request.get("speaker", "") if mode == "sft" else self._cached(turn)
        if text is None:
            texts = [turn.pieces()]
        else:
            texts = self._front.text_normalize(text, split=True)
            if self._third and mode in ("cross_lingual", "sft"):
                texts = [piece if END_OF_PROMPT in piece else ASSISTANT + piece for piece in texts]
        for piece in texts:
            inputs = self._inputs(mode, piece, name, turn.request.get("instruct", ""))
            yield Segment(self._tts.model, inputs, generated=text is None)

    def _inputs(self, mode: str, text: Any, name: str, instruct: str) -> dict[str, Any]:
        front, rate = self._front, self._tts.sample_rate
        if mode == "sft":
            return dict(front.frontend_sft(text, name))
        if mode == "cross_lingual":
            return dict(front.frontend_cross_lingual(text, "", rate, name))
        if mode == "zero_shot":
            return dict(front.frontend_zero_shot(text, "", "", rate, name))
        # With a cached speaker, CosyVoice would take his words for the instruction.
        inputs = dict(front.frontend_instruct2(text, "", "", rate, name))
        instruct += "" if END_OF_PROMPT in instruct else END_OF_PROMPT
        inputs["prompt_text"] = front._extract_text_token(instruct)[0]
        return inputs

    def _cached(self, turn: Turn) -> str:
        """Return the name of the speaker, whose prompt is analysed once, not for each turn."""
        text, asked = turn.request.get("prompt_text", ""), turn.request.get("speaker", "")
        with self._loading:
            if turn.prompt is None:
                return self._known(asked)
            # All that the analysis depends on, so that another prompt is never taken for it.
            digest = hashlib.sha256(turn.prompt + repr((asked, text)).encode()).hexdigest()
            if digest not in self._front.spk2info:
                self._analyse(turn.prompt, text, digest)
            self._analysed.pop(digest, None)
            self._analysed[digest] = asked
            while len(self._analysed) > MOST_SPEAKERS:
                oldest = next(iter(self._analysed))
                del self._analysed[oldest]
                self._front.spk2info.pop(oldest, None)
        return digest

    def _known(self, asked: str) -> str:
        """Return the newest prompt that was given this name, or a speaker of CosyVoice's own."""
        newest = [digest for digest, name in self._analysed.items() if asked and name == asked]
        found = newest[-1] if newest else asked
        if found not in self._front.spk2info:
            raise ValueError(f"the speaker {asked!r} is not known; name a prompt_wav of him")
        return found

    def _analyse(self, recording: bytes, text: str, name: str) -> None:
        if self._third and END_OF_PROMPT not in text:
            text = ASSISTANT + text
        text = self._front.text_normalize(text, split=False)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "prompt.wav")
            with open(path, "wb") as file:
                file.write(recording)
            self._tts.add_zero_shot_spk(text, self._prompt(path), name)

    def _prompt(self, path: str) -> Any:
        """Return a recording as this version of CosyVoice wants it: its path, or its samples."""
        if "prompt_wav" in inspect.signature(self._tts.add_zero_shot_spk).parameters:
            return path
        return import_module("cosyvoice.utils.file_utils").load_wav(path, 16_000)

    def _silence(self) -> int:
        """Return the token in the middle of a second of silence."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "silence.wav")
            with wave.open(path, "wb") as file:
                file.setparams((1, 2, 16_000, 0, "NONE", ""))
                file.writeframes(bytes(32_000))
            tokens = self._front._extract_speech_token(self._prompt(path))[0].flatten().tolist()
        return int(tokens[len(tokens) // 2])


class Conversation:
    """A client and his turns, one after the other."""

    def __init__(
        self, connection: socket.socket, speaker: Any, hops: tuple[int, int], token: str = ""
    ) -> None:
        self._link, self._speaker, self._hops = Link(connection), speaker, hops
        self._token = token
        self._prompt: bytes | None = None
        self._turns: dict[int, Turn] = {}
        self._queue: queue.SimpleQueue[Turn | None] = queue.SimpleQueue()

    def run(self) -> None:
        """Listen until the client is gone."""
        speaking = threading.Thread(target=self._speak_all, name="speak")
        try:
            if not self._link.admit(self._token):
                self._link.send(kind="error", turn=0, message="this worker wants another token")
                return
            self._link.send(kind="hello", protocol=PROTOCOL, **self._speaker.hello)
            speaking.start()
            while (message := self._link.receive()) is not None:
                self._obey(message)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # gone, or not a client of ours
        finally:
            for turn in list(self._turns.values()):
                turn.cancel()
            self._queue.put(None)
            if speaking.ident:
                speaking.join()

    def _obey(self, message: dict[str, Any]) -> None:
        if message["kind"] == "prompt":
            self._prompt = self._link.payload
        elif message["kind"] == "speak":
            turn = self._turns[int(message["turn"])] = Turn(message, self._prompt)
            self._queue.put(turn)
        elif (known := self._turns.get(int(message["turn"]))) is not None:
            if message["kind"] == "cancel":
                known.cancel()
            else:
                known.push(message["text"] if message["kind"] == "text" else None)

    def _speak_all(self) -> None:
        while (turn := self._queue.get()) is not None:
            answer: dict[str, Any] = {"kind": "done"}
            try:
                answer |= dict(zip(("tokens", "samples"), self._speak(turn)))  # noqa: B905
            except Cancelled:
                answer["cancelled"] = True
            except Exception as error:
                answer = {"kind": "error", "message": f"{type(error).__name__}: {error}"}
            self._turns.pop(turn.number, None)
            with contextlib.suppress(OSError):
                self._link.send(turn=turn.number, **answer)

    def _speak(self, turn: Turn) -> tuple[int, int]:
        """Speak a turn, and return how many tokens and samples there were."""
        tokens = samples = 0
        counting = threading.Lock()

        def send(ids: array[int], audio: bytes = b"") -> None:
            nonlocal tokens, samples
            # Two threads send; what a message counts has to be what went before it.
            with counting:
                if turn.cancelled.is_set():
                    raise Cancelled
                self._link.send(
                    ids.tobytes() + audio, kind="speech", turn=turn.number, first_token=tokens,
                    tokens=len(ids), first_sample=samples, samples=len(audio) // 4,
                )  # fmt: skip
                tokens, samples = tokens + len(ids), samples + len(audio) // 4

        for segment in self._speaker.segments(turn):
            if turn.cancelled.is_set():
                segment.close()
                raise Cancelled
            made = TokenThread(
                segment.tokens(), lambda token: send(array("i", [token])), turn.cancelled
            )
            try:
                for audio in chunks(made, segment, *self._hops):
                    send(array("i"), audio)
            except BaseException:
                turn.cancel()
                raise
            finally:
                made.stop()
                segment.close()
        return tokens, samples


def chunks(made: TokenThread, segment: Any, hop: int, longest: int) -> Iterator[bytes]:
    """Yield the audio of a segment: a short chunk, longer ones, and the rest."""
    begin, end = 0, hop + segment.padding
    while len(tokens := made.wait(end + segment.lookahead)) >= end + segment.lookahead:
        yield segment.audio(tokens[: end + segment.lookahead], begin, False)
        hop = min(longest, 2 * hop)
        begin, end = end, end + hop
    if tokens:
        yield segment.audio(tokens, begin, True)


def serve(server: socket.socket, speaker: Any, hops: tuple[int, int], token: str = "") -> None:
    """Serve clients that show the token until the socket that listens is shut down."""
    address = server.getsockname()
    print(f"listening on {address[0]}:{address[1]}", flush=True)  # noqa: T201
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        arguments = connection, speaker, hops, token
        threading.Thread(target=_converse, args=arguments, daemon=True).start()


def _converse(connection: socket.socket, speaker: Any, hops: tuple[int, int], token: str) -> None:
    with connection:
        Conversation(connection, speaker, hops, token).run()


def end_with_parent() -> None:
    """End this process when whoever started it closes its standard input."""
    # Not sys.stdin, whose lock a thread that waits for it would keep from Python's own end.
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    """Load CosyVoice, and serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="folder of CosyVoice2-0.5B or CosyVoice3")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=9321, help="0 takes a free one")
    parser.add_argument("--first-hop", type=int, default=FIRST_HOP, help="tokens before any audio")
    parser.add_argument("--longest-hop", type=int, default=LONGEST_HOP, help="tokens of a chunk")
    parser.add_argument("--child", action="store_true", help="end when standard input does")
    for flag in ("fp16", "load_jit", "load_trt", "load_vllm"):
        parser.add_argument(f"--{flag}", action="store_true", help="as CosyVoice's own")
    options = vars(parser.parse_args())
    if options["child"]:
        threading.Thread(target=end_with_parent, daemon=True).start()
    sys.path[:0] = [os.getcwd(), os.path.join(os.getcwd(), "third_party", "Matcha-TTS")]
    try:
        load = import_module("cosyvoice.cli.cosyvoice").AutoModel
    except ImportError as error:
        sys.exit(f"CosyVoice cannot be imported ({error}); start this in its folder")
    chosen = ("fp16", "load_jit", "load_trt", "load_vllm")
    flags = {name: True for name in chosen if options[name]}
    speaker = Speaker(load(model_dir=options["model"], **flags))
    hops = options["first_hop"], options["longest_hop"]
    # Not an argument, which everybody on this machine can read.
    token = os.environ.pop(TOKEN, "")
    if not token:
        token = secrets.token_urlsafe(24)
        print(f'token = "{token}"  # for the file of the voice', flush=True)  # noqa: T201
    with socket.create_server((options["host"], options["port"])) as server:
        serve(server, speaker, hops, token)


if __name__ == "__main__":
    main()
