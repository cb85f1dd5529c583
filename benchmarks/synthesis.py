"""What sounding costs, ours beside the other synthesisers of this machine: 32 notes held for a minute.

    PYTHONPATH=firmware OMP_NUM_THREADS=1 python benchmarks/synthesis.py [--seconds 60] [--runs 3]

The same 32 notes (eight on each of four layers) are played by FluidSynth as the device does, by the plain tones that stand in
for it, and, where they are installed, by FluidSynth's own program, TiMidity++, Csound and SuperCollider's server. CPU time by
the length of the sound: 0.02 is 2 % of a core. It is not the same work: what differs stands beside each figure. Reverb and
other effects are off everywhere; for what ours cost see benchmarks/audio_chain.py.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from undertone.audio import BLOCK, FluidSynth, Synth, ToneSynth
from undertone.flow import Layer

RATE = 48000
LAYERS = (Layer.PAD, Layer.HARMONY, Layer.MELODY, Layer.COUNTER)
PROGRAM = 49
"""Slow strings: they sound as long as they are held."""
PITCHES = (48, 52, 55, 60, 64, 67, 72, 76)
FONTS = (Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"), Path("/usr/share/sounds/sf2/TimGM6mb.sf2"))


class Engine(NamedTuple):
    """Something that makes sound."""

    name: str
    play: Callable[[float], tuple[float, float]]
    """Plays so many seconds; CPU seconds and megabytes of memory."""
    differs: str


def _resident_mb(process: int | str = "self") -> float:
    """Memory of a process; 0 for one that has just ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmRSS")), 0.0)


def _ours(make: Callable[[], Synth]) -> Callable[[float], tuple[float, float]]:
    def play(seconds: float) -> tuple[float, float]:
        before = _resident_mb()
        synth = make()
        for layer in LAYERS:
            synth.program(layer, PROGRAM)
            for pitch in PITCHES:
                synth.strike(layer, pitch, 70)
        stems = np.zeros((len(synth.layers), 2, BLOCK), dtype=np.float32)
        started = time.thread_time()
        for _ in range(round(seconds * RATE / BLOCK)):
            synth.render(stems)
        spent, grown = time.thread_time() - started, _resident_mb() - before
        synth.close()
        return spent, grown

    return play


def _program(command: Callable[[Path, float], list[str]]) -> Callable[[float], tuple[float, float]]:
    """Runs another program twice, with the minute and with next to nothing of it, so that only the sounding counts."""

    def run(folder: Path, seconds: float) -> tuple[float, float]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(command(folder, seconds), cwd=folder, stdout=said, stderr=said)
            memory = 0.0
            while process.poll() is None:
                memory = max(memory, _resident_mb(process.pid))
                time.sleep(0.02)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise RuntimeError((folder / "said").read_text(errors="replace").strip().splitlines()[-1:])
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory

    def play(seconds: float) -> tuple[float, float]:
        with tempfile.TemporaryDirectory(prefix="undertone-synthesis-") as name:
            folder = Path(name)
            start, _ = run(folder, 0.1)
            spent, memory = run(folder, seconds)
        return max(spent - start, 1e-9), memory

    return play


def _midi(folder: Path, seconds: float) -> Path:
    import mido

    score = mido.MidiFile(type=0, ticks_per_beat=480)
    track = mido.MidiTrack()
    for channel in range(len(LAYERS)):
        track.append(mido.Message("program_change", channel=channel, program=PROGRAM))
        track.extend(mido.Message("note_on", channel=channel, note=pitch, velocity=70) for pitch in PITCHES)
    ticks = max(1, round(seconds * 960))
    for channel in range(len(LAYERS)):
        for pitch in PITCHES:
            track.append(mido.Message("note_off", channel=channel, note=pitch, time=ticks))
            ticks = 0
    score.tracks.append(track)
    path = folder / "notes.mid"
    score.save(str(path))
    return path


def _timidity(folder: Path, seconds: float) -> list[str]:
    settings = ("-s", str(RATE), "-EFreverb=0", "-EFchorus=0", "-Ow", "-o", "/dev/null")
    return ["timidity", "-c", "/dev/null", "-x", f"soundfont {FONTS[0]}", *settings, str(_midi(folder, seconds))]


def _fluidsynth(folder: Path, seconds: float) -> list[str]:
    options = ("-ni", "-R", "0", "-C", "0", "-r", str(RATE), "-F", "/dev/null", "-T", "raw")
    return ["fluidsynth", *options, "-o", "synth.polyphony=64", str(FONTS[0]), str(_midi(folder, seconds))]


def _csound(folder: Path, seconds: float) -> list[str]:
    orchestra = f"sr={RATE}\nksmps=64\nnchnls=2\n0dbfs=1\ninstr 1\n kenv linsegr 0,.5,.01,.3,0\n"
    orchestra += " a1 vco2 kenv,p4\n a2 vco2 kenv,p4*1.003\n a3 butterlp a1+a2,2000\n outs a3,a3\nendin\n"
    score = "".join(f"i1 0 {seconds} {440 * 2 ** ((p - 69) / 12 + n / 1200):.3f}\n" for n in range(4) for p in PITCHES)
    path = folder / "notes.csd"
    parts = ("<CsoundSynthesizer>", "<CsInstruments>", orchestra, "</CsInstruments>", "<CsScore>", score, "</CsScore>")
    path.write_text("\n".join((*parts, "</CsoundSynthesizer>", "")))
    return ["csound", "-n", "-d", "-m0", str(path)]


def _scsynth(folder: Path, seconds: float) -> list[str]:
    """A score of OSC messages for the server's own not-real-time mode, and the instrument in its binary form."""

    def text(value: str) -> bytes:
        return value.encode() + bytes(4 - len(value) % 4)

    def message(address: str, *values: int | float | str | bytes) -> bytes:
        tags, body = ",", b""
        for value in values:
            if isinstance(value, bytes):
                tags, body = tags + "b", body + struct.pack(">i", len(value)) + value + bytes(-len(value) % 4)
            elif isinstance(value, str):
                tags, body = tags + "s", body + text(value)
            elif isinstance(value, int):
                tags, body = tags + "i", body + struct.pack(">i", value)
            else:
                tags, body = tags + "f", body + struct.pack(">f", value)
        return text(address) + text(tags) + body

    def bundle(at: float, *messages: bytes) -> bytes:
        body = b"#bundle\0" + struct.pack(">Q", int(at * 2**32))
        body += b"".join(struct.pack(">i", len(each)) + each for each in messages)
        return struct.pack(">i", len(body)) + body

    notes = [
        message("/s_new", "tone", 1000 + 8 * n + i, 0, 0, "hz", 440 * 2 ** ((p - 69) / 12 + n / 1200))
        for n in range(4)
        for i, p in enumerate(PITCHES)
    ]
    score = bundle(0.0, message("/d_recv", _synthdef())) + bundle(0.01, *notes) + bundle(seconds, message("/c_set", 0, 0.0))
    path = folder / "notes.osc"
    path.write_bytes(score)
    return ["scsynth", "-N", str(path), "_", "/dev/null", str(RATE), "WAV", "int16", "-o", "2"]


def _synthdef() -> bytes:
    """Two detuned saws and a low-pass, as the other has: SuperCollider's synth definition file format, version 1."""

    def name(value: str) -> bytes:
        return bytes([len(value)]) + value.encode()

    def ugen(kind: str, rate: int, inputs: list[tuple[int, int]], outputs: int, special: int = 0) -> bytes:
        wires = b"".join(struct.pack(">hh", *wire) for wire in inputs)
        head = name(kind) + struct.pack(">bhhh", rate, len(inputs), outputs, special)
        return head + wires + bytes([rate]) * outputs

    constants = [1.003, 0.01, 2000.0, 0.0]
    times = 2
    """BinaryOpUGen's number for a product."""
    units = [
        ugen("Control", 1, [], 1),
        ugen("BinaryOpUGen", 1, [(0, 0), (-1, 0)], 1, times),
        ugen("Saw", 2, [(0, 0)], 1),
        ugen("Saw", 2, [(1, 0)], 1),
        ugen("BinaryOpUGen", 2, [(2, 0), (3, 0)], 1, 0),
        ugen("LPF", 2, [(4, 0), (-1, 2)], 1),
        ugen("BinaryOpUGen", 2, [(5, 0), (-1, 1)], 1, times),
        ugen("Out", 2, [(-1, 3), (6, 0), (6, 0)], 0),
    ]
    body = name("tone") + struct.pack(">h", len(constants)) + b"".join(struct.pack(">f", c) for c in constants)
    body += struct.pack(">hf", 1, 440.0) + struct.pack(">h", 1) + name("hz") + struct.pack(">h", 0)
    body += struct.pack(">h", len(units)) + b"".join(units) + struct.pack(">h", 0)
    return b"SCgf" + struct.pack(">ih", 1, 1) + body


def engines() -> list[Engine]:
    """Every synthesiser that is here, ours first."""
    found = []
    for font in FONTS:
        if font.is_file():
            ours = _ours(lambda font=font: FluidSynth(font, rate_hz=RATE))  # type: ignore[misc]
            found.append(Engine(f"FluidSynth, {font.stem} (ours)", ours, "a stem for each layer, at most 64 voices"))
    found.append(Engine("plain tones (ours, numpy)", _ours(lambda: ToneSynth(rate_hz=RATE)), "a table a note, no filter"))
    others = {
        "fluidsynth": (_fluidsynth, "the same font, all in one output, 64 voices"),
        "timidity": (_timidity, "the same font, one output"),
        "csound": (_csound, "two saws and a low-pass a note, doubles"),
        "scsynth": (_scsynth, "two saws and a low-pass a note"),
    }
    for program, (command, differs) in others.items():
        if shutil.which(program):
            found.append(Engine(program, _program(command), differs))
        else:
            print(f"{program} is not installed and left out", file=sys.stderr)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of sound (60)")
    parser.add_argument("--runs", type=int, default=3, help="of each, of which the median counts (3)")
    asked = parser.parse_args()
    print(f"{'32 notes':36} {'CPU s per s':>12} {'beside ours':>12} {'memory MB':>10}  what differs")
    first = 0.0
    for engine in engines():
        try:
            runs = [engine.play(asked.seconds) for _ in range(asked.runs)]
        except RuntimeError as error:
            print(f"{engine.name:36} could not be run: {error}")
            continue
        share = statistics.median(spent for spent, _ in runs) / asked.seconds
        first = first or share
        memory = max(grown for _, grown in runs)
        print(f"{engine.name:36} {share:12.4f} {share / first:11.2f}× {memory:10.0f}  {engine.differs}")


if __name__ == "__main__":
    main()
