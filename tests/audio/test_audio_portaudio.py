"""The real PyAudio, PortAudio and ALSA, with a file in the place of a sound card."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from undertone.audio import sinks_portaudio
from undertone.errors import SoundError

ALSA = Path("/usr/share/alsa/alsa.conf")

PLAYS = """
import sys
import numpy as np
from undertone.audio import BLOCK, Outlet, Player, PortAudioSink, Renderer, ToneSynth
from undertone.flow import Bar, Layer, Note

notes = tuple(Note(k * 0.5, 1.0, 57 + 3 * k, 90, Layer.MELODY) for k in range(8))
bar = Bar(0, 4, 120.0, notes, 0.0, {}, {}, 3000.0, 0.3, 2.0, None, 0.0)

class Tee:
    paced = True
    def __init__(self, sink):
        self.rate_hz, self.latency, self.sink, self.kept = sink.rate_hz, sink.latency, sink, []
    def write(self, frames):
        self.kept.append(frames)
        self.sink.write(frames)
    def close(self):
        self.sink.close()

sink = Tee(PortAudioSink("tofile"))
player = Player(Renderer(ToneSynth()), sink, lambda t: bar, fade_in=0.5)
now = 0.0
while now < 4.0:
    now = player.advance(now)
player.close()
np.save(sys.argv[1], np.concatenate(sink.kept))
"""

REFUSALS = """
from undertone.audio import PortAudioSink
from undertone.errors import SoundError
for arguments in ({"device": "nonesuch"}, {"device": "tofile", "rate_hz": 0}):
    try:
        PortAudioSink(**arguments)
    except SoundError as error:
        print(error)
"""


@pytest.fixture
def alsa(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder in which "tofile" writes cap.raw, and the environment in which ALSA knows it."""
    if importlib.util.find_spec("pyaudio") is None:
        pytest.skip("PyAudio is not installed")
    if not ALSA.is_file():
        pytest.skip(f"ALSA's {ALSA} is missing: install libasound2-data")
    settings = tmp_path / "alsa.conf"
    target = f'pcm.tofile {{ type file slave.pcm "null" file "{tmp_path}/cap.raw" format "raw" }}'
    settings.write_text(f"<{ALSA}>\n{target}\n")
    package = Path(sinks_portaudio.__file__).parents[2]
    return tmp_path, {**os.environ, "ALSA_CONFIG_PATH": str(settings), "PYTHONPATH": str(package)}


def in_child(script: str, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """ALSA reads its configuration once, so each configuration needs a process."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_what_is_captured_is_what_was_rendered_without_a_gap(alsa: tuple[Path, dict[str, str]]) -> None:
    folder, environment = alsa
    done = in_child(PLAYS, environment, str(folder / "written.npy"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    written = np.load(folder / "written.npy")
    captured = np.fromfile(folder / "cap.raw", "<f4").reshape(-1, 2)
    start = np.flatnonzero(captured.any(axis=1))[0] - np.flatnonzero(written.any(axis=1))[0]
    assert len(written) > 3.7 * 48000 and np.abs(written).max() > 0.02
    assert np.array_equal(captured[start : start + len(written)], written)
    assert not captured[start + len(written) :].any() and len(captured) - start - len(written) >= 4096


def test_a_device_that_is_not_there_is_a_sentence(alsa: tuple[Path, dict[str, str]]) -> None:
    _, environment = alsa
    done = in_child(REFUSALS, environment)
    assert done.stderr == ""
    missing, refused = done.stdout.splitlines()
    assert missing.startswith("There is no sound device 'nonesuch'; there are: tofile")
    assert refused.startswith("The sound device 'tofile' refuses stereo sound at 0 Hz")


def test_without_pyaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(SoundError, match="PyAudio is not installed"):
        sinks_portaudio.open_default_sink()


def test_a_device_that_fails_at_once_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened anew all night long: nothing may be left behind."""
    given_back: list[str] = []

    class Broken:
        def get_device_count(self) -> int:
            return 1

        def get_device_info_by_index(self, index: int) -> dict[str, object]:
            return {"index": index, "name": "broken", "maxOutputChannels": 2}

        def get_default_output_device_info(self) -> dict[str, object]:
            return self.get_device_info_by_index(0)

        def open(self, **settings: object) -> Broken:
            return self

        def write(self, data: bytes, frames: int) -> None:
            raise OSError(-9988, "Stream closed")

        def stop_stream(self) -> None:
            given_back.append("stopped")

        def close(self) -> None:
            given_back.append("closed")

        def terminate(self) -> None:
            given_back.append("terminated")

    library = SimpleNamespace(paFloat32=1, PyAudio=Broken)
    monkeypatch.setitem(sys.modules, "pyaudio", library)  # type: ignore[arg-type]
    with pytest.raises(SoundError, match="Stream closed"):
        sinks_portaudio.PortAudioSink()
    assert given_back == ["stopped", "closed", "terminated"]
