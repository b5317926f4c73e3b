"""What tests of every folder share: the data folder, and a microphone that software speaks into."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from facewire.errors import ConfigError
from facewire.sources.sound_devices import list_input_devices, refresh_devices

SINK = "facewire_test"
LOUDSPEAKER = "facewire_loudspeaker"
PULSE_TOOLS = ("pulseaudio", "pactl", "paplay")

# A machine that does something else for a while has found no mistake.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what tells where others' programs were cloned, for the tests against them."""
    parser.addoption("--cosyvoice", type=Path, help="a clone of FunAudioLLM/CosyVoice")
    parser.addoption("--wavtokenizer", type=Path, help="a clone of jishengpeng/WavTokenizer")
    parser.addoption(
        "--audio2face-samples", type=Path, help="a clone of NVIDIA/Audio2Face-3D-Samples"
    )


def skip_unless_ci(reason: str) -> None:
    """Skip the test, but fail it where everything is meant to be installed."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with speech for validation, which is not part of the project."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FACEWIRE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}; set FACEWIRE_DATA to the folder with the speech data")
    return folder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only those trust who are given it, and its key."""
    if shutil.which("openssl") is None:
        skip_unless_ci("no openssl: apt install openssl")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=facewire", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class VirtualMicrophone:
    """A PulseAudio server of its own: a source hears what is played into a sink, and there is
    another sink for what programs play."""

    device = "pulse"
    """What the microphone, and the loudspeaker, is called in the list of devices."""
    loudspeaker_source = f"{LOUDSPEAKER}.monitor"
    """The source that hears the loudspeaker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self.variables = {
            "HOME": str(folder),
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_SINK": LOUDSPEAKER,
            "PULSE_SOURCE": f"{SINK}.monitor",
            "XDG_RUNTIME_DIR": str(folder),
        }

    @property
    def env(self) -> dict[str, str]:
        """The environment of a program that shall hear this microphone."""
        return os.environ | self.variables

    def plug_in(self) -> None:
        """Start the server, and return when it answers."""
        socket = f"module-native-protocol-unix socket={self._folder}/native auth-anonymous=1"
        sinks = [
            f"module-null-sink sink_name={name} norewinds=1 rate=48000"
            for name in (SINK, LOUDSPEAKER)
        ]
        options = ["-n", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
        with (self._folder / "pulseaudio.log").open("ab") as log:
            self._server = subprocess.Popen(
                ["pulseaudio", *options, "--daemonize=no", "-L", socket]
                + [word for sink in sinks for word in ("-L", sink)],
                env=self.env,
                stdout=log,
                stderr=log,
            )
        for _ in range(200):
            if self._control("list", "short", "sinks").returncode == 0:
                return
            time.sleep(0.05)
        pytest.fail(f"PulseAudio does not start: {(self._folder / 'pulseaudio.log').read_text()}")

    def unplug(self) -> None:
        """Kill the server, as when somebody pulls the cable."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def freeze(self) -> None:
        """Stop the server without ending it, as when a driver hangs; unplugging ends it."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on; what it held back comes at once."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def suspend(self, *, asleep: bool) -> None:
        """Put the source to sleep, or wake it: meanwhile nothing is recorded, and nothing said."""
        self._control("suspend-sink", SINK, "1" if asleep else "0")

    async def play(self, path: Path) -> None:
        """Speak a sound file into the microphone, in real time, and return when it is over."""
        player = await asyncio.create_subprocess_exec(
            *("paplay", f"--device={SINK}", "--latency-msec=1000", str(path)), env=self.env
        )
        try:
            assert await player.wait() == 0
        finally:
            if player.returncode is None:
                player.kill()
                await player.wait()

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["pactl", *arguments], env=self.env, capture_output=True, check=False)


@pytest.fixture
def virtual_microphone(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophone]:
    """A microphone for this process, and for those that get its `env`."""
    if not all(shutil.which(tool) for tool in PULSE_TOOLS):
        skip_unless_ci("no PulseAudio: apt install pulseaudio pulseaudio-utils libasound2-plugins")
    try:
        list_input_devices()
    except ConfigError as error:
        skip_unless_ci(str(error))
    # The path of a socket is at most 107 bytes long, which pytest's folders can exceed.
    with tempfile.TemporaryDirectory(prefix="facewire") as folder:
        microphone = VirtualMicrophone(Path(folder))
        microphone.plug_in()
        try:
            with monkeypatch.context() as environment:
                for name, value in microphone.variables.items():
                    environment.setenv(name, value)
                refresh_devices()
                if microphone.device not in [device.name for device in list_input_devices()]:
                    skip_unless_ci("ALSA knows no PulseAudio: apt install libasound2-plugins")
                yield microphone
        finally:
            microphone.unplug()
            refresh_devices()
