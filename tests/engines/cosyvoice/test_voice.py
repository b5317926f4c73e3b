"""CosyVoice as a voice: the real worker and voice, with a recording in the place of CosyVoice."""

import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soxr

from facewire.errors import ConfigError, EngineError
from facewire.speaking.voice import CancellableVoice, Speech
from facewire.tokens import TokenChunk
from facewire_engines.cosyvoice.decoder import load_decoder
from facewire_engines.cosyvoice.tokens import COSYVOICE2
from facewire_engines.voices.cosyvoice.messages import Inbox, Piece, encode
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings, read_settings
from facewire_engines.voices.cosyvoice.voice import CosyVoice
from facewire_engines.workers import cosyvoice_worker as worker
from facewire_engines.workers.source import worker_source

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

TOKENS = 230
"""Of the recording."""
Make = Callable[..., CosyVoiceSettings]


def joined(pieces: list[Speech]) -> tuple[np.ndarray, np.ndarray]:
    tokens = np.concatenate([piece.tokens for piece in pieces])
    return tokens, np.concatenate([piece.samples for piece in pieces])


def test_faces_from_a_worker_are_those_made_in_process(
    voice: CosyVoice, recording: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
    from facewire_training.recipes.cosyvoice.export import write_model
    from facewire_training.recipes.cosyvoice.network import Network, NetworkConfig

    network = Network(NetworkConfig(embedding="digits", features=8, width=16, layers=1)).eval()
    write_model(network, COSYVOICE2.name, tmp_path, "test")
    decoder = load_decoder(tmp_path)

    def frames(pieces: Iterable[np.ndarray]) -> np.ndarray:
        session, first, found = decoder.session(frame_rate=Fraction(30)), 0, []
        rate = session.spec.sample_rate
        for ids in pieces:
            found += session.push(TokenChunk(ids, COSYVOICE2, 0, first, rate))
            first += len(ids)
        return np.array([frame.weights for frame in found + session.flush()])

    said = [piece.tokens for piece in voice.speak("The words do not matter.")]
    assert len(said) > 2
    here = recording[0][: sum(map(len, said))]
    np.testing.assert_array_equal(frames(said), frames([here]))
    assert len(frames(said)) == len(here) * 6 // 5


def test_a_turn_gives_the_tokens_and_the_audio_in_step(
    voice: CosyVoice, recording: tuple[np.ndarray, np.ndarray]
) -> None:
    assert isinstance(voice, CancellableVoice)
    assert (voice.space, voice.sample_rate, voice.silence) == (COSYVOICE2, 24_000, 4218)
    pieces = list(voice.speak("Hello."))
    came = np.cumsum([len(piece.tokens) for piece in pieces])
    sounded = np.cumsum([len(piece.samples) for piece in pieces])
    assert (sounded <= 960 * came).all()
    assert all(samples % 960 == 0 for samples in sounded)
    tokens, audio = joined(pieces)
    np.testing.assert_array_equal(tokens, recording[0])
    np.testing.assert_array_equal(audio, recording[1])


def test_every_turn_begins_with_the_same_small_chunk(voice: CosyVoice, served: Any) -> None:
    sizes = [
        [len(piece.samples) // 960 for piece in voice.speak("Hello.") if len(piece.samples)]
        for _ in range(3)
    ]
    # 25 tokens first, then 50 and 100; the vocoder holds the last four back.
    assert sizes == [[21, 50, 100, 59]] * 3
    needed = [len(tokens) for tokens, _, final in served.tts.model.made if not final]
    assert needed == [28, 78, 178] * 3


def test_tokens_are_there_before_their_audio(voice: CosyVoice) -> None:
    with voice.turn("Hello.") as turn:
        ahead = [turn.ahead for piece in turn if len(piece.samples)]
    # The three that the flow looks ahead, and the four that the vocoder holds back, at least.
    assert min(ahead[:-1]) >= 7


def test_sentences_of_a_text_follow_each_other(
    voice: CosyVoice, recording: tuple[np.ndarray, np.ndarray]
) -> None:
    tokens, audio = joined(list(voice.speak("Hello.|Good bye.")))
    np.testing.assert_array_equal(tokens, np.tile(recording[0], 2))
    np.testing.assert_array_equal(audio, np.tile(recording[1], 2))


def test_the_audio_is_resampled_where_another_rate_is_wanted(
    settings: Make, recording: tuple[np.ndarray, np.ndarray]
) -> None:
    with CosyVoice(settings(), sample_rate=16_000) as voice:
        pieces = list(voice.speak("Hello."))
    tokens, audio = joined(pieces)
    np.testing.assert_array_equal(tokens, recording[0])
    assert all(len(piece.samples) % 640 == 0 for piece in pieces)
    assert len(audio) == 640 * TOKENS
    expected = soxr.resample(recording[1], 24_000, 16_000)
    assert np.corrcoef(audio, expected)[0, 1] > 0.9999


@pytest.mark.parametrize(
    "more",
    [
        {"mode": "instruct", "instruct": "Quietly."},
        {"mode": "cross_lingual"},
        {"speaker": "ann"},
        {"mode": "sft", "speaker": "ann"},
    ],
)
def test_every_mode_speaks(
    served: Any, settings: Make, recording: tuple[np.ndarray, np.ndarray], more: dict[str, str]
) -> None:
    served.tts.add_zero_shot_spk("I am Ann.", "", "ann")
    with CosyVoice(settings(**more)) as voice:
        np.testing.assert_array_equal(joined(list(voice.speak("Hello.")))[0], recording[0])


def test_a_prompt_is_analysed_once(voice: CosyVoice, served: Any) -> None:
    for _ in range(3):
        list(voice.speak("Hello."))
    assert len(served.tts.frontend.spk2info) == 1


def test_an_instruction_is_obeyed_with_a_cached_speaker(served: Any) -> None:
    served.tts.add_zero_shot_spk("I am Ann.", "", "ann")
    request = {"turn": 1, "text": "Hello.", "mode": "instruct", "speaker": "ann"}
    turn = worker.Turn({**request, "instruct": "Quietly."})
    (segment,) = worker.Speaker(served.tts).segments(turn)
    said = bytes(segment._inputs["prompt_text"].flatten().tolist()).decode()
    assert said == "Quietly.<|endofprompt|>"


def test_the_prompt_is_trimmed_to_whole_blocks(served: Any) -> None:
    served.tts.add_zero_shot_spk("I am Ann.", "", "ann")
    turn = worker.Turn({"turn": 1, "text": "Hello.", "speaker": "ann"})
    (segment,) = worker.Speaker(served.tts).segments(turn)
    assert segment.padding == 0
    assert segment._inputs["flow_prompt_speech_token"].shape == (1, 50)
    assert segment._inputs["prompt_speech_feat"].shape == (1, 100, 80)


def test_text_may_come_in_pieces(
    voice: CosyVoice, recording: tuple[np.ndarray, np.ndarray]
) -> None:
    with voice.turn() as turn:
        for _ in range(60):
            turn.say("word ")
        pieces = iter(turn)
        first = next(pieces)
        turn.end()
        tokens, _ = joined([first, *pieces])
    np.testing.assert_array_equal(tokens, recording[0])


def test_what_cannot_be_spoken_gives_nothing(voice: CosyVoice) -> None:
    assert list(voice.speak("   ")) == []
    assert list(voice.speak("Hello.")) != []


@pytest.mark.parametrize("text", ["break", "foreign"])
def test_a_turn_that_fails_says_why_and_the_next_works(voice: CosyVoice, text: str) -> None:
    with pytest.raises(EngineError, match=r"out of memory|outside of the 6561"):
        list(voice.speak(text))
    assert len(joined(list(voice.speak("Hello.")))[0]) == TOKENS


def test_a_worker_that_stalls_is_given_up_and_the_next_turn_works(settings: Make) -> None:
    with CosyVoice(settings(stall_s=0.2)) as voice:
        with pytest.raises(EngineError, match=r"said nothing for 0\.2 s"):
            list(voice.speak("stall"))
        assert len(joined(list(voice.speak("Hello.")))[0]) == TOKENS


def test_wrong_counts_are_refused(voice: CosyVoice, served: Any) -> None:
    audio = served.tts.model._audio
    served.tts.model._audio = audio[:-100]
    with pytest.raises(EngineError, match=r"samples for 230 tokens.*start it again"):
        list(voice.speak("Hello."))
    served.tts.model._audio = audio
    assert len(joined(list(voice.speak("Hello.")))[0]) == TOKENS


def test_an_unknown_speaker_is_named(settings: Make) -> None:
    asked = settings(prompt_wav="", speaker="bob")
    with CosyVoice(asked) as voice, pytest.raises(EngineError, match="'bob' is not known"):
        list(voice.speak("Hello."))


def test_closing_the_turn_ends_it(voice: CosyVoice) -> None:
    with voice.turn("slow") as turn:
        next(iter(turn))
    assert len(joined(list(voice.speak("Hello.")))[0]) == TOKENS


def test_cancel_wakes_who_waits(voice: CosyVoice, served: Any) -> None:
    threading.Timer(0.1, voice.cancel).start()
    pieces = list(voice.speak("stall"))
    assert len(joined(pieces)[0]) < TOKENS
    served.stand_in.stalled.set()
    voice.cancel()
    voice.cancel()
    assert len(joined(list(voice.speak("Hello.")))[0]) == TOKENS


def test_a_hundred_cancels_leave_memory_and_threads_flat(voice: CosyVoice, served: Any) -> None:
    def cancel_some(count: int) -> None:
        for _ in range(count):
            pieces = voice.speak("slow")
            next(pieces)
            voice.cancel()
            assert list(pieces) == []
        list(voice.speak("Hello."))  # all that was cancelled is over once this was said
        gc.collect()

    cancel_some(10)
    process = psutil.Process()
    threads, memory = threading.active_count(), process.memory_info().rss
    served.tts.model.made.clear()
    cancel_some(100)
    assert threading.active_count() == threads
    assert not served.tts.model.hift_cache_dict
    served.tts.model.made.clear()
    assert process.memory_info().rss - memory < 16 << 20


def test_a_client_that_leaves_ends_its_turn(served: Any, settings: Make) -> None:
    before = threading.active_count()
    with CosyVoice(settings()) as voice:
        next(voice.speak("slow"))
    for _ in range(500):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert not served.tts.model.hift_cache_dict


def test_a_worker_that_is_missing_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"no CosyVoice worker answers at 127\.0\.0\.1:{free}"):
        CosyVoice(CosyVoiceSettings(address=f"127.0.0.1:{free}"))


@pytest.mark.parametrize(
    "greeting",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        encode(kind="hello", protocol=99, space="x", vocabulary=1, sample_rate=1, silence=0),
        encode(kind="nonsense"),
    ],
)
def test_what_is_no_worker_is_refused(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)
                connection.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(EngineError, match=r"python -m facewire_engines\.workers"):
            CosyVoice(CosyVoiceSettings(address=f"127.0.0.1:{server.getsockname()[1]}"))
        thread.join()


def test_messages_arrive_however_they_are_cut() -> None:
    header: dict[str, Any] = {
        "kind": "speech",
        "turn": 1,
        "first_token": 0,
        "first_sample": 0,
        "samples": 0,
    }
    messages = b"".join(encode(**header, tokens=count) for count in range(3))
    for size in (1, 7, len(messages)):
        inbox = Inbox()
        cuts = [*range(0, len(messages), size), len(messages)]
        found = [got for a, b in pairwise(cuts) for got in inbox.push(messages[a:b])]
        assert [got.message.tokens for got in found if isinstance(got.message, Piece)] == [0, 1, 2]


@pytest.fixture
def child(folder: Path) -> Iterator[CosyVoice]:
    """A voice that starts its worker."""
    asked = CosyVoiceSettings(
        folder=str(folder), python=sys.executable, model=".", prompt_wav=str(folder / "prompt.wav")
    )
    with CosyVoice(asked) as voice:
        yield voice


@pytest.mark.slow
def test_a_worker_is_started_dies_is_started_again_and_ends(
    child: CosyVoice, recording: tuple[np.ndarray, np.ndarray]
) -> None:
    np.testing.assert_array_equal(joined(list(child.speak("Hello.")))[0], recording[0])
    with pytest.raises(EngineError, match="ended while it was needed"):
        list(child.speak("die"))
    np.testing.assert_array_equal(joined(list(child.speak("Hello.")))[0], recording[0])
    children = psutil.Process().children()
    child.close()
    assert not [process for process in children if process.is_running()]


def test_a_folder_without_cosyvoice_is_told(tmp_path: Path) -> None:
    asked = CosyVoiceSettings(folder=str(tmp_path), python=sys.executable)
    with pytest.raises(ConfigError, match=r"could not start: CosyVoice cannot be imported"):
        CosyVoice(asked)
    missing = CosyVoiceSettings(folder=str(tmp_path), python=str(tmp_path / "python"))
    with pytest.raises(ConfigError, match="correct python and folder"):
        CosyVoice(missing)


def test_the_file_of_a_voice_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ann.toml"
    path.write_text('address = "127.0.0.1:9321"\nprompt_wav = "ann.wav"\ndecoder = "model"\n')
    found = read_settings(path)
    assert found.prompt_wav == str(tmp_path / "ann.wav")
    assert found.decoder == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "give address, or folder and python"),
        ('address = "9321"', "write it as 127.0.0.1:9321"),
        ('address = "a:1"\nstall_s = 0.0', "more than 0"),
        ('address = "a:1"\nmod = "sft"', "mod"),
        ('address = "a:1"\nmode = "loud"', "mode"),
    ],
)
def test_mistakes_in_the_file_are_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "ann.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_settings(path)


def test_the_worker_needs_nothing_of_facewire() -> None:
    source = worker_source()
    assert "import facewire" not in source
    assert "from facewire" not in source
    compile(source, "cosyvoice_worker.py", "exec")
