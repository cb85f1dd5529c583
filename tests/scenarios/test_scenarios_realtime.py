"""A recorded person, the whole device, real time, threads, and the real PyAudio, with a file in the place of a sound card."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ALSA = Path("/usr/share/alsa/alsa.conf")
SECONDS = 4.0
RUN = "import sys; from undertone.cli import main; sys.exit(main())"


def test_a_recorded_person_is_played_to_through_pyaudio(recordings: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("pyaudio") is None or not ALSA.is_file():
        pytest.skip("PyAudio or ALSA's configuration is missing: install portaudio19-dev and libasound2-data")
    captured, alsa, config = tmp_path / "cap.raw", tmp_path / "alsa.conf", tmp_path / "undertone.yaml"
    alsa.write_text(f'<{ALSA}>\npcm.tofile {{ type file slave.pcm "null" file "{captured}" format "raw" }}\n')
    config.write_text("audio: {device: tofile}\n")
    person = str(recordings / "stress_predict" / "sub-02")
    asked = ["replay", person, "--minutes", str(SECONDS / 60.0), "--config", str(config)]
    environment = {**os.environ, "ALSA_CONFIG_PATH": str(alsa), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *asked], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Playing on the sound device" in done.stdout
    assert "heart" in done.stdout
    sound = np.fromfile(captured, np.float32).reshape(-1, 2)
    assert np.isfinite(sound).all()
    assert len(sound) / 48_000 == pytest.approx(SECONDS, abs=1.5)
    level = np.sqrt(np.mean(sound[: len(sound) // 2400 * 2400].reshape(-1, 2400, 2) ** 2, axis=(1, 2)))
    first, last = np.flatnonzero(level > 1e-4)[[0, -1]]
    assert last - first > 30, "more than a second and a half of music"
    assert (level[first:last] > 1e-5).all(), "no gap within it"
