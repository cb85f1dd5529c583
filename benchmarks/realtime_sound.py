"""The whole device in real time through PyAudio, PortAudio and a private PulseAudio without a sound card; looks for gaps.

    python benchmarks/realtime_sound.py --seconds 60 --replay ../shared/data/stress_predict/sub-02
    python benchmarks/realtime_sound.py --seconds 3600 --busy 2          # one real hour beside a busy machine

Chips, drivers, signals, model, guidance and composer run as they do by the bed, with a recorded or a simulated listener.
A PulseAudio with a null sink runs on a socket of its own; `parec` captures what that sink would have played, and each part of
the capture is stamped with the time at which it came. Everything that the player wrote is kept, and the capture is compared
with it: whatever was lost or inserted is reported with its place. At the end the device is stopped and started several times,
and the time from the command to the last audible sample is read off the capture.
`--busy 3` lets so many pure-Python threads compute beside the player, which is the worst that the device could do to itself;
`--burn 2` has so many other processes compute. An hour needs 1.4 GB of temporary disk.
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

from undertone.audio import Player, PortAudioSink
from undertone.audio.sinks_portaudio import FRAMES
from undertone.config import Settings
from undertone.device import Device, World, assemble
from undertone.flow import Command, CommandKind
from undertone.sim import Body
from undertone.storage import load_recording

RATE = 48000
WINDOW = 2400
"""Frames compared at a time."""
REACH = 30 * RATE
"""Frames within which the beginning of what was written must be found in the capture."""
AUDIBLE = 0.002
LSB = 1.0 / 32768.0
FULL_SCALE = 32767.0
STILL, SOUNDING = 1.5, 8.0
"""Seconds after a stop, and after a start before the next stop."""
PROGRESS_SECONDS = 60.0

STAMPER = """
import sys, time
out = open(sys.argv[1], "wb", buffering=0)
stamps = open(sys.argv[2], "w", buffering=1)
total = 0
while chunk := sys.stdin.buffer.read1(65536):
    now = time.monotonic()
    out.write(chunk)
    total += len(chunk)
    stamps.write(f"{now!r} {total}\\n")
"""
"""Keeps what it reads, and when it came."""

Sound = NDArray[np.int16]


class Tee:
    """A sink that keeps what it passes on, 16 bits to the sample."""

    paced = True

    def __init__(self, sink: PortAudioSink, kept: Path) -> None:
        self.rate_hz = sink.rate_hz
        self._kept = kept.open("ab")
        self._sink = sink

    @property
    def latency(self) -> float:
        return self._sink.latency

    def write(self, frames: NDArray[np.float32]) -> None:
        self._kept.write(np.round(frames * FULL_SCALE).astype("<i2").tobytes())
        self._sink.write(frames)

    def close(self) -> None:
        self._kept.close()
        self._sink.close()


@contextmanager
def private_pulseaudio(folder: Path) -> Iterator[None]:
    """A PulseAudio with a null sink, whose monitor is captured into cap.raw and cap.txt. ALSA finds it as "pulse"."""
    socket, settings = folder / "native", folder / "asound.conf"
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
    running = [server]
    try:
        deadline = time.monotonic() + 10.0
        while not socket.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("PulseAudio did not start.")
            time.sleep(0.05)
        recorder = subprocess.Popen(
            [
                *("parec", "-d", "ci.monitor", "--format=s16le", f"--rate={RATE}"),
                *("--channels=2", "--latency-msec=20", "--raw"),
            ],
            stdout=subprocess.PIPE,
        )
        running.insert(0, recorder)
        stamper = [sys.executable, "-c", STAMPER, str(folder / "cap.raw"), str(folder / "cap.txt")]
        running.append(subprocess.Popen(stamper, stdin=recorder.stdout))
        time.sleep(0.5)
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait(10)


def play(folder: Path, asked: argparse.Namespace) -> tuple[Device, list[float]]:
    """Have a session; the device, and the moments (of the machine's clock) at which it was told to stop."""

    def open_sink() -> Tee:
        return Tee(PortAudioSink("pulse", frames=asked.frames), folder / "kept.raw")

    if asked.replay is None:
        world = World.simulated(Body.tense(7), open_sink=open_sink, live=True)
    else:
        world = World.replay(load_recording(asked.replay), open_sink=open_sink, live=True)
    device = assemble(world, Settings())
    stopping = threading.Event()
    for _ in range(asked.busy):
        threading.Thread(target=_compute, args=(stopping,), daemon=True).start()
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(asked.burn)]
    try:
        start = end = world.clock.now()
        while end < start + asked.seconds:
            end = min(end + PROGRESS_SECONDS, start + asked.seconds)
            device.run(until=end)
            print(f"\r{end - start:.0f} of {asked.seconds:.0f} s; underruns {device.player.underruns}", end="", flush=True)
        print()
        stops = []
        for _ in range(asked.stops):
            stops.append(time.monotonic())
            device.command(Command(world.clock.now(), CommandKind.STOP))
            device.run(until=world.clock.now() + STILL)
            device.command(Command(world.clock.now(), CommandKind.START))
            device.run(until=world.clock.now() + SOUNDING)
    finally:
        stopping.set()
        for process in burning:
            process.kill()
            process.wait(10)
        device.close()
    return device, stops


def _compute(stopping: threading.Event) -> None:
    total = 0
    while not stopping.is_set():
        for number in range(1000):
            total += number * number


def silences(captured: Sound, stamps: NDArray[np.float64], stops: list[float]) -> list[float | None]:
    """Seconds from each stop to the last audible sample; None where nothing sounded before it or something sounded on.

    stamps: (n, 2), the moment at which each part came and the bytes until then. A sample cannot be played later than it came,
    so the least delay tells when the first one was.
    """
    began = float(np.min(stamps[:, 0] - stamps[:, 1] / 4 / RATE))
    found: list[float | None] = []
    for stop in stops:
        place = round((stop - began) * RATE)
        before = captured[max(0, place - RATE // 2) : place]
        audible = np.flatnonzero(np.abs(captured[place : place + round(STILL * RATE)]).max(axis=1) > 1)
        loud = len(before) > 0 and int(np.abs(before).max()) > AUDIBLE / LSB / 4
        done = not len(audible) or audible[-1] < (STILL - 0.2) * RATE
        found.append((float(audible[-1]) / RATE if len(audible) else 0.0) if loud and done else None)
    return found


def gaps(captured: Sound, written: Sound) -> list[tuple[float, int]]:
    """Where the capture departs from what was written: (second, frames; positive where sound is missing)."""
    found = []
    first = _first(written)
    offset = _offset(captured, written, first, reach=REACH)
    for place in range(first, len(written) - 2 * WINDOW, WINDOW):
        if np.abs(written[place : place + WINDOW]).max() < 4 or _same(captured, written, place, offset):
            continue
        moved = _offset(captured, written, place + WINDOW, reach=RATE)
        found.append((place / RATE, offset - moved))
        offset = moved
    return found


def _first(written: Sound) -> int:
    """The first audible frame."""
    for place in range(0, len(written), RATE):
        audible = np.abs(written[place : place + RATE]).max(axis=1) > AUDIBLE / LSB
        if audible.any():
            return place + int(np.argmax(audible))
    raise SystemExit("Nothing audible was written.")


def _same(captured: Sound, written: Sound, place: int, offset: int) -> bool:
    there = captured[place + offset : place + offset + WINDOW].astype(np.int32)
    return len(there) == WINDOW and bool(np.abs(there - written[place : place + WINDOW]).max() <= 2)


def _offset(captured: Sound, written: Sound, place: int, *, reach: int) -> int:
    """How much later the capture has what was written at a place."""
    wanted = written[place : place + 2 * WINDOW, 0] * LSB
    first = max(0, place - reach)
    there = captured[first : place + reach, 0] * LSB
    size = 1 << (len(there) + len(wanted)).bit_length()
    product = np.fft.irfft(np.fft.rfft(there, size) * np.conj(np.fft.rfft(wanted, size)), size)[: len(there)]
    # The least sum of squared differences: energy there − 2 × correlation, up to a constant.
    total = np.concatenate([[0.0], np.cumsum(there**2)])
    fits = len(there) - len(wanted) + 1
    energy = total[len(wanted) :] - total[:fits]
    return first + int(np.argmin(energy - 2.0 * product[:fits])) - place


def _steps(written: Sound) -> int:
    """The largest step from one sample to the next, of full scale in 32768."""
    largest = 0
    for place in range(0, len(written) - 1, 60 * RATE):
        part = written[place : place + 60 * RATE + 1].astype(np.int32)
        largest = max(largest, int(np.abs(np.diff(part, axis=0)).max()))
    return largest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play (20)")
    parser.add_argument("--replay", metavar="RECORDING", type=Path, help="a recorded listener (a simulated one)")
    parser.add_argument("--busy", type=int, default=0, help="pure-Python threads that compute beside it (0)")
    parser.add_argument("--burn", type=int, default=0, help="other processes that compute beside it (0)")
    parser.add_argument("--stops", type=int, default=5, help="how often to measure a stop (5)")
    parser.add_argument("--frames", type=int, default=FRAMES, help="frames in a buffer of the device (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="ten seconds and two stops")
    asked = parser.parse_args()
    if asked.quick:
        asked.seconds, asked.stops = 10.0, 2
    missing = [program for program in ("pulseaudio", "parec") if shutil.which(program) is None]
    if missing:
        print(f"Not found: {', '.join(missing)}. Try `sudo apt install pulseaudio pulseaudio-utils libasound2-plugins`.")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with private_pulseaudio(folder):
            device, stops = play(folder, asked)
            time.sleep(0.5)
        return _report(folder, device, stops, asked)


def _report(folder: Path, device: Device, stops: list[float], asked: argparse.Namespace) -> int:
    """Say what was found; 1 where there is a gap or an underrun."""
    captured = _mapped(folder / "cap.raw")
    written = _mapped(folder / "kept.raw")
    stamps = np.loadtxt(folder / "cap.txt", ndmin=2)
    departures = gaps(captured, written)
    player, counts = device.player, device.status().counts
    latency = player.sink_latency if isinstance(player, Player) else 0.0
    print(f"{len(written) / RATE:.1f} s written, {len(captured) / RATE:.1f} s captured; largest step {_steps(written)} / 32768")
    print(f"busy threads {asked.busy}, processes {asked.burn}; samples {counts['samples']}, lost {counts['samples lost']}")
    print(f"bars {counts['bars']}; underruns counted by the player: {player.underruns}; broken blocks: {player.broken}")
    known = [seconds for seconds in silences(captured, stamps, stops) if seconds is not None]
    if known:
        print(
            f"stop to silence on the capture: median {1000 * float(np.median(known)):.0f} ms, "
            f"longest {1000 * max(known):.0f} ms of {len(known)} (the device holds {1000 * latency:.0f} ms)"
        )
    if len(known) < len(stops):
        print(f"{len(stops) - len(known)} stops could not be measured: nothing sounded just before them")
    for second, frames in departures:
        print(
            f"  at {second:.2f} s: {abs(frames)} frames {'missing' if frames > 0 else 'inserted' if frames < 0 else 'altered'}"
        )
    print("no gap" if not departures else f"{len(departures)} gaps")
    return 1 if departures or player.underruns else 0


def _mapped(file: Path) -> Sound:
    """A file of 16-bit stereo sound, (n, 2), read as it is needed."""
    return np.memmap(file, "<i2", "r", shape=(file.stat().st_size // 4, 2))


if __name__ == "__main__":
    raise SystemExit(main())
