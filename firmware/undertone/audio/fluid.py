"""FluidSynth as an instrument with one stereo output for each layer.

Theory of operation. Each layer plays on a MIDI channel of its own, and FluidSynth is told to render as many groups of
channels as there are layers, so that channel i comes out of group i, dry. The channel of percussion is made a drum channel:
its programs are kits (bank 128), its pitches instruments. Reverb, chorus and audio drivers stay off. Only samples of chosen
programs are kept in memory. The library is bound by hand: pyfluidsynth does not expose groups of outputs.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path
from typing import Any

from undertone.audio.quiet import quiet
from undertone.audio.synth import Stems
from undertone.errors import SoundError
from undertone.flow import Layer

__all__ = ["FluidSynth", "find_soundfont"]

LIBRARIES = ("libfluidsynth.so.3", "libfluidsynth.so.2", "libfluidsynth.3.dylib", "libfluidsynth.dylib")
FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/soundfonts"), Path("/usr/local/share/soundfonts"))
FONTS = ("FluidR3_GM.sf2", "TimGM6mb.sf2", "default-GM.sf2")
"""Best first."""
ADVICE = "install one with `sudo apt install fluid-soundfont-gm`"
REPAIR = "get it again with `sudo apt install --reinstall fluid-soundfont-gm`, or correct `audio.soundfont`"
GAIN = 0.8
"""Brings usual arrangements to about −29 LUFS."""
INTERPOLATION = 4
"""Fourth order, FluidSynth's own choice. Linear is 1, a fifth cheaper and dull above 5 kHz."""
FAILED = -1
DRUM_CHANNEL = 1
"""FluidSynth's name for a channel whose programs are kits: CHANNEL_TYPE_DRUM."""
RELEASE = 38
"""FluidSynth's number for how long a note's volume takes to fade once it is ended: GEN_VOLENVRELEASE."""
DAMPED = {14: -1500.0, 46: -2400.0, 48: -600.0, 49: -1200.0, 88: -600.0, 91: -600.0, 92: -1500.0, 94: -1200.0}
"""Programs that FluidR3_GM lets ring for 5 to 11 s after their end, mostly below hearing, with what to add to that time,
timecents (−1200 halves it). Left alone, a harp at four notes a second keeps more voices busy than there are."""

_P, _I, _D, _F, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_double, ctypes.c_float, ctypes.c_char_p
SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "new_fluid_settings": (_P, ()),
    "delete_fluid_settings": (None, (_P,)),
    "fluid_settings_setint": (_I, (_P, _S, _I)),
    "fluid_settings_setnum": (_I, (_P, _S, _D)),
    "new_fluid_synth": (_P, (_P,)),
    "delete_fluid_synth": (None, (_P,)),
    "fluid_set_log_function": (_P, (_I, _P, _P)),
    "fluid_is_soundfont": (_I, (_S,)),
    "fluid_synth_sfload": (_I, (_P, _S, _I)),
    "fluid_synth_set_interp_method": (_I, (_P, _I, _I)),
    "fluid_synth_set_channel_type": (_I, (_P, _I, _I)),
    "fluid_synth_set_gen": (_I, (_P, _I, _I, _F)),
    "fluid_synth_program_change": (_I, (_P, _I, _I)),
    "fluid_synth_noteon": (_I, (_P, _I, _I, _I)),
    "fluid_synth_noteoff": (_I, (_P, _I, _I)),
    "fluid_synth_all_sounds_off": (_I, (_P, _I)),
    "fluid_synth_get_active_voice_count": (_I, (_P,)),
    "fluid_synth_process": (_I, (_P, _I, _I, _P, _I, _P)),
}


def find_soundfont() -> Path:
    """The best General MIDI sound font on this machine.

    Raises SoundError if there is none.
    """
    for name in FONTS:
        for folder in FOLDERS:
            if (folder / name).is_file():
                return folder / name
    raise SoundError(f"There is no sound font in {FOLDERS[0]}: {ADVICE}.")


def _library() -> Any:
    found = ctypes.util.find_library("fluidsynth")
    for name in (*LIBRARIES, *([found] if found else [])):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        try:
            for function, (result, arguments) in SIGNATURES.items():
                entry = getattr(library, function)
                entry.restype, entry.argtypes = result, arguments
        except AttributeError as error:
            raise SoundError("This FluidSynth is older than version 2: install `libfluidsynth3`.") from error
        return library
    raise SoundError("FluidSynth is not installed: install it with `sudo apt install libfluidsynth3 fluid-soundfont-gm`.")


class FluidSynth:
    """Plays the sounds of an SF2 sound font.

    soundfont: from `find_soundfont` or the settings.
    polyphony: voices at most, 1…64; a note takes one to four.

    Raises SoundError, in a sentence, if the library or the font is missing or cannot be used.
    """

    def __init__(self, soundfont: Path | str, *, rate_hz: int = 48000, polyphony: int = 64) -> None:
        path = Path(soundfont)
        self.rate_hz = rate_hz
        self.layers: tuple[Layer, ...] = tuple(Layer)
        self._settings: int | None = None
        self._synth: int | None = None
        self._lib = _library()
        if not path.is_file():
            raise SoundError(f"There is no sound font {path}: {ADVICE}, or correct `audio.soundfont`.")
        for severity in range(5):
            self._lib.fluid_set_log_function(severity, None, None)
        if not self._lib.fluid_is_soundfont(str(path).encode()):
            raise SoundError(f"{path} is not a sound font (.sf2): {ADVICE}, or correct `audio.soundfont`.")
        self._open(min(64, max(1, polyphony)))
        with quiet():
            font = self._lib.fluid_synth_sfload(self._synth, str(path).encode(), 1)
        if font == FAILED:
            self.close()
            raise SoundError(f"The sound font {path} is damaged and cannot be loaded: {REPAIR}.")
        self._lib.fluid_synth_set_channel_type(self._synth, self.layers.index(Layer.PERCUSSION), DRUM_CHANNEL)
        self.program(Layer.PERCUSSION, 0)
        self._pointers = (ctypes.c_void_p * (2 * len(self.layers)))()

    def _open(self, polyphony: int) -> None:
        lib, groups = self._lib, len(self.layers)
        self._settings = lib.new_fluid_settings()
        whole = {
            "synth.audio-channels": groups,
            "synth.audio-groups": groups,
            "synth.polyphony": polyphony,
            "synth.reverb.active": 0,
            "synth.chorus.active": 0,
            "synth.dynamic-sample-loading": 1,
            "synth.lock-memory": 0,
            "synth.threadsafe-api": 0,
        }
        for name, value in whole.items():
            lib.fluid_settings_setint(self._settings, name.encode(), value)
        lib.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(self.rate_hz))
        lib.fluid_settings_setnum(self._settings, b"synth.gain", GAIN)
        self._synth = lib.new_fluid_synth(self._settings)
        if not self._synth:
            self.close()
            raise SoundError("FluidSynth could not be started: is there enough free memory?")
        lib.fluid_synth_set_interp_method(self._synth, -1, INTERPOLATION)

    @property
    def voices(self) -> int:
        """Voices that sound at present."""
        return int(self._lib.fluid_synth_get_active_voice_count(self._synth))

    def program(self, layer: Layer, number: int) -> None:
        """Give a layer's notes from now on a General MIDI sound, 0…127; percussion a kit, the standard one where the
        font has no such kit. Its samples are read from the disk now.
        """
        channel = self.layers.index(layer)
        self._lib.fluid_synth_program_change(self._synth, channel, number)
        damped = 0.0 if layer is Layer.PERCUSSION else DAMPED.get(number, 0.0)
        self._lib.fluid_synth_set_gen(self._synth, channel, RELEASE, damped)

    def strike(self, layer: Layer, pitch: int, velocity: int) -> None:
        """Begin a note."""
        self._lib.fluid_synth_noteon(self._synth, self.layers.index(layer), pitch, velocity)

    def end(self, layer: Layer, pitch: int) -> None:
        """Let a note fade out."""
        self._lib.fluid_synth_noteoff(self._synth, self.layers.index(layer), pitch)

    def silence(self) -> None:
        """Drop every note at once."""
        self._lib.fluid_synth_all_sounds_off(self._synth, -1)

    def render(self, stems: Stems) -> None:
        """Write the next frames, dry, over whatever the array holds. Frames of one channel must lie side by side."""
        stems[:] = 0.0
        base = stems.ctypes.data
        layer_step, side_step, _ = stems.strides
        for index in range(len(self._pointers)):
            self._pointers[index] = base + index // 2 * layer_step + index % 2 * side_step
        self._lib.fluid_synth_process(self._synth, stems.shape[2], 0, None, len(self._pointers), self._pointers)

    def close(self) -> None:
        """Give the memory back."""
        if self._synth:
            self._lib.delete_fluid_synth(self._synth)
            self._synth = None
        if self._settings:
            self._lib.delete_fluid_settings(self._settings)
            self._settings = None
