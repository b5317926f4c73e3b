"""What a CosyVoice worker lets others do: who may connect, what is opened, what is remembered."""

import json
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from facewire.errors import ConfigError, EngineError
from facewire_engines.voices.cosyvoice.link import WorkerLink
from facewire_engines.voices.cosyvoice.messages import Inbox
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings
from facewire_engines.voices.cosyvoice.voice import CosyVoice
from facewire_engines.workers import cosyvoice_worker as worker
from facewire_engines.workers.source import TOKEN, worker_source

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

Make = Callable[..., CosyVoiceSettings]
PATIENCE_S = 20


def connected(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def message(text: bytes) -> bytes:
    return struct.pack(">II", len(text), 0) + text


def answer(connection: socket.socket) -> dict[str, Any] | None:
    """Return the header of the next message, or None if the worker hung up."""
    link = worker.Link(connection)
    link._largest = worker.LARGEST
    return link.receive()


def conversations() -> set[str]:
    """Return the names of the worker's threads within this process."""
    return {thread.name for thread in threading.enumerate() if thread.name in ("speak", "tokens")}


@pytest.fixture
def guarded(served: Any) -> Iterator[str]:
    """Return the address of a worker that wants a token."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = server, worker.Speaker(served.tts), (25, 100), "the right one"
        thread = threading.Thread(target=worker.serve, args=arguments)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_who_shows_the_token_is_served(
    guarded: str, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CosyVoice(settings(address=guarded, token="the right one")) as voice:
        assert list(voice.speak("Hello."))
    monkeypatch.setenv(TOKEN, "the right one")
    with CosyVoice(settings(address=guarded)) as voice:
        assert list(voice.speak("Hello."))


@pytest.mark.parametrize("token", ["", "a wrong one", "the right one and more", "ü"])
def test_who_does_not_is_told_what_to_do(guarded: str, settings: Make, token: str) -> None:
    with pytest.raises(ConfigError, match="write the token that it printed"):
        CosyVoice(settings(address=guarded, token=token))


@pytest.mark.parametrize(
    "greeting",
    [
        message(b'{"kind": "speak", "turn": 1, "text": "Hello."}'),
        message(b'{"kind": "open", "token": 7}'),
        message(b"[" * 3_000),
        struct.pack(">II", 1 << 20, 0),
        struct.pack(">II", 10, 1 << 30),
    ],
)
def test_whatever_else_comes_first_is_turned_away(guarded: str, greeting: bytes) -> None:
    with connected(guarded) as connection:
        connection.sendall(greeting)
        answered = answer(connection)
        assert answered is None or answered["kind"] == "error"
        assert answer(connection) is None
    assert not conversations()


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b"7"])
def test_a_message_that_is_none_leaves_no_thread(served: Any, text: bytes) -> None:
    with connected(served.address) as connection:
        connection.sendall(message(b'{"kind": "open"}'))
        hello = answer(connection)
        assert hello is not None
        assert hello["kind"] == "hello"
        connection.sendall(message(text))
        assert answer(connection) is None
    for thread in threading.enumerate():
        if thread.name == "speak":
            thread.join(PATIENCE_S)
    assert not conversations()


def test_deeply_nested_json_of_a_worker_is_one_sentence() -> None:
    with pytest.raises(EngineError, match="not a CosyVoice worker"):
        Inbox().push(message(b'{"kind":"done","turn":' + b"[" * 100_000))


def analysed(served: Any) -> int:
    return len(served.tts.frontend.spk2info)


@pytest.mark.parametrize("speaker", ["", "ann"])
def test_a_changed_prompt_is_another_speaker(
    served: Any, settings: Make, tmp_path: Path, speaker: str
) -> None:
    recording = tmp_path / "ann.wav"
    recording.write_bytes(b"Ann")
    with CosyVoice(settings(prompt_wav=str(recording), speaker=speaker)) as voice:
        assert list(voice.speak("Hello."))
        assert list(voice.speak("Hello again."))
        assert analysed(served) == 1
        stat = recording.stat()
        recording.write_bytes(b"Bob")
        os.utime(recording, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert list(voice.speak("Hello."))
        assert analysed(served) == 2
    more = settings(prompt_wav=str(recording), speaker=speaker, prompt_text="Good morning.")
    with CosyVoice(more) as voice:
        assert list(voice.speak("Hello."))
    assert analysed(served) == 3


def test_a_name_stands_for_the_prompt_that_it_was_given_last(served: Any, settings: Make) -> None:
    with CosyVoice(settings(speaker="ann")) as voice:
        assert list(voice.speak("Hello."))
    with CosyVoice(settings(prompt_wav="", prompt_text="", speaker="ann")) as voice:
        assert list(voice.speak("Hello."))
    assert analysed(served) == 1


def test_analyses_do_not_pile_up(
    served: Any, settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_SPEAKERS", 3)
    recording = tmp_path / "ann.wav"
    with CosyVoice(settings(prompt_wav=str(recording))) as voice:
        for number in range(6):
            recording.write_bytes(bytes([number]))
            assert list(voice.speak("Hello."))
    assert analysed(served) == 3


def test_a_client_cannot_have_files_of_the_worker_opened(served: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"private")
    with connected(served.address) as connection:
        connection.sendall(message(b'{"kind": "open"}'))
        assert answer(connection)
        asked = {"kind": "speak", "turn": 1, "text": "Hello.", "prompt_wav": str(secret)}
        connection.sendall(message(json.dumps(asked).encode()))
        told = answer(connection)
        assert told is not None
        assert (told["kind"], "is not known" in told["message"]) == ("error", True)


def test_a_prompt_that_cannot_be_read_is_named(settings: Make, tmp_path: Path) -> None:
    missing = str(tmp_path / "nobody.wav")
    with (
        CosyVoice(settings(prompt_wav=missing)) as voice,
        pytest.raises(ConfigError, match=r"cannot read prompt_wav .*nobody\.wav"),
    ):
        list(voice.speak("Hello."))


@pytest.mark.slow
def test_a_worker_started_by_hand_prints_a_token_that_opens_it(folder: Path) -> None:
    program = folder / "worker.py"
    program.write_text(worker_source(), encoding="utf-8")
    command = [sys.executable, "-u", str(program), "--model", ".", "--port", "0", "--child"]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        token = process.stdout.readline().split('"')[1]
        address = process.stdout.readline().split()[-1]
        with pytest.raises(ConfigError, match="another token"):
            CosyVoice(CosyVoiceSettings(address=address))
        with CosyVoice(CosyVoiceSettings(address=address, token=token)) as voice:
            assert voice.sample_rate == 24_000
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


def test_a_link_works_beyond_the_thousand_and_twenty_fourth_descriptor(served: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2_100:
        pytest.skip("this machine allows no descriptor beyond 1024")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2_100, hard))
    held: list[int] = []
    try:
        while not held or held[-1] < 1_100:
            held.append(os.dup(0))
        host, port = served.address.split(":")
        link = WorkerLink(host, int(port), PATIENCE_S)
        assert link._socket.fileno() > 1_024
        link.wake()
        link.sleep()
        link.close()
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
