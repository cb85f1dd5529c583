"""The whole device in real time through PyAudio, PortAudio and a private PulseAudio without a sound card; looks for gaps.

    python benchmarks/realtime_sound.py --seconds 60 --replay ../shared/data/stress_predict/sub-02

Chips, drivers, signals, model, guidance and composer run as they do by the bed, with a recorded or a simulated listener.
A PulseAudio with a null sink runs on a socket of its own; `parec` captures what that sink would have played. Everything that
the player wrote is kept, and the capture is compared with it: whatever was lost or inserted is reported with its place.
`--busy 3` lets so many pure-Python threads compute beside the player, which is the worst that the device could do to itself.
Needs: pulseaudio pulseaudio-utils libasound2-plugins portaudio19-dev.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.audio import BLOCK, Player, PortAudioSink
from undertone.config import Settings
from undertone.device import Device, World, assemble
from undertone.flow import Command, CommandKind
from undertone.sim import Body
from undertone.storage import load_recording

RATE = 48000
WINDOW = 2400
"""Frames compared at a time."""
AUDIBLE = 0.002
LSB = 1.0 / 32768.0


class Tee:
    """A sink that keeps what it passes on."""

    paced = True

    def __init__(self, sink: PortAudioSink) -> None:
        self.rate_hz = sink.rate_hz
        self.kept: list[NDArray[np.float32]] = []
        self._sink = sink

    @property
    def latency(self) -> float:
        return self._sink.latency

    def write(self, frames: NDArray[np.float32]) -> None:
        self.kept.append(frames.copy())
        self._sink.write(frames)

    def close(self) -> None:
        self._sink.close()


@contextmanager
def private_pulseaudio(folder: Path) -> Iterator[Path]:
    """A PulseAudio with a null sink, and the file into which its monitor is captured. ALSA finds it as "pulse"."""
    socket, capture, settings = folder / "native", folder / "cap.raw", folder / "asound.conf"
    settings.write_text("</usr/share/alsa/alsa.conf>\npcm.pulse { type pulse }\nctl.pulse { type pulse }\n")
    here = {"HOME": folder, "XDG_RUNTIME_DIR": folder, "PULSE_RUNTIME_PATH": folder, "PULSE_STATE_PATH": folder}
    os.environ.update({name: str(path) for name, path in here.items()})
    os.environ.update(PULSE_SERVER=f"unix:{socket}", ALSA_CONFIG_PATH=str(settings))
    server = subprocess.Popen(
        [
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=true"),
            *("--high-priority=false", "--realtime=false"),
            *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"),
            *("-L", f"module-null-sink sink_name=ci rate={RATE} channels=2 format=s16le"),
        ],
        stderr=subprocess.DEVNULL,
    )
    recorder = None
    try:
        deadline = time.monotonic() + 10.0
        while not socket.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("PulseAudio did not start.")
            time.sleep(0.05)
        with capture.open("wb") as file:
            recorder = subprocess.Popen(
                [
                    *("parec", "-d", "ci.monitor", "--format=s16le", f"--rate={RATE}"),
                    *("--channels=2", "--latency-msec=100", "--raw"),
                ],
                stdout=file,
            )
            time.sleep(0.5)
            yield capture
    finally:
        for process in (recorder, server):
            if process is not None:
                process.terminate()
                process.wait(10)


def play(seconds: float, busy: int, recording: Path | None) -> tuple[NDArray[np.float32], Device, float]:
    """Have a session of so long; what was written, the device, and the seconds from stop to the last sound written."""
    sinks: list[Tee] = []

    def open_sink() -> Tee:
        sinks.append(Tee(PortAudioSink("pulse")))
        return sinks[-1]

    if recording is None:
        world = World.simulated(Body.tense(7), open_sink=open_sink, live=True)
    else:
        world = World.replay(load_recording(recording), open_sink=open_sink, live=True)
    device = assemble(world, Settings())
    stopping = threading.Event()
    for _ in range(busy):
        threading.Thread(target=_compute, args=(stopping,), daemon=True).start()
    start = world.clock.now()
    device.run(until=start + seconds)
    blocks = len(sinks[0].kept)
    device.command(Command(world.clock.now(), CommandKind.STOP))
    device.run(until=start + seconds + 1.0)
    stopping.set()
    heard = [index for index, block in enumerate(sinks[0].kept) if np.abs(block).max() > LSB]
    device.close()
    return np.concatenate(sinks[0].kept), device, (heard[-1] + 1 - blocks) * BLOCK / RATE


def _compute(stopping: threading.Event) -> None:
    total = 0
    while not stopping.is_set():
        for number in range(1000):
            total += number * number


def gaps(captured: NDArray[np.float64], written: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Where the capture departs from what was written: (second, frames; positive where sound is missing)."""
    found = []
    first = int(np.argmax(np.abs(written).max(axis=1) > AUDIBLE))
    offset = _offset(captured, written, first, reach=len(captured))
    for place in range(first, len(written) - 2 * WINDOW, WINDOW):
        if np.abs(written[place : place + WINDOW]).max() < 4 * LSB or _same(captured, written, place, offset):
            continue
        moved = _offset(captured, written, place + WINDOW, reach=RATE)
        found.append((place / RATE, offset - moved))
        offset = moved
    return found


def _same(captured: NDArray[np.float64], written: NDArray[np.float64], place: int, offset: int) -> bool:
    there = captured[place + offset : place + offset + WINDOW]
    return len(there) == WINDOW and bool(np.abs(there - written[place : place + WINDOW]).max() <= 2 * LSB)


def _offset(captured: NDArray[np.float64], written: NDArray[np.float64], place: int, *, reach: int) -> int:
    """How much later the capture has what was written at a place."""
    wanted = written[place : place + 2 * WINDOW, 0]
    first = max(0, place - reach)
    there = captured[first : place + reach, 0]
    size = 1 << (len(there) + len(wanted)).bit_length()
    product = np.fft.irfft(np.fft.rfft(there, size) * np.conj(np.fft.rfft(wanted, size)), size)[: len(there)]
    # The least sum of squared differences: energy there − 2 × correlation, up to a constant.
    total = np.concatenate([[0.0], np.cumsum(there**2)])
    fits = len(there) - len(wanted) + 1
    energy = total[len(wanted) :] - total[:fits]
    return first + int(np.argmin(energy - 2.0 * product[:fits])) - place


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play (20)")
    parser.add_argument("--replay", metavar="RECORDING", type=Path, help="a recorded listener (a simulated one)")
    parser.add_argument("--busy", type=int, default=0, help="pure-Python threads that compute beside it (0)")
    arguments = parser.parse_args()
    missing = [program for program in ("pulseaudio", "parec") if shutil.which(program) is None]
    if missing:
        print(f"Not found: {', '.join(missing)}. Try `sudo apt install pulseaudio pulseaudio-utils libasound2-plugins`.")
        return 2
    sys.setswitchinterval(0.001)
    with tempfile.TemporaryDirectory() as folder:
        with private_pulseaudio(Path(folder)) as capture:
            written, device, stop = play(arguments.seconds, arguments.busy, arguments.replay)
            time.sleep(0.5)
        captured = np.fromfile(capture, "<i2").reshape(-1, 2) / 32768.0
    latency = device.player.sink_latency if isinstance(device.player, Player) else 0.0
    departures = gaps(captured, written.astype(np.float64))
    audible = np.count_nonzero(np.abs(written).max(axis=1) > LSB) / RATE
    print(f"{len(written) / RATE:.1f} s written, {audible:.1f} s of it audible; {len(captured) / RATE:.1f} s captured")
    player, counts = device.player, device.status().counts
    print(f"busy threads beside it: {arguments.busy}; samples {counts['samples']}, lost {counts['samples lost']}")
    print(f"bars {counts['bars']}; underruns counted by the player: {player.underruns}; broken blocks: {player.broken}")
    print(f"stop to silence: {1000 * stop:.0f} ms of writing, {1000 * latency:.0f} ms that the sound device still held")
    for second, frames in departures:
        print(
            f"  at {second:.2f} s: {abs(frames)} frames {'missing' if frames > 0 else 'inserted' if frames < 0 else 'altered'}"
        )
    print("no gap" if not departures else f"{len(departures)} gaps")
    return 1 if departures else 0


if __name__ == "__main__":
    raise SystemExit(main())
