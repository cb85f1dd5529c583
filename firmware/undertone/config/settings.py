"""Everything that can be set. To add an option, add a field with its annotation, its default and a line of explanation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from undertone.config.pins import (
    BUS_PINS,
    BUS_SWITCH_ADDRESS,
    BUS_SWITCH_RESET,
    CONVERTER_ADDRESS,
    HEADER_PIN,
    I2C_BUS,
    PULSE_SENSOR_ADDRESS,
)
from undertone.flow import Goal

__all__ = [
    "AffectSettings",
    "Among",
    "AudioSettings",
    "GuidanceSettings",
    "ListenerSettings",
    "MusicSettings",
    "PulseOptions",
    "Range",
    "SensorsSettings",
    "ServiceSettings",
    "Settings",
    "SkinOptions",
    "StorageSettings",
]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both allowed. written: how they are shown."""

    low: float
    high: float
    written: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class Among:
    """Values of a list that is asked for only when it is needed."""

    values: Callable[[], tuple[Any, ...]]


def _styles() -> tuple[str, ...]:
    """Names of the styles of music."""
    from undertone.music.styles import STYLES

    return tuple(STYLES)


def _free_pins() -> tuple[int, ...]:
    """Pins of the header that no bus needs."""
    return tuple(sorted(set(HEADER_PIN) - BUS_PINS))


@dataclass(frozen=True, slots=True)
class PulseOptions:
    """The pulse sensor: a MAX30101, MAX30102 or MAX30105."""

    enabled: bool = True
    """Whether there is one."""
    chip: Literal["MAX30101", "MAX30102", "MAX30105"] = "MAX30102"
    """Which one it is; they cannot be told apart by asking them."""
    address: Annotated[int, Range(0x08, 0x77, hex)] = PULSE_SENSOR_ADDRESS
    """Its address on the bus, 7 bits. The chip has no other; a translator in between may."""
    infrared_ma: Annotated[float, Range(0.2, 50.0)] = 7.0
    """Current of the infrared light, milliamperes. More where little light comes back, less where the sensor saturates."""
    red_ma: Annotated[float, Range(0.0, 50.0)] = 7.0
    """Current of the red light, milliamperes."""
    automatic: bool = True
    """Whether the two currents follow the light that comes back; infrared_ma and red_ma are then only where they begin."""
    swap_channels: bool = False
    """True for the modules on which the red and the infrared light are exchanged."""


@dataclass(frozen=True, slots=True)
class SkinOptions:
    """The skin conductance sensor: an ADS1115 behind the front end described in hardware/README.md."""

    enabled: bool = True
    """Whether there is one."""
    address: Annotated[int, Range(0x48, 0x4B, hex)] = CONVERTER_ADDRESS
    """Its address on the bus, set by what its ADDR pin is tied to."""
    front_end: Literal["built", "grove"] = "built"
    """What is between the electrodes and the converter: built after hardware/README.md, or a Grove GSR board."""
    feedback_ohms: Annotated[float, Range(10_000.0, 10_000_000.0)] = 220_000.0
    """Feedback resistor of the built front end, ohms. `undertone calibrate skin` measures it."""
    series_ohms: Annotated[float, Range(1_000.0, 1_000_000.0)] = 78_000.0
    """Resistors in both electrode leads of the built front end together, ohms. `undertone calibrate skin` measures them."""
    supply_volts: Annotated[float, Range(2.7, 5.5)] = 3.3
    """Supply of the Grove board, volts. The built front end does not need to know it."""
    open_volts: Annotated[float | None, Range(0.1, 5.5)] = None
    """What the Grove board puts out with the electrodes off, volts: `undertone calibrate skin --grove` measures it. Null for
    what it is with its potentiometer set as hardware/README.md says."""
    output_resistor_bypassed: bool = True
    """Whether R9, 1 megohm at the output of the Grove board, is bridged with 10 kilohms. As sold it is not."""


@dataclass(frozen=True, slots=True)
class SensorsSettings:
    """What senses the body."""

    bus: Annotated[int, Range(0, 255)] = I2C_BUS
    """Number of the I²C bus: N of /dev/i2c-N."""
    pods: Annotated[int, Range(1, 8)] = 1
    """How many pods there are, one for each listener. More than one need a TCA9548A bus switch, with pod N on its channel N."""
    mux_address: Annotated[int, Range(0x70, 0x77, hex)] = BUS_SWITCH_ADDRESS
    """Address of the bus switch, set by what its pins A0 to A2 are tied to. Not looked at with one pod."""
    mux_reset_pin: Annotated[int | None, Among(_free_pins)] = BUS_SWITCH_RESET
    """Pin that resets the bus switch when a pod holds the bus, as BCM number; null where it is not wired."""
    pulse: PulseOptions = field(default_factory=PulseOptions)
    skin: SkinOptions = field(default_factory=SkinOptions)


@dataclass(frozen=True, slots=True)
class AffectSettings:
    """How arousal is estimated."""

    model: Path | None = None
    """Another affect model (.tflite, with its .json beside it); null for the one that comes with Undertone."""


@dataclass(frozen=True, slots=True)
class GuidanceSettings:
    """Where the music leads."""

    goal: Goal = Goal.CALM
    """Where to, unless the listener chooses."""
    minutes: Annotated[float | None, Range(1.0, 1440.0)] = None
    """Length of a programme, minutes; below 15 it is a demonstration that moves faster. Null for the goal's usual, 20 to 45."""
    contrast: bool = False
    """False: the music meets the listener first. True: it leads from the start."""


@dataclass(frozen=True, slots=True)
class MusicSettings:
    """What is played."""

    play: Literal["composed", "pieces", "own"] = "composed"
    """What is played: music composed as it sounds; pieces by people, which come with Undertone; or your own, from `folder`.
    All of it follows you in the same way."""
    seed: Annotated[int | None, Range(0, 2**32 - 1)] = None
    """The same seed and the same listener give the same music; null for new music every time."""
    style: Annotated[str, Among(_styles)] = "piano"
    """How it is played."""
    style_file: Path | None = None
    """A style of your own (docs/styles.md), in place of `style`; null for none."""
    melody: Path | None = None
    """A melody that composed music takes up: a MIDI file or a score (docs/scores.md); null for none."""
    folder: Path | None = None
    """Your own music: sound files (WAV, FLAC, MP3, Ogg), MIDI files and scores. Nothing is copied or changed. As a service the
    device sees no home folders: put it where everybody may read, such as /srv/music."""


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """How it sounds."""

    device: str | None = None
    """Name of the sound device, or a part of the name; null for the system's own choice."""
    soundfont: Path | None = None
    """The sound font (.sf2) to play with; null for the one that is installed."""
    rate_hz: Literal[44100, 48000] = 48000
    """Sample rate, hertz."""
    loudness_lufs: Annotated[float, Range(-40.0, -20.0)] = -23.0
    """Loudness of the programme, LUFS. Set the listening level with the amplifier rather than here."""
    volume_db: Annotated[float, Range(-60.0, 0.0)] = 0.0
    """Volume at the start, decibels; 0 is the programme's own loudness."""
    ahead: Annotated[float, Range(0.4, 5.0)] = 0.5
    """How far ahead sound is rendered, seconds. More survives a busier machine; stop and volume stay as quick."""
    calibration_dba: Annotated[float | None, Range(20.0, 110.0)] = None
    """What a sound level meter reads at the pillow while the test noise of `undertone calibrate level` plays at −30 dB, dB(A);
    that command measures it. Null: nobody has, and the loudest speaker of hardware/README.md is assumed. Measure it again when
    the amplifier's own volume, the speaker or its place has changed."""
    calibration_error_db: Annotated[float, Range(1.0, 10.0)] = 5.0
    """By how much that may be wrong, decibels: 2 for a sound level meter, 5 for an app. The ceilings are lowered by it."""
    ceiling_dba: Annotated[float, Range(25.0, 65.0)] = 65.0
    """No sound is louder than this at the pillow by day, dB(A)."""
    night_ceiling_dba: Annotated[float, Range(25.0, 45.0)] = 45.0
    """Nor than this by night, dB(A). What sounds by night also stays within 30 dB(A) on average over 8 hours."""
    night: str = "22:00-07:00"
    """When it is night. Where no clock can be trusted, as after a power cut without a network, it always is."""
    clock_is_right: bool = False
    """True: somebody sees to it that the system's clock is right, so it is trusted although nothing has synchronised it."""
    sensitive: bool = False
    """True: the weekly dose is that for children and sensitive listeners (75 dB(A) for 40 hours instead of 80)."""
    exposure_folder: Path | None = Path("/var/lib/undertone")
    """Folder of the small file that counts how much sound was had in the last seven days; null counts from the start only."""


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """What is kept."""

    folder: Path | None = None
    """Folder of the journal; null keeps nothing."""


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Who listens, and what is remembered of them."""

    remember: bool = False
    """True: what is usual for the listener (medians and spreads, never a signal) and what their reports taught are kept from
    night to night, so that the device knows them at once. For a device that one person uses: a guest would be measured by, and
    would change, what is usual for somebody else. It is a small file that only the device and the system's owner may read; it
    is not encrypted. `undertone usual` shows it, `undertone usual --forget` erases it. False: nothing is read or written."""
    folder: Path = Path("/var/lib/undertone")
    """Folder of that file, usual.json. As a service, the device may write only where its StateDirectory is, which this is."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How other programs of this machine reach the device."""

    socket: Path = Path("/run/undertone/control.sock")
    """The Unix socket on which it listens."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    sensors: SensorsSettings = field(default_factory=SensorsSettings)
    affect: AffectSettings = field(default_factory=AffectSettings)
    guidance: GuidanceSettings = field(default_factory=GuidanceSettings)
    music: MusicSettings = field(default_factory=MusicSettings)
    audio: AudioSettings = field(default_factory=AudioSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    listener: ListenerSettings = field(default_factory=ListenerSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
