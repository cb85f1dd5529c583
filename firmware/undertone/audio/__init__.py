"""From bars of notes to sound.

`Renderer` is pure: a synthesiser plays each layer into a stem of its own, and the stems are balanced, swelled, darkened, put
into a room and held at the programme's loudness. `Player` keeps rendered sound ahead of the time at which it is due and
takes it through the `Outlet` (volume, stop, limiter) into a `Sink`; `PlayerThread` runs it in real time. Nothing here
decides what is played: bars come in, and the last chord is held when none does.
"""

from undertone.audio.deck import Deck
from undertone.audio.examining import Examined, examined, sound_files
from undertone.audio.fluid import FluidSynth, find_soundfont
from undertone.audio.outlet import Outlet
from undertone.audio.player import Player
from undertone.audio.player_thread import PlayerThread
from undertone.audio.renderer import BLOCK, Renderer
from undertone.audio.silent import SilentPlayer
from undertone.audio.sinks import NullSink, Sink, WavSink
from undertone.audio.sinks_portaudio import PortAudioSink, open_default_sink
from undertone.audio.synth import Stems, Synth, ToneSynth

__all__ = [
    "BLOCK",
    "Deck",
    "Examined",
    "FluidSynth",
    "NullSink",
    "Outlet",
    "Player",
    "PlayerThread",
    "PortAudioSink",
    "Renderer",
    "SilentPlayer",
    "Sink",
    "Stems",
    "Synth",
    "ToneSynth",
    "WavSink",
    "examined",
    "find_soundfont",
    "open_default_sink",
    "sound_files",
]
