"""Outputs as users write them."""

from pathlib import Path

import pytest

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.sinks.datagrams.sink import DatagramSink
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import LiveLinkCsv
from facewire.sinks.npz import NpzRecorder
from facewire.sinks.uri import (
    FACES,
    FILES,
    SPEECH,
    FileOutput,
    Kinds,
    parse_output,
    sink_from_uri,
)
from facewire.sinks.websocket import Broadcaster, WebSocketSink

LIVE = "ifacialmocap://HOST, livelink://HOST, osc://HOST:PORT, vmc://HOST, vrchat://HOST"


@pytest.mark.parametrize(
    ("uri", "kind", "name"),
    [
        ("osc://127.0.0.1:9000", DatagramSink, "osc://127.0.0.1:9000"),
        ("OSC://studio:9000/face?preset=arkit-each", DatagramSink, "osc://studio:9000"),
        ("osc://[::1]:9000/a/b/", DatagramSink, "osc://[::1]:9000"),
        ("osc://h:9000/a?bundle=no&preset=arkit-each", DatagramSink, "osc://h:9000"),
        ("csv:face.csv", LiveLinkCsv, "csv:face.csv"),
        ("CSV://face.csv", LiveLinkCsv, "csv:face.csv"),
        ("csv:take#2.csv", LiveLinkCsv, "csv:take#2.csv"),
        ("csv:50%20.csv", LiveLinkCsv, "csv:50%20.csv"),
        ("csv://face.csv", LiveLinkCsv, "csv:face.csv"),
        ("csv:take one.txt", LiveLinkCsv, "csv:take one.txt"),
        ("csv:/recordings/face.csv", LiveLinkCsv, "csv:/recordings/face.csv"),
        ("npz:face.npz", NpzRecorder, "npz:face.npz"),
        ("jsonl:face.jsonl", JsonlRecorder, "jsonl:face.jsonl"),
        ("face.csv", LiveLinkCsv, "csv:face.csv"),
        ("takes/Face.NPZ", NpzRecorder, "npz:takes/Face.NPZ"),
        ("./a:b.jsonl", JsonlRecorder, "jsonl:a:b.jsonl"),
    ],
)
def test_an_output_is_found_by_its_kind_or_its_ending(uri: str, kind: type, name: str) -> None:
    sink = sink_from_uri(uri, clock=SystemClock())
    assert isinstance(sink, kind)
    assert getattr(sink, "name", None) == name


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", f"{LIVE}, csv:FILE, jsonl:FILE or npz:FILE"),
        ("face.mp4", "osc://HOST:PORT"),
        ("face", "osc://HOST:PORT"),
        ("http://example.org/face.csv", "osc://HOST:PORT"),
        ("rtp://127.0.0.1:39539", "osc://HOST:PORT"),
        ("csv:", "names no file"),
        ("csv:/", "/ is a folder; name a file in it"),
        ("folder/", "folder/ is a folder; name a file in it"),
        ("osc:", "host and a port"),
        ("osc://", "host and a port"),
        ("osc://127.0.0.1", "host and a port"),
        ("osc://127.0.0.1:0", "host and a port"),
        ("osc://127.0.0.1:99999", "cannot be read"),
        ("osc://127.0.0.1:port", "cannot be read"),
        ("osc://127.0.0.1:9000?preset=some", "give array or array-61 or arkit-each or resonite"),
        ("osc://127.0.0.1:9000?rate=30", "has no option 'rate'; it has preset, bundle"),
        ("osc://127.0.0.1:9000/a b", "OSC address"),
        ("osc://127.0.0.1:9000/a%20b", "OSC address"),
        ("osc://127.0.0.1:9000/a#b", "has a #"),
        ("osc://127.0.0.1:9000#", "has a #"),
        ("osc://me:secret@127.0.0.1:9000", "an @"),
        ("osc://127.0.0.1:90\n00", "a tab"),
        ("osc://127.0.0.1:9000?bundle=maybe", "give yes or no"),
        ("osc://127.0.0.1:9000?bundle=no&bundle=yes", "gives bundle twice"),
        ("osc:face.csv", "host and a port"),
        ("csv:face.csv?overwrite=yes", "no option 'overwrite'; it has timecode, count, head"),
        ("csv:face.csv#1", "has a # after the file"),
        ("csv:face.csv?count=Count", "give BlendshapeCount or BlendShapeCount"),
        ("csv:face.csv?timecode=01:00:00;00", "is drop-frame, which these files cannot say"),
        ("csv:face.csv?timecode=24:00:00:00", "no time of a day"),
        ("csv:face.csv?timecode=", "no time of a day"),
        ("jsonl:face.jsonl?timecode=01:00:00:00", "which (npz|jsonl) files do not take"),
        ("npz:face.npz#2", "which (npz|jsonl) files do not take"),
        ("face.csv?x", "has no option 'x'"),
        ("csv:nul\0.csv", "names no file"),
        ("csv:folder/", "folder/ is a folder; name a file in it"),
        ("csv:~nobody-of-that-name/x.csv", "no folder that is known"),
        ("ws://:8765", "--port"),
    ],
)
def test_anything_else_is_the_users_mistake(uri: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        sink_from_uri(uri)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", ["csv:{}", "csv://{}", "{}", "{}/"])
@pytest.mark.parametrize("name", ["folder", "folder.csv"])
def test_a_folder_is_no_file(tmp_path: Path, given: str, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match=f"{name}/? is a folder; name a file in it"):
        sink_from_uri(given.format(tmp_path / name))


def test_where_a_server_runs_viewers_are_an_output() -> None:
    broadcaster = Broadcaster(clock=SystemClock())
    assert isinstance(sink_from_uri("ws://:8765", broadcaster=broadcaster), WebSocketSink)


@pytest.mark.parametrize("uri", ["csv:~/x.csv", "csv://~/x.csv", "~/x.csv"])
def test_a_tilde_is_the_users_home(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_output(uri) == FileOutput("csv", tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("uri", "kinds", "listed"),
    [
        (
            "x.mp3",
            SPEECH,
            f"{LIVE}, wav:FILE, tsv:FILE, csv:FILE, jsonl:FILE or npz:FILE",
        ),
        ("osc://h:9000", FILES, "csv:FILE, jsonl:FILE or npz:FILE"),
        ("x.wav", FACES, f"{LIVE}, csv:FILE, jsonl:FILE or npz:FILE"),
    ],
)
def test_what_is_listed_is_what_there_may_be(uri: str, kinds: Kinds, listed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_output(uri, kinds)
    assert str(caught.value) == f"{uri!r} is not an output here; give {listed}"


@pytest.mark.parametrize("uri", ["take.glb", "folder/take.VRMA"])
def test_what_is_converted_from_recordings_says_how(uri: str) -> None:
    with pytest.raises(ConfigError, match=f"run facewire convert take.npz {uri}"):
        parse_output(uri, FACES)


def test_options_of_a_file_are_no_part_of_its_name() -> None:
    for uri in ("csv:a.csv?timecode=01:00:00:00", "a.csv?timecode=01:00:00:00"):
        output = parse_output(uri)
        assert isinstance(output, FileOutput)
        assert output.path == Path("a.csv")
        wanted = {"timecode": "01:00:00:00", "count": "BlendshapeCount", "head": "yes"}
        assert output.options == wanted


def test_sound_and_words_may_be_named_by_their_kind() -> None:
    assert parse_output("wav:a.b", SPEECH) == FileOutput("wav", Path("a.b"))
    assert parse_output("tsv:words", SPEECH) == FileOutput("tsv", Path("words"))


@pytest.mark.parametrize(
    "uri",
    [
        "livelink://239.0.0.1?ttl={}",
        "vmc://?forward={}",
        "ifacialmocap://?tcp={}",
        "ifacialmocap://?reply={}",
    ],
)
@pytest.mark.parametrize("number", ["9" * 5000, "\u0663", "\u00b2", "-1", "1e3", ""])
def test_numbers_are_of_a_few_plain_digits(uri: str, number: str) -> None:
    """Python refuses to read thousands of digits, by an error of its own."""
    if "forward" in uri and not number:
        return  # as if it were not there
    with pytest.raises(ConfigError) as raised:
        parse_output(uri.format(number))
    assert len(str(raised.value)) < 500


def test_a_subject_that_is_no_text_is_refused() -> None:
    """As a command line has it that is no UTF-8."""
    with pytest.raises(ConfigError, match="no name of a subject"):
        parse_output("livelink://127.0.0.1?subject=\udcff")


async def test_a_name_that_no_host_can_have_is_refused() -> None:
    sink = sink_from_uri(f"vmc://127.0.0.1?forward={'a' * 70}:39540")
    with pytest.raises(ConfigError, match="cannot listen on"):
        await sink.open(StreamSpec(), "energy")
