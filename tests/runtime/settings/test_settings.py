import re
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from facewire.errors import ConfigError
from facewire.face import Profile, make_face
from facewire.frame_rate import parse_frame_rate
from facewire.frames import StreamSpec
from facewire.settings.settings import Settings, load_settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "facewire.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _documented() -> str:
    (block,) = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(block)


def test_an_empty_file_is_the_default(write: Write) -> None:
    settings = load_settings(write(""))
    assert settings == Settings()
    assert settings.stream.exact_frame_rate() == 60
    assert settings.stream.lookahead_ms == "auto"
    assert settings.stream.engine == "phones"
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8765)
    assert settings.face.idle is True


def test_the_documented_file_loads_and_shows_the_defaults(write: Write) -> None:
    assert load_settings(write(_documented())) == Settings()


def test_the_documented_file_shows_every_key() -> None:
    assert tomllib.loads(_documented()).keys() == set(Settings.__struct_fields__)
    for table, value in tomllib.loads(_documented()).items():
        if isinstance(value, dict):
            fields = msgspec.structs.fields(type(getattr(Settings(), table)))
            assert value.keys() == {field.encode_name for field in fields}


def test_values_are_read(write: Write) -> None:
    settings = load_settings(
        write(
            """
            outputs = ["osc://127.0.0.1:9000", "csv:face.csv"]
            [stream]
            frame_rate = "30000/1001"
            lookahead_ms = 40
            [microphone]
            device = 3
            retry = true
            [server]
            port = 0
            allow_origin = ["https://example.org"]
            [face]
            idle = false
            seed = 7
            lower_face_strength = 1.5
            bs_weight_offsets = { mouthSmileLeft = 0.1 }
            """
        )
    )
    assert settings.outputs == ("osc://127.0.0.1:9000", "csv:face.csv")
    assert settings.stream.exact_frame_rate() == Fraction(30_000, 1001)
    assert settings.microphone.device == 3
    assert settings.server.allow_origin == ("https://example.org",)
    assert settings.face.seed == 7
    assert settings.face.offset("mouthSmileLeft") == 0.1
    assert settings.server.max_sessions == Settings().server.max_sessions


def test_the_face_table_is_a_profile() -> None:
    face = Settings().face
    assert isinstance(face, Profile)
    assert make_face(StreamSpec(), face, idle=face.idle, seed=face.fixed_seed) is not None


def test_a_byte_order_mark_is_not_a_mistake(write: Write) -> None:
    assert load_settings(write("\ufeff[server]\nport = 1\n")).server.port == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[servr]\nport = 1", r"unknown key 'servr'; did you mean 'server'\?"),
        ("prot = 1", "unknown key 'prot'; expected one of face, microphone, outputs, server, str"),
        ("port = 1", r"'port' belongs into \[server\]; write that line above it"),
        ("[stream]\nport = 1", r"'port' belongs into \[server\]; write that line above it"),
        ("[stream]\nab = 1", r"unknown key 'ab' in \[stream\]; expected one of backend, delay"),
        ("[stream]\nlookahead_ms = nan", "stream.lookahead_ms: nan is out of range; give a finite"),
        (
            "[server.limits]\nopening_s = inf",
            "server.limits.opening_s: inf is out of range; give a finite",
        ),
        ("[server]\nprot = 1", r"unknown key 'prot' in \[server\]; did you mean 'port'\?"),
        ("[server]\nhots = 'x'", r"unknown key 'hots' in \[server\]; did you mean 'host'\?"),
        ("[face]\nblink = 1", r"unknown key 'blink' in \[face\]; "),
        ("[server]\nport = 'x'", "server.port: expected whole number, got text"),
        ("[server]\nport = 70000", "server.port: expected whole number <= 65535"),
        ("[server]\nallow_origin = 'x'", "server.allow_origin: expected list, got text"),
        ("[server]\nallow_origin = ['example.org']", "origin is like https://example.org, not 'ex"),
        ("[server]\nallow_origin = ['https://x/page']", "origin is like https://example.org"),
        ("[server]\nbase_path = '/a b'", "server: base_path is like /facewire, and not '/a b'"),
        ("outputs = [1]", r"outputs\[0\]: expected text, got whole number"),
        ("server = 1", "server: expected table, got whole number"),
        ("[microphone]\nretry = 'yes'", "microphone.retry: expected true or false, got text"),
        ("[stream]\nlookahead_ms = -1", "stream.lookahead_ms: expected number >= 0"),
        ("[stream]\nlookahead_ms = 'no'", "stream.lookahead_ms: invalid enum value 'no'"),
        ("[stream]\nframe_rate = 'fast'", "stream: frame rate 'fast' is not a number"),
        ("[stream]\nframe_rate = 500", "stream: frame rate 500 is out of range"),
        ("[face.bs_weight_offsets]\njawOpenn = 0.1", "did you mean 'jawOpen'"),
        ("a = 1\nb = = 2", r"is not valid TOML: .*line 2"),
    ],
)
def test_mistakes_are_told_in_one_sentence(write: Write, text: str, message: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)
    binary = tmp_path / "model.onnx"
    binary.write_bytes(b"\x08\x0a\xff\xfe")
    with pytest.raises(ConfigError, match="not a text file"):
        load_settings(binary)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("60", Fraction(60)),
        (" 24 ", Fraction(24)),
        ("30000/1001", Fraction(30_000, 1001)),
        ("29.97", Fraction(30_000, 1001)),
        ("59.94", Fraction(60_000, 1001)),
        ("23.976", Fraction(24_000, 1001)),
        ("12.5", Fraction(25, 2)),
        ("60.0", Fraction(60)),
        ("1", Fraction(1)),
        ("240", Fraction(240)),
    ],
)
def test_frame_rates_are_exact(text: str, rate: Fraction) -> None:
    assert parse_frame_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "fast", "-30", "nan", "inf", "1e2", "1e999999999", "30/0", "0", "0.5", "240.01"),
        *("1/2/3", "30000 / 1001", "0x3c", "٦٠", "1_0", "9" * 5000),
    ],
)
def test_other_frame_rates_are_told_in_one_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="frame rate") as caught:
        parse_frame_rate(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 120
