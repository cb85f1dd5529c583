"""Listeners' recordings and textures: what they cost, and how right what is made of them is.

    PYTHONPATH=firmware OMP_NUM_THREADS=1 python benchmarks/recordings.py

1. Shares of a core while a recording or a texture plays, over those of an empty bar in the same process.
2. Tempo without pitch: what a chord gains in other tones, and whether strokes stay whole.
3. Textures: loudness, brightness, sides.
4. Examination of rendered pieces of the corpus, whose tempo is known from their notes: is the tempo found, and does the guess
   at the energy tell pieces chosen as calm from lively ones? Nobody has rated either.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.audio import BLOCK, FluidSynth, Renderer, ToneSynth, find_soundfont
from undertone.audio.examining import examined
from undertone.audio.filters import BlockFilter, k_weighting, kernel
from undertone.audio.loudness import lufs
from undertone.audio.stretch import Stretch
from undertone.audio.textures import Textures
from undertone.errors import UndertoneError
from undertone.flow import Bar, Cue, Layer, Texture

RATE = 48000
EMPTY = Bar(0, 4, 60.0, (), 0.0, {}, {}, 8000.0, 0.1, 1.5, None, 0.0)
CHORD_HZ = (110.0, 220.3, 277.4, 329.9, 440.7, 554.1)
Sound = NDArray[np.float32]


def share(bars: list[Bar], seconds: float) -> float:
    """CPU time by the length of the sound: the least of three goes, because the machine is shared."""
    goes = []
    for _ in range(3):
        renderer = Renderer(ToneSynth())
        for bar in bars:
            renderer.queue(bar)
        renderer.render(2 * RATE)
        before = time.process_time()
        renderer.render(round(seconds * RATE))
        goes.append((time.process_time() - before) / seconds)
    return min(goes)


def costs(folder: Path, seconds: float) -> None:
    """Table 1."""
    import soundfile

    count = round(seconds / 4.0) + 2
    noise = 0.05 * np.random.default_rng(0).standard_normal((round((seconds + 12) * 44100), 2))
    files = {}
    for kind in ("wav", "flac", "ogg", "mp3"):
        files[kind] = str(folder / f"noise.{kind}")
        # In pieces: libsndfile's encoders put long ones on the stack.
        with soundfile.SoundFile(files[kind], "w", 44100, 2) as file:
            for start in range(0, len(noise), 44100):
                file.write(noise[start : start + 44100])
    empty = share([EMPTY] * count, seconds)
    print(f"\n1. Share of a core, beyond the {100 * empty:.2f} % of an empty bar")
    for kind, path in files.items():
        for speed in (1.0, 1.02, 1.08):
            bars = [replace(EMPTY, index=k, cue=Cue(path, 4.0 * k * speed, speed)) for k in range(count)]
            print(f"   {kind:5} of 44.1 kHz at speed {speed:4}   {100 * (share(bars, seconds) - empty):6.2f} %", flush=True)
    for texture in Texture:
        bars = [replace(EMPTY, index=k, textures={texture: -12.0}) for k in range(count)]
        print(f"   {texture.value:26}   {100 * (share(bars, seconds) - empty):6.2f} %", flush=True)


def stretched(sound: Sound, speed: float) -> tuple[Sound, int]:
    """All of the sound at another speed, and the number of splices."""
    place = 0

    def read(frames: int) -> Sound:
        nonlocal place
        place += frames
        return sound[:, place - frames : place]

    stretch, parts = Stretch(read, rate_hz=RATE, speed=speed), []
    while not parts or parts[-1].shape[1] == BLOCK:
        parts.append(stretch(BLOCK, speed))
    return np.concatenate(parts, axis=1), stretch.splices


def stretching(seconds: float) -> None:
    """Table 2."""
    clock = np.arange(round(seconds * RATE)) / RATE
    wave = np.sum([0.08 * np.sin(2 * np.pi * hz * clock + hz) for hz in CHORD_HZ], axis=0)
    hit = 0.2 * np.random.default_rng(1).standard_normal(2400) * np.exp(-np.arange(2400) / 400.0)
    hits = np.zeros(len(clock))
    starts = range(6000, len(clock) - 2400, RATE // 4)
    for start in starts:
        hits[start : start + 2400] += hit
    print("\n2. Speed   splices/s   other tones than the chord's   strokes that stay whole")
    for speed in (0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1):
        chord, splices = stretched(np.array([wave, wave], dtype=np.float32), speed)
        middle = chord[0, RATE:-RATE]
        power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
        hz = np.fft.rfftfreq(len(middle), 1.0 / RATE)
        near = np.any([np.abs(hz - tone) < 3.0 for tone in CHORD_HZ], axis=0)
        struck = stretched(np.array([hits, hits], dtype=np.float32), speed)[0][0]
        alike = np.correlate(struck, hit[:960].astype(np.float32), "valid") / float(np.dot(hit[:960], hit[:960]))
        due = [round(start / speed) for start in starts]
        whole = np.mean([alike[max(0, place - 2500) : place + 2500].max() > 0.95 for place in due])
        other = 10 * np.log10(power[~near].sum() / power.sum())
        print(f"   {speed:4}   {splices / seconds:9.2f}   {other:25.1f} dB   {100 * whole:20.0f} %", flush=True)


def loudness(sound: NDArray[np.float64]) -> float:
    """Without gates, LUFS."""
    weighted = BlockFilter(kernel(k_weighting(RATE), frames=BLOCK))
    blocks = [weighted(sound[:, start : start + BLOCK]) for start in range(0, sound.shape[1], BLOCK)]
    return lufs(float(np.mean([np.vdot(block, block) / BLOCK for block in blocks])))


def textures(seconds: float) -> None:
    """Table 3."""
    print("\n3. Texture   LUFS (three seeds)      >6 kHz   centroid   correlation of the sides")
    for texture in Texture:
        found = []
        gains = np.array([float(one is texture) for one in Texture])
        for seed in range(3):
            making = Textures(seed=seed, rate_hz=RATE, frames=BLOCK)
            blocks = [making(gains, None) for _ in range(round(seconds * RATE / BLOCK) + 9)]
            found.append(np.concatenate([block for block in blocks[9:] if block is not None], axis=1).astype(np.float64))
        power = np.abs(np.fft.rfft(found[0][0])) ** 2
        hz = np.fft.rfftfreq(found[0].shape[1], 1.0 / RATE)
        levels = " ".join(f"{loudness(sound):6.1f}" for sound in found)
        high, middle = power[hz > 6000].sum() / power.sum(), float(np.dot(power, hz) / power.sum())
        sides = np.corrcoef(found[0])[0, 1]
        print(f"   {texture.value:8} {levels}   {100 * high:8.2f} %   {middle:5.0f} Hz   {sides:8.2f}", flush=True)


def performed(piece: Path, seconds: float) -> Sound:
    """The notes of a MIDI file on the sound font, (2, n) at 48 kHz, each channel on a layer."""
    import mido

    synth = FluidSynth(find_soundfont(), rate_hz=RATE)
    layers = [layer for layer in synth.layers if layer is not Layer.PERCUSSION]
    parts: list[Sound] = []
    done, clock = 0, 0.0
    for message in mido.MidiFile(piece):
        clock += message.time
        if clock > seconds:
            break
        frames = round(clock * RATE) - done
        done += frames
        for start in range(0, frames, BLOCK):
            stems = np.zeros((len(synth.layers), 2, min(BLOCK, frames - start)), dtype=np.float32)
            synth.render(stems)
            parts.append(stems.sum(axis=0))
        if message.type in {"note_on", "note_off"}:
            layer = layers[message.channel % len(layers)]
            if message.type == "note_on" and message.velocity > 0:
                synth.strike(layer, message.note, message.velocity)
            else:
                synth.end(layer, message.note)
    synth.close()
    return np.concatenate(parts, axis=1)


def corpus(folder: Path, *, pieces: int, seconds: float) -> None:
    """Table 4."""
    import mido
    import soundfile

    place = Path(os.environ.get("UNDERTONE_CORPUS", Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"))
    if not (place / "calm").is_dir():
        print(f"\n4. There is no corpus in {place}; set UNDERTONE_CORPUS to the folder that holds calm/ and lively/.")
        return
    print("\n4. Piece                                 tempo written   found   energy guessed")
    energies: dict[str, list[float]] = {"calm": [], "lively": []}
    right = clear = 0
    for kind, guesses in energies.items():
        all_pieces = sorted((place / kind).glob("*.mid"))
        for piece in all_pieces[:: max(1, len(all_pieces) // pieces)][:pieces]:
            tempi = [mido.tempo2bpm(message.tempo) for message in mido.MidiFile(piece) if message.type == "set_tempo"]
            try:
                soundfile.write(folder / "piece.wav", 0.5 * performed(piece, seconds).T, RATE)
                found = examined(folder / "piece.wav")
            except (UndertoneError, OSError, ValueError, KeyError) as error:
                print(f"   {piece.stem[:36]:36} {error}")
                continue
            guesses.append(found.arousal)
            written = tempi[0] if tempi else 120.0
            if found.tempo_bpm is not None:
                clear += 1
                octaves = np.log2(found.tempo_bpm / written)
                right += bool(abs(octaves - round(octaves)) < 0.005)
            told = "none" if found.tempo_bpm is None else f"{found.tempo_bpm:.1f}"
            print(f"   {kind:6} {piece.stem[:30]:30} {written:13.1f}   {told:>5}   {found.arousal:+14.2f}", flush=True)
    calm, lively = energies["calm"], energies["lively"]
    if calm and lively:
        order = np.mean([low < high for low in calm for high in lively])
        print(f"   {right} of {clear} tempi found are that of the notes or an octave of it; {len(calm) + len(lively)} pieces.")
        print(f"   A lively piece is guessed to be livelier than a calm one in {100 * order:.0f} % of the pairs.")


def main() -> None:
    """Print the four tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="shorter sounds and four pieces of each kind")
    parser.add_argument("--pieces", type=int, default=12, help="of each kind in the corpus (default: 12)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        costs(folder, 8.0 if asked.quick else 20.0)
        stretching(6.0 if asked.quick else 20.0)
        textures(20.0 if asked.quick else 90.0)
        corpus(folder, pieces=4 if asked.quick else asked.pieces, seconds=40.0 if asked.quick else 75.0)


if __name__ == "__main__":
    main()
