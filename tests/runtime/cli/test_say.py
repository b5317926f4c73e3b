"""`facewire say` as a user meets it: real processes, real files, real sockets."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.runtime.cli.started import FACEWIRE, address, start
from websockets.asyncio.client import connect

from facewire import arkit
from facewire.errors import FacewireError
from facewire.optional_dependency import install_command
from facewire.recordings.live_link_table import read_csv
from facewire.speaking.voices import load_voice

SENTENCE = "Bob bought my puppy a map."
WORDS = ["Bob", "bought", "my", "puppy", "a", "map."]


@pytest.fixture(autouse=True)
def _voice() -> None:
    try:
        load_voice(language="en-us", voice="", rate=175, pitch=50)
    except FacewireError as error:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must have it: {error}")
        pytest.skip(str(error))


def say(
    *arguments: str | Path, cwd: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command = [*FACEWIRE, "say", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, input=stdin, timeout=100)


def fails_with_one_sentence(result: subprocess.CompletedProcess[bytes], *parts: str) -> None:
    error = result.stderr.decode()
    assert result.returncode == 2, error
    lines = [line for line in error.splitlines() if line and not line.startswith("back-end ")]
    assert len(lines) == 1, error
    assert lines[0].startswith("facewire: ")
    for part in parts:
        assert part in lines[0]


async def ended(
    process: asyncio.subprocess.Process, stdin: bytes | None = None, status: int = 0
) -> str:
    async with asyncio.timeout(60):
        out, err = await process.communicate(stdin)
    assert process.returncode == status, err.decode()
    return out.decode()


def largest_step(weights: np.ndarray) -> float:
    return float(np.abs(np.diff(weights, axis=0)).max())


def test_files_alone_are_made_at_once_and_match(tmp_path: Path) -> None:
    outputs = ("-o", "out.wav", "-o", "face.csv", "-o", "face.jsonl", "-o", "words.tsv")
    result = say(SENTENCE, *outputs, "--no-idle", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert re.search(rb"^first_frame_ms \d+\.\d$", result.stdout, re.MULTILINE)
    assert b"face_lead_ms" not in result.stdout  # nothing is heard, so nothing is late
    samples, rate = soundfile.read(tmp_path / "out.wav")
    assert rate == 16_000
    assert 1.2 < len(samples) / rate < 2.5
    weights = read_csv(tmp_path / "face.csv").weights
    assert abs(len(weights) - 60 * len(samples) / rate) <= 1
    assert largest_step(weights) < 0.6
    rows = (tmp_path / "words.tsv").read_text().splitlines()
    words = [row.split("\t") for row in rows]
    assert words[0] == ["start_s", "end_s", "word"]
    assert [word for _, _, word in words[1:]] == WORDS
    jaw = weights[:, arkit.INDEX["jawOpen"]]
    start_s, end_s, _ = map(str, words[1])
    assert jaw[int(60 * float(start_s)) : int(60 * float(end_s))].max() > 0.15


def test_the_face_may_be_made_from_latents(tmp_path: Path) -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts")
    result = say(SENTENCE, "--face", "latents", "-o", "a.wav", "-o", "a.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    say(SENTENCE, "-o", "phones.csv", cwd=tmp_path)
    latents, phones = (read_csv(tmp_path / f"{name}.csv").weights for name in ("a", "phones"))
    jaw = arkit.INDEX["jawOpen"]
    count = min(len(latents), len(phones))
    assert np.corrcoef(latents[:count, jaw], phones[:count, jaw])[0, 1] > 0.8
    assert not np.array_equal(latents[:count], phones[:count])
    refused = say(SENTENCE, "--voice", "espeak", "--face", "latents", "-o", "b.csv", cwd=tmp_path)
    fails_with_one_sentence(refused, "the voice espeak has no latents", "the face phones")


def test_a_mute_has_word_times_and_the_same_face(tmp_path: Path) -> None:
    aloud = say(SENTENCE, "-o", "loud.npz", "-o", "loud.wav", cwd=tmp_path)
    mute = say(SENTENCE, "--mute", "-o", "mute.npz", cwd=tmp_path)
    assert aloud.returncode == mute.returncode == 0
    lines = mute.stdout.decode().splitlines()
    assert [line.split("\t")[2] for line in lines] == ["word", *WORDS]
    with np.load(tmp_path / "loud.npz") as loud, np.load(tmp_path / "mute.npz") as silent:
        np.testing.assert_array_equal(loud["weights"], silent["weights"])
    fails_with_one_sentence(say(SENTENCE, "--mute", "-o", "a.wav", cwd=tmp_path), "--mute", "wav")


def test_a_gloss_file_is_mouthed_when_its_signs_are(tmp_path: Path) -> None:
    lines = "HAUS\t0.5\t1.1\tHaus\nIX\t1.3\t1.6\t\nMAMA\t2.0\t2.6\tMama\nZU\t2.7\t2.8\tMama\n"
    (tmp_path / "signs.tsv").write_text(lines, encoding="utf-8")
    mouthing = ("--mute", "--gloss", "signs.tsv", "--language", "de", "--frame-rate", "25")
    result = say(*mouthing, "-o", "face.csv", "-o", "words.tsv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert b"warning: signs.tsv, line 4: 'Mama' is 4 shapes" in result.stderr
    assert (tmp_path / "words.tsv").read_text().splitlines()[1] == "0.500\t1.100\tHAUS"
    jaw = read_csv(tmp_path / "face.csv").weights[:, arkit.INDEX["jawOpen"]]
    assert len(jaw) == 78  # 3.1 s
    assert jaw[13:26].max() > 0.15
    assert jaw[33:48].max() < 0.02
    fails_with_one_sentence(say("Hi", *mouthing, cwd=tmp_path), "leave out the text")
    fails_with_one_sentence(say("--gloss", "signs.tsv", cwd=tmp_path), "add --mute")
    (tmp_path / "signs.tsv").write_text("HAUS\tsoon\t1\tHaus\n", encoding="utf-8")
    fails_with_one_sentence(say(*mouthing, "-o", "b.csv", cwd=tmp_path), "line 1", "seconds")


def test_what_is_mouthed_with_signs_is_not_read_as_a_text(tmp_path: Path) -> None:
    mouthing = ("--mute", "--gloss", "signs.tsv", "--language", "de", "-o", "face.csv")
    (tmp_path / "signs.tsv").write_text("IX\t0\t1\t-\n", encoding="utf-8")
    result = say(*mouthing, cwd=tmp_path)
    fails_with_one_sentence(result, "line 1: '-' cannot be pronounced")
    (tmp_path / "signs.tsv").write_text("A\t0\t2\t<sad=3>\n", encoding="utf-8")
    assert b"<sad=3> is left out" not in say(*mouthing, cwd=tmp_path).stderr


def test_piped_text_makes_the_same_files_as_an_argument(tmp_path: Path) -> None:
    text = "Hello there, my friend. How are you?"
    say(text, "-o", "argument.npz", cwd=tmp_path)
    result = say("-", "-o", "piped.npz", cwd=tmp_path, stdin=text.encode())
    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "argument.npz") as one, np.load(tmp_path / "piped.npz") as other:
        np.testing.assert_array_equal(one["weights"], other["weights"])


async def test_words_that_arrive_slowly_are_spoken_before_the_text_ends(tmp_path: Path) -> None:
    outputs = ("--no-page", "-o", "osc://127.0.0.1:9", "-o", "t.wav", "-o", "t.npz", "-o", "t.tsv")
    process = await start("say", "-", *outputs, cwd=tmp_path)
    assert process.stdin is not None
    for word in ("My ", "mother, ", "made ", "marmalade, "):
        process.stdin.write(word.encode())
        await process.stdin.drain()
        await asyncio.sleep(0.2)
    words = tmp_path / "t.tsv"
    for _ in range(600):
        if words.exists() and "marmalade," in words.read_text():
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("nothing was said before the text ended")
    await ended(process, b"and plum jam")
    rows = [row.split("\t") for row in words.read_text().splitlines()[1:]]
    said = " ".join(word for _, _, word in rows)
    assert said == "My mother, made marmalade, and plum jam"
    times = [float(value) for start_s, end_s, _ in rows for value in (start_s, end_s)]
    assert times == sorted(times)
    samples, rate = soundfile.read(tmp_path / "t.wav")
    assert times[-1] < len(samples) / rate
    with np.load(tmp_path / "t.npz") as face:
        assert abs(len(face["weights"]) - 60 * len(samples) / rate) <= 1
        assert largest_step(face["weights"]) < 0.6


async def test_the_page_waits_for_a_viewer_and_sends_faces_before_their_sound(
    tmp_path: Path,
) -> None:
    process = await start("say", SENTENCE, "--port", "0", cwd=tmp_path)
    faces: list[int] = []
    heard = 0
    async with connect(f"ws://{await address(process)}/face?format=json&audio=1") as viewer:
        hello = json.loads(await viewer.recv())
        assert hello["lookahead"] == 0
        async for message in viewer:
            if isinstance(message, bytes):
                start_sample = int.from_bytes(message[8:16], "little")
                heard = max(heard, len(message))
                if len(message) > 16:
                    assert faces, f"sound before any face, at {start_sample}"
            else:
                fields = json.loads(message)
                if fields["type"] == "ended":
                    break
                if fields["type"] == "frame":
                    faces.append(fields["timestamp"])
    assert heard > 160
    assert faces == sorted(faces)
    assert len(faces) > 60
    out = await ended(process)
    assert re.search(r"first_frame_ms \d+\.\d  face_lead_ms -?\d+\.\d at least", out)


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupt_keeps_what_was_said(
    tmp_path: Path, interruption: signal.Signals
) -> None:
    files = ("-o", "a.wav", "-o", "a.npz", "-o", "a.tsv")
    process = await start("say", "-", "--page", "--port", "0", *files, cwd=tmp_path)
    async with connect(f"ws://{await address(process)}/face") as viewer:
        assert process.stdin is not None
        process.stdin.write(b"Hello there, my friend, ")
        await process.stdin.drain()
        for _ in range(60):
            await viewer.recv()
        process.send_signal(interruption)
        await ended(process, status=128 + interruption)
    samples, rate = soundfile.read(tmp_path / "a.wav")
    assert len(samples) > 0
    for row in (tmp_path / "a.tsv").read_text().splitlines()[1:]:
        assert float(row.split("\t")[1]) <= len(samples) / rate + 0.001
    with np.load(tmp_path / "a.npz") as face:
        assert len(face["weights"]) > 10


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["  "], ["nothing to say"]),
        (["...", "-o", "a.csv"], ["nothing of the text"]),
        (["-", "-o", "a.csv"], ["standard input", "send some words"]),
        (["hi", "--language", "martian"], ["martian"]),
        (["hi", "--voice", "nobody"], ["nobody"]),
        (["hi", "--rate", "7"], ["80"]),
        (["hi", "--pitch", "900"], ["100"]),
        (["hi", "-o", "a.xyz"], ["a.xyz"]),
        (["hi", "-o", "no/such/a.wav"], ["no/such"]),
        (["hi", "-o", "no/such/a.tsv"], ["no/such"]),
        (["hi", "-o", "a.csv", "--engine", "energy"], ["energy", "phones"]),
    ],
)
def test_a_users_mistake_is_one_sentence_and_status_2(
    arguments: list[str], parts: list[str], tmp_path: Path
) -> None:
    fails_with_one_sentence(say(*arguments, cwd=tmp_path), *parts)


def test_words_that_a_voice_cannot_say_are_named(tmp_path: Path) -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts")
    result = say("Hello 你好, hello 你好.", "-o", "a.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (line,) = (line for line in result.stdout.decode().splitlines() if "cannot say" in line)
    assert line.count("你好") == 2, "each once, as it is written: with a comma and a full stop"
    assert "--voice" in line
    fails_with_one_sentence(
        say("你好", "-o", "b.csv", cwd=tmp_path), "cannot say '你好'", "--language"
    )
    assert b"cannot say" not in say("Hello.", "-o", "c.csv", cwd=tmp_path).stdout


def test_a_language_of_a_region_is_that_language(tmp_path: Path) -> None:
    result = say("Guten Tag.", "--language", "de-DE", "-o", "a.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "'de-de'" in result.stderr.decode()


def test_text_is_read_as_utf8_whatever_the_locale(tmp_path: Path) -> None:
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    def said(text: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [*map(str.encode, FACEWIRE), b"say", text, b"-o", b"words.tsv", b"--overwrite"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, timeout=100
        )

    result = said("A café.".encode())
    assert result.returncode == 0, result.stderr
    assert "café." in (tmp_path / "words.tsv").read_text(encoding="utf-8")
    fails_with_one_sentence(said("A café.".encode("latin-1")), "UTF-8")


@pytest.mark.slow
def test_a_hundred_thousand_characters(tmp_path: Path) -> None:
    text = ("All work and no play makes Jack a dull boy. " * 2_300)[:100_000]
    result = say(
        "-",
        "--rate",
        "450",
        "--frame-rate",
        "5",
        "-o",
        "long.npz",
        cwd=tmp_path,
        stdin=text.encode(),
    )
    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "long.npz") as face:
        assert len(face["weights"]) > 5 * 1_800


def test_help_has_examples(tmp_path: Path) -> None:
    result = say("--help", cwd=tmp_path)
    assert result.returncode == 0
    assert b"facewire say" in result.stdout.split(b"Examples")[1]


def test_languages_and_voices_are_listed_and_can_be_chosen(tmp_path: Path) -> None:
    command = [*FACEWIRE, "voices"]
    listed = subprocess.run([*command, "--json"], capture_output=True, timeout=100)
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert found["languages"]["de"] == "German"
    assert len(found["languages"]) > 100
    for name in ("f2", "Annie"):
        assert name in found["voices"]
        load_voice(language="de", voice=name, rate=175, pitch=50)
    rows = {row["name"]: row for row in found["all"]}
    assert rows["espeak"]["installed"]
    assert rows["espeak"]["licence"] == "GPL-3.0"
    assert rows["hibari"]["licence"] == "Apache-2.0"
    assert str(len(found["languages"])) in rows["espeak"]["speaks"].split()
    assert not [row for row in found["all"] if "docs/" in row["get"]]
    own = {row["name"]: dict(row["own_voices"]) for row in found["all"]}
    if rows["hibari"]["installed"]:
        assert own["hibari"]["heart"] == "American, female"
        assert {"fenrir", "emma"} < own["hibari"].keys()
    assert not rows["cosyvoice:FILE.toml"]["installed"] or rows["cosyvoice:FILE.toml"]["get"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert "de  German" in shown.stdout
    assert "American English" in shown.stdout
    assert ("hibari:heart" in shown.stdout) == rows["hibari"]["installed"]
    fails_with_one_sentence(say("hi", "--voice", "zzzzzz", cwd=tmp_path), "facewire voices")


def test_voices_that_are_not_installed_say_how_to_get_them(tmp_path: Path) -> None:
    program = """
import ctypes, sys
sys.modules["hibari"] = sys.modules["espeakng_loader"] = None
load = ctypes.CDLL
def cdll(name, *rest, **more):
    if "espeak" in str(name):
        raise OSError("hidden")
    return load(name, *rest, **more)
ctypes.CDLL = cdll
sys.argv = ["facewire", "voices", "--json"]
from facewire_cli.__main__ import main
main()
"""
    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=100)
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert found["languages"] == {}
    for name, extra in (("hibari", "voice"), ("espeak", "tts")):
        (row,) = (row for row in found["all"] if row["name"] == name)
        assert not row["installed"]
        assert row["get"] == install_command(extra)


def test_a_long_text_shows_how_much_was_spoken(tmp_path: Path) -> None:
    text = "All work and no play makes Jack a dull boy. " * 100
    result = subprocess.run(
        [*FACEWIRE, "say", text, "-o", "long.csv"],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
        env=os.environ | {"FORCE_COLOR": "1", "TERM": "xterm"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert re.search(r"speech.* [1-9]:\d\d", result.stderr, re.DOTALL), result.stderr[-500:]
