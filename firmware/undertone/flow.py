"""Every value that flows through the device, in the order in which it flows. Read this first.

    body → Block → Beat, Response → Features → Affect → Directive → Bar → sound
                       (trouble on the way: Fault; what a person wants: Command; what is told: Status, Record)

All values are frozen. Arrays are read-only. Times are seconds on the monotonic clock of `timeline`; wall time exists only in
`storage`. `None` means "not known": it is never written as 0 or NaN. Units stand at the end of a name where they are not SI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Affect", "AffectSource", "Bar", "Beat", "BeatFlag", "Block", "Channel", "Command", "CommandKind", "Cue", "Directive",
    "Fault", "FaultKind", "Features", "Goal", "Layer", "Note", "Phase", "Record", "Response", "Status", "Texture", "readonly",
]

Samples = NDArray[np.float64]


def readonly(values: object) -> Samples:
    """The values as a float64 array that nobody can write to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


# ---------------------------------------------------------------------------------------------------------------- sensing

class Channel(StrEnum):
    """What a block of samples measures."""

    INFRARED = "infrared"
    """Light reflected at 880 nm, ADC counts 0…262143, where more blood means fewer counts. The pulse is found here."""
    RED = "red"
    """Light reflected at 660 nm, ADC counts 0…262143."""
    SKIN = "skin"
    """Skin conductance, microsiemens, 0 with the electrodes off."""


@dataclass(frozen=True, slots=True)
class Block:
    """Evenly spaced samples of one channel, with the rate as measured."""

    channel: Channel
    t0: float
    """Time of the first sample, seconds."""
    rate_hz: float
    """As measured: sample i was taken at t0 + i / rate_hz."""
    values: Samples
    """Shape (n,), n ≥ 1, in the unit of the channel."""
    lost: int = 0
    """Samples lost between the previous block of this channel and this one, or set aside while the sensor was adjusted."""
    pod: int = 0
    """Which sensor pod, 0…7."""

    @property
    def times(self) -> Samples:
        """Time of each sample, seconds, shape (n,)."""
        return self.t0 + np.arange(len(self.values)) / self.rate_hz

    @property
    def end(self) -> float:
        """When the sample after the last one is due, seconds."""
        return self.t0 + len(self.values) / self.rate_hz


class BeatFlag(StrEnum):
    """What the cleaning of intervals made of a beat."""

    CLEAN = "clean"
    FIRST = "first"
    """After a gap or at the start: it ends no interval."""
    ARTEFACT = "artefact"
    """Its interval does not fit its neighbours; it is kept, marked, and left out of every statistic."""
    ECTOPIC = "ectopic"
    """An early beat, or the one that ends the pause after it: true, but left out of every statistic of the rhythm."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat as the pulse wave shows it."""

    t: float
    """Time of the steepest rise of the pulse wave, seconds, finer than a sample."""
    interval: float | None
    """Seconds since the beat before; None after a gap."""
    flag: BeatFlag
    pod: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """One skin conductance response."""

    t: float
    """Onset, seconds."""
    amplitude_microsiemens: float
    """Peak above the conductance at the onset."""
    rise: float
    recovery: float | None = None
    """Onset to peak, and peak to where half of it is lost again, seconds; None where something else came first."""
    pod: int = 0


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of the body at one moment. One a second."""

    t: float
    heart_bpm: float | None = None
    heart_error_bpm: float | None = None
    """Over the last seconds, with its standard error: two times in three the true rate is that near. None only together."""
    rmssd_ms: float | None = None
    """Root mean square of successive differences of clean intervals, last 60 s, milliseconds."""
    sdnn_ms: float | None = None
    """Standard deviation of clean intervals, last 5 min, milliseconds."""
    lf_hf: float | None = None
    """Power of the intervals at 0.04–0.15 Hz over that at 0.15–0.4 Hz."""
    coherence: float | None = None
    """0…1: share of the power of the intervals that lies at their one strongest rhythm, last 64 s."""
    breathing_per_min: float | None = None
    breathing_error_per_min: float | None = None
    """The same of the breath."""
    tonic_microsiemens: float | None = None
    """Skin conductance level."""
    responses_per_min: float | None = None
    response_sum_microsiemens: float | None = None
    """Skin conductance responses of at least 0.03 µS over the last 60 s, and the sum of their amplitudes."""
    pulse_quality: float = 0.0
    """0…1: probability that the pulse wave of the last seconds gives the true heart rate, to 5 bpm."""
    skin_quality: float = 0.0
    """0…1: probability that the conductance of the last seconds is that of the skin, undisturbed."""
    pod: int = 0


# ----------------------------------------------------------------------------------------------------- estimating, deciding

class AffectSource(StrEnum):
    """Where an estimate comes from, weakest first."""

    NONE = "none"
    """Nothing is known: arousal rests at neutral."""
    DECAYED = "decayed"
    """Signals are missing or poor: the last estimate on its way to neutral."""
    RULES = "rules"
    MODEL = "model"
    REPORT = "report"
    """The listener said so; outranks everything measured."""


@dataclass(frozen=True, slots=True)
class Affect:
    """How aroused this listener is, relative to their own usual."""

    t: float
    arousal: float
    """−1…1; 0 is this listener's usual. Decays to 0 without good data."""
    valence: float | None
    """−1 (unpleasant) … 1 (pleasant); None unless the listener says so."""
    confidence: float
    """0…1; 0 means "not known", and then arousal must not be acted on."""
    source: AffectSource
    reasons: tuple[str, ...] = ()
    """What speaks for it, in plain words, strongest first: "heart rate 9 bpm above your usual"."""
    pod: int = 0


class Goal(StrEnum):
    """Where the listener asked to be led."""

    CALM = "calm"
    SLEEP = "sleep"
    FOCUS = "focus"
    UPLIFT = "uplift"


class Phase(StrEnum):
    """Where a session is on its way. The transitions are a table in `guidance.phases`."""

    SETTLE = "settle"
    """Gentle music while the listener's usual is being learnt."""
    MEET = "meet"
    """The music matches the listener's state."""
    LEAD = "lead"
    """The music moves to the goal at a bounded rate."""
    HOLD = "hold"
    FADE = "fade"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Directive:
    """What the music should be, why, and until when. After `expires` the music glides to neutral by itself."""

    t: float
    expires: float
    phase: Phase
    goal: Goal
    arousal: float
    valence: float
    """What the music should carry, each −1…1."""
    level_db: float
    """Relative to the programme's loudness, ≤ 0; −inf is silence."""
    breath_per_min: float | None
    """Rate at which the pad should swell; None for no swell."""
    confidence: float
    """0…1: how sure guidance is of the state behind it."""
    reason: str
    """A sentence in plain words for the listener."""
    inputs: tuple[str, ...] = ()
    """Names of what it rests on: "heart_bpm", "tonic_microsiemens", "report", "schedule"…"""
    tempo_limits_bpm: tuple[float, float] = (40.0, 112.0)
    """The goal's range of tempo, beats per minute."""


# -------------------------------------------------------------------------------------------------------------- music, sound

class Layer(StrEnum):
    """A voice of the music; each is one stem in the mix."""

    PAD = "pad"
    BASS = "bass"
    HARMONY = "harmony"
    MELODY = "melody"
    COUNTER = "counter"
    """A second voice that answers the melody or moves against it."""
    PERCUSSION = "percussion"
    """Soft strokes: pitches are those of the General MIDI percussion key map, programs its kits."""


class Texture(StrEnum):
    """A sound of nature, made and not recorded, that the music may lie in."""

    SEA = "sea"
    RAIN = "rain"
    WIND = "wind"
    FIRE = "fire"


@dataclass(frozen=True, slots=True)
class Cue:
    """What of a sound file is played during a bar."""

    track: str
    """The file, by the path under which the player finds it."""
    start: float
    """Second of the file at which the bar begins. Where that is not where the bar before ended, the sound fades over."""
    speed: float = 1.0
    """Seconds of the file a second, 0.9…1.1, at the same pitch."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note within a bar."""

    beat: float
    """Onset in beats from the bar's start, ≥ 0."""
    duration: float
    """In beats; may reach past the end of the bar."""
    pitch: int
    velocity: int
    """MIDI: 21…108, and 1…127, which colours the tone; loudness is set after the synthesiser."""
    layer: Layer


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of music: all that the sound needs to know, and why."""

    index: int
    beats: int
    """0 for the first bar of a session, and how many quarter notes it has."""
    tempo_bpm: float
    notes: tuple[Note, ...]
    level_db: float
    """Relative to the programme's loudness, ≤ 0; −inf is silence. Reached at the end of the bar."""
    gains_db: Mapping[Layer, float]
    """Balance of the layers, dB. Reached at the end of the bar."""
    programs: Mapping[Layer, int]
    """General MIDI program of each layer, 0…127."""
    low_pass_hz: float
    """Brightness: corner of the mix's low-pass."""
    reverb_wet: float
    reverb_seconds: float
    """How much room there is, 0…1, and the time in which it decays by 60 dB."""
    breath_per_min: float | None
    swell_db: float
    """Rate of the pad's swell, and its depth from peak to peak."""
    key: str = ""
    chord: str = ""
    section: str = ""
    reason: str = ""
    """For people: "A dorian", "Am7", "A", "B"… within the form, and the directive's sentence."""
    textures: Mapping[Texture, float] = field(default_factory=dict)
    """Level of each texture relative to the programme's loudness, dB, reached at the end of the bar; others are silent."""
    cue: Cue | None = None
    """A sound file to play beside the notes."""
    origin: str = ""
    """Where the music comes from: "generated", or whose it is and what was done to it."""

    @property
    def seconds(self) -> float:
        """How long the bar lasts."""
        return self.beats * 60.0 / self.tempo_bpm


# ----------------------------------------------------------------------------------------------- trouble, wishes, what is told

class FaultKind(StrEnum):
    """What can go wrong, by what a person would have to do about it."""

    CHIP_MISSING = "chip missing"
    CHIP_WRONG = "wrong chip"
    BUS = "bus"
    BROWN_OUT = "brown-out"
    OVERFLOW = "overflow"
    SATURATED = "saturated"
    CONTACT = "no contact"
    SWAPPED = "channels swapped"
    MODEL = "model"
    SOUND = "sound"
    STORAGE = "storage"
    CONFIG = "config"
    STAGE = "stage"
    """A part of the core raised; it is restarted with back-off."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong, or right again. Told once when it begins and once when it ends."""

    t: float
    source: str
    """Which part, for example "pod 0 pulse" or "sound"."""
    kind: FaultKind
    message: str
    over: bool = False
    """A sentence that says what to do, and whether this tells that the fault has ended."""


class CommandKind(StrEnum):
    """What a person can ask for."""

    START = "start"
    STOP = "stop"
    NOT_GOOD = "not good"
    GOAL = "goal"
    REPORT = "report"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Command:
    """A person's wish, from a button, the command line or the panel."""

    t: float
    kind: CommandKind
    goal: Goal | None = None
    """With GOAL, and optional with START."""
    arousal: float | None = None
    valence: float | None = None
    """With REPORT: −1 (calm) … 1 (tense), and −1 (unpleasant) … 1 (pleasant)."""
    volume_db: float | None = None
    """With VOLUME: ≤ 0."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the device says of itself at one moment."""

    t: float
    features: Features | None
    affect: Affect | None
    directive: Directive | None
    bar: Bar | None
    faults: tuple[Fault, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    """Things counted since the start: samples lost, retries, underruns, …"""
    level_dbfs: float | None = None
    """Level of what is sounding, RMS over the last second; None while nothing sounds."""
    level_dba: float | None = None
    dose: float | None = None
    """dB(A) at the pillow, None where nobody has measured it, and the share of a week's safe sound that has been had."""
    others: tuple[Features, ...] = ()
    """What is known of those whom the music does not follow, by their pods."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the journal: any value of this module, with its time."""

    t: float
    value: Beat | Response | Features | Affect | Directive | Bar | Fault | Command
