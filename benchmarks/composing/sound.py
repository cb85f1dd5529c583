"""What is heard: renders our pieces and the pieces by people, and measures both in the same way.

Music by people is played dry on the instruments that its file names, each of its channels on one of ours, without any of our
effects and at the loudness that comes of it. Ours goes through everything that it goes through on the device.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.composing.pieces import WINDOW, corpus
from benchmarks.sensing.progress import tell
from undertone.audio import FluidSynth, find_soundfont
from undertone.device.recital import performed
from undertone.errors import SoundError
from undertone.flow import Bar, Layer
from undertone.report.listening import Listening, MeterSink
from undertone.report.measures_sound import SoundCurves, SoundMeasures, SoundMeter

__all__ = ["sound_table"]

RATE = 48000
STEP = 2048
QUICK = 12
"""Pieces by people that a quick run renders."""
SHOWN = {
    "lufs": "LUFS",
    "range_lu": "LRA",
    "true_peak_db": "true peak",
    "centroid_hz": "centroid Hz",
    "high_share": "> 4 kHz %",
    "dc_share": "DC %",
    "mono_loss_db": "mono loss",
    "clicks": "clicks",
}
PERCENT = {"high_share", "dc_share"}
Made = dict[tuple[str, str], list[tuple[list[Bar], object]]]


def sound_table(made: Made, *, quick: bool) -> None:
    """Print how the sound of every piece is, beside that of people's calm music."""
    try:
        synth = FluidSynth(find_soundfont(), rate_hz=RATE)
    except SoundError as error:
        print(f"\nNo sound is measured: {error}", file=sys.stderr)
        return
    head = "".join(f"{name:>24}" for name in SHOWN.values())
    print(f"\n{'sound: median (10 %…90 %)':<28}{head}{'off what is asked':>20}")
    for kind in ("calm", "lively"):
        files = sorted((corpus() / kind).glob("*.mid"))
        files = files[:: max(1, len(files) // QUICK)] if quick else files
        rows = [row for file in files if (row := _people(file, synth)) is not None]
        if rows:
            print(_row(f"people, {kind} ({len(rows)})", rows, []))
    synth.close()
    for (style, programme), pieces in made.items():
        rows, off = [], []
        for bars, _ in pieces[: 1 if quick else None]:
            tell(f"playing {style}, {programme}")
            # Each piece begins with instruments that nothing has been played on.
            sink, fresh = MeterSink(RATE), FluidSynth(find_soundfont(), rate_hz=RATE)
            performed(bars, fresh, sink)
            fresh.close()
            sound, curves = sink.meter.finish()
            rows.append(sound)
            off += _off(bars, sound, curves)
        tell("")
        print(_row(f"{style}, {programme}", rows, off))


def _off(bars: Sequence[Bar], sound: SoundMeasures, curves: SoundCurves) -> Iterable[float]:
    asked = Listening("", "", tuple(bars), sound=sound, curves=curves, target_lufs=-23.0).asked_lufs
    return [] if asked is None or sound.lufs is None else [sound.lufs - asked]


def _row(name: str, rows: Sequence[SoundMeasures], off: Sequence[float]) -> str:
    cells = []
    for key in SHOWN:
        factor = 100.0 if key in PERCENT else 1.0
        known = [factor * value for row in rows if (value := getattr(row, key)) is not None]
        if not known:
            cells.append("–")
            continue
        low, middle, high = np.quantile(known, [0.1, 0.5, 0.9])
        form = ".0f" if key in {"centroid_hz", "clicks"} else ".2f"
        cells.append(f"{middle:{form}} ({low:{form}}…{high:{form}})")
    told = f"{np.median(off):+.2f} LU" if off else ""
    return f"{name:<28}" + "".join(f"{cell:>24}" for cell in cells) + f"{told:>20}"


def _people(file: Path, synth: FluidSynth) -> SoundMeasures | None:
    """The first three minutes of a MIDI file as it is; None where it has more instruments than we have outputs."""
    import mido

    tell(f"playing {file.stem}")
    synth.silence()
    meter, places = SoundMeter(RATE), {}
    stems = np.zeros((len(synth.layers), 2, STEP), dtype=np.float32)
    free = [layer for layer in synth.layers if layer is not Layer.PERCUSSION]
    for layer in free:
        synth.program(layer, 0)
    frame = at = 0.0
    for message in mido.MidiFile(file):
        at += message.time * RATE
        if at > WINDOW * RATE:
            break
        while frame + STEP <= at:
            synth.render(stems)
            meter.push(stems.sum(axis=0).T)
            frame += STEP
        if not hasattr(message, "channel") or message.channel == 9:
            continue
        if message.channel not in places:
            if not free:
                return None
            places[message.channel] = free.pop(0)
        layer = places[message.channel]
        if message.type == "program_change":
            synth.program(layer, message.program)
        elif message.type == "note_on" and message.velocity:
            synth.strike(layer, message.note, message.velocity)
        elif message.type in ("note_on", "note_off"):
            synth.end(layer, message.note)
    tell("")
    return meter.finish()[0]
