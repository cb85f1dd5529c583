"""Human pieces as sound: MIDI files played by FluidSynth alone, for the band in which ours should lie."""

from __future__ import annotations

import ast
import csv
import ctypes
from pathlib import Path

import numpy as np

from undertone.audio.fluid import _library, find_soundfont

__all__ = ["authored", "played"]

RATE = 48000
GAIN = 0.5
"""Chorus off, reverb as FluidSynth has it: as the published band was measured."""


def authored(folder: Path) -> list[Path]:
    """The pieces of a folder whose tempo somebody wrote; exactly 60 bpm is what the typesetter's program puts elsewhere."""
    manifest = folder / "MANIFEST.csv"
    if not manifest.exists():
        return []
    with manifest.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [folder / row["file"] for row in rows if ast.literal_eval(row["bpm_in_file"]) != [60.0]]


def played(path: Path, seconds: float) -> np.ndarray:
    """The first part of a MIDI file, (frames, 2), until it ends and has died away."""
    library = _library()
    for name, result, arguments in (
        ("new_fluid_player", ctypes.c_void_p, (ctypes.c_void_p,)),
        ("delete_fluid_player", None, (ctypes.c_void_p,)),
        ("fluid_player_add", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
        ("fluid_player_play", ctypes.c_int, (ctypes.c_void_p,)),
        ("fluid_player_stop", ctypes.c_int, (ctypes.c_void_p,)),
        ("fluid_player_get_status", ctypes.c_int, (ctypes.c_void_p,)),
        (
            "fluid_synth_write_float",
            ctypes.c_int,
            (ctypes.c_void_p, ctypes.c_int, *2 * (ctypes.c_void_p, ctypes.c_int, ctypes.c_int)),
        ),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    settings = library.new_fluid_settings()
    library.fluid_settings_setint(settings, b"synth.chorus.active", 0)
    library.fluid_settings_setint(settings, b"synth.dynamic-sample-loading", 1)
    library.fluid_settings_setnum(settings, b"synth.gain", GAIN)
    library.fluid_settings_setnum(settings, b"synth.sample-rate", float(RATE))
    synth = library.new_fluid_synth(settings)
    for severity in range(5):
        library.fluid_set_log_function(severity, None, None)
    library.fluid_synth_sfload(synth, str(find_soundfont()).encode(), 1)
    player = library.new_fluid_player(synth)
    library.fluid_player_add(player, str(path).encode())
    library.fluid_player_play(player)
    parts, block = [], np.zeros((4096, 2), dtype=np.float32)
    while len(parts) * 4096 < seconds * RATE and library.fluid_player_get_status(player) == 1:
        pointer = block.ctypes.data_as(ctypes.c_void_p)
        library.fluid_synth_write_float(synth, 4096, pointer, 0, 2, pointer, 1, 2)
        parts.append(block.copy())
    library.fluid_player_stop(player)
    library.delete_fluid_player(player)
    library.delete_fluid_synth(synth)
    library.delete_fluid_settings(settings)
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros((0, 2))
