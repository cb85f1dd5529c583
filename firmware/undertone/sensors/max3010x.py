"""Driver of the MAX30102 and its siblings MAX30101 and MAX30105: red and infrared light, through a FIFO of 32 samples.

Theory of operation. The driver never waits. `poll(now)` takes the next step and `due` says when the one after it is wanted:
identify and reset; look, every millisecond and for at most 100 ms, whether the reset is over; configure; then drain the FIFO
again and again. Whatever goes wrong on the bus is raised, and `restart` begins anew.

A drain is two transfers. One burst reads the registers 0 to 6 at once: the interrupt flags (reading clears them) and the three
FIFO registers. A second one reads all samples. The write and read pointers are equal both when the FIFO is empty and when it
is full; the overflow counter tells the two apart, unless the FIFO is full without having lost a sample yet: then the flag
"almost full" does, together with the time since the last drain.

"The FIFO read pointer … can also [be written] … to allow rereading samples from the FIFO if there is a data communication
problem": when a transfer breaks off, the next drain puts the pointer back where the last complete one left it.

Source: Maxim 19-7740 Rev 0, pp. 10–24; hardware.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from undertone.errors import ChipMissing, ChipWrong, ConfigError
from undertone.sensors.bus import Bus
from undertone.sensors.max3010x_table import ADDRESS, CHIPS, FIFO_DEPTH, FULL_SCALE, PART_ID, Mode

__all__ = ["Drained", "Max3010x", "PulseSettings"]

_MAX30100 = 0x11
"""Part number of the predecessor, whose registers differ."""
_FLOATING = 0xFF
"""What is read where nobody drives the data line."""
_RESET_SECONDS = 0.1
_RESET_LOOK_SECONDS = 0.001
_DRAIN_SECONDS = 0.1875
_DRAIN_SAMPLES = 19
"""The FIFO is drained when so much time has passed, or so many samples have come, whichever is sooner."""
_COUNTER_FULL = 0x0F
"""The overflow counter "saturates at 0xF": from there on it says "at least"."""
_STALLED_SECONDS = 0.75
"""No sample for so long: the chip has stopped, although it did not say why."""
_STATUS = CHIPS["MAX30102"]["INT_STATUS_1"]
_POWER_READY, _A_FULL, _AMBIENT = (_STATUS.field(name).mask for name in ("power_ready", "a_full", "ambient_overflow"))
_CHANNELS = 2
_BYTES = 3 * _CHANNELS
_NOTHING = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class PulseSettings:
    """How the pulse sensor is set up.

    Raises ConfigError for an unknown chip, RegisterError for what the chip cannot be set to.
    """

    address: int = ADDRESS
    """7 bits. The chip has no other; a translator in between may."""
    chip: str = "MAX30102"
    """MAX30101, MAX30102 or MAX30105. They cannot be told apart by asking them."""
    red_ma: float = 7.0
    """LED current, 0…51 mA in steps of 0.2."""
    infrared_ma: float = 7.0
    """LED current, 0…51 mA in steps of 0.2."""
    range_na: int = 4096
    """Photocurrent at full scale: 2048, 4096, 8192 or 16384 nA."""
    conversions_per_s: int = 400
    average: int = 4
    """Conversions that the chip averages into one sample: 400 / 4 gives 100 samples a second."""
    pulse_microseconds: int = 411
    """LED pulse: 69, 118, 215 or 411 µs; longer resolves more bits."""
    swap_channels: bool = False
    """For the modules on which red and infrared are exchanged."""

    def __post_init__(self) -> None:
        if self.chip not in CHIPS:
            raise ConfigError(f"There is no pulse sensor {self.chip!r}: choose {', '.join(CHIPS)}.")
        self.bytes_by_register()

    @property
    def rate_hz(self) -> float:
        """Samples a second, by the chip's own clock."""
        return self.conversions_per_s / self.average

    @property
    def counts_per_na(self) -> float:
        """ADC counts for each nA of photocurrent."""
        return (FULL_SCALE + 1) / self.range_na

    def bytes_by_register(self) -> dict[str, int]:
        """What is written where, in the order of writing. The pointers come last: they are writable only once a mode is set."""
        table = CHIPS[self.chip]
        red, infrared = (self.infrared_ma, self.red_ma) if self.swap_channels else (self.red_ma, self.infrared_ma)
        return {
            "FIFO_CONFIG": table["FIFO_CONFIG"].encode(average=self.average, rollover=False, free_slots=15),
            "SPO2_CONFIG": table["SPO2_CONFIG"].encode(
                range_na=self.range_na,
                conversions_per_s=self.conversions_per_s,
                pulse_microseconds=self.pulse_microseconds,
            ),
            "LED1_PA": table["LED1_PA"].encode(current_ma=red),
            "LED2_PA": table["LED2_PA"].encode(current_ma=infrared),
            "INT_ENABLE_1": table["INT_ENABLE_1"].encode(a_full=True, ambient_overflow=True),
            "MODE_CONFIG": table["MODE_CONFIG"].encode(mode=Mode.SPO2),
            "FIFO_WR_PTR": 0,
            "OVF_COUNTER": 0,
            "FIFO_RD_PTR": 0,
        }


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain found."""

    red: NDArray[np.int32]
    """Counts 0…262143, shape (n,), oldest first."""
    infrared: NDArray[np.int32]
    lost_before: int = 0
    """Samples lost before these: a broken transfer had taken them from the FIFO."""
    lost_after: int = 0
    """Samples lost after these: the FIFO was full."""
    uncertain: bool = False
    """More than `lost_after` may be gone: the counter is at its end."""
    ambient_overflow: bool = False
    """There is more ambient light than the chip can subtract."""
    brown_out: bool = False
    """The chip had lost its power and forgotten everything; it is being set up again."""
    stalled: bool = False
    """The chip had stopped sampling; it is being set up again."""


class _Step(StrEnum):
    """What the next poll does."""

    IDENTIFY = "identify"
    RESET = "reset"
    DRAIN = "drain"


class Max3010x:
    """One chip on a bus.

    bus: its bus, which this object may use only within its methods. settings: how the chip shall measure.
    """

    def __init__(self, bus: Bus, settings: PulseSettings) -> None:
        self.settings = settings
        self.rate_hz = settings.rate_hz
        """Nominal samples a second: what the chip accepted, once it has been set up."""
        self.revision: int | None = None
        """REV_ID, once identified. Not documented by Maxim."""
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        self._bus = bus
        self._table = CHIPS[settings.chip]
        self._step = _Step.IDENTIFY
        self._deadline = 0.0
        self._drained_at = 0.0
        self._next_slot = 0
        self._short = False

    def restart(self) -> None:
        """Forget what is known of the chip: the next poll identifies it, resets it and sets it up."""
        self._step = _Step.IDENTIFY

    def identify(self) -> None:
        """Read who answers.

        Raises ChipMissing where nobody does, ChipWrong for another chip, and what the bus raises.
        """
        part = self._read("PART_ID")
        address = self.settings.address
        if part == _FLOATING:
            raise ChipMissing(
                f"Only 0xff is read from 0x{address:02x}: the pulse sensor is not powered, or its data line floats. Check its "
                f"supply and its pull-ups."
            )
        if part == _MAX30100:
            raise ChipWrong(
                "The pulse sensor is a MAX30100, whose registers and FIFO are different ones. Use a MAX30102, MAX30101 or "
                "MAX30105."
            )
        if part != PART_ID:
            raise ChipWrong(
                f"The chip at 0x{address:02x} calls itself 0x{part:02x}, not 0x{PART_ID:02x}: it is no {self.settings.chip}. "
                f"Some clock modules (DS3231) carry a memory at this address."
            )
        self.revision = self._read("REV_ID")

    def poll(self, now: float) -> Drained | None:
        """Take the next step. None while the chip is being set up.

        now: the present, seconds, noted immediately before the call.
        Raises ChipMissing, ChipWrong, BusTimeout or BusError; call `restart`, or poll again to retry.
        """
        if self._step is _Step.DRAIN:
            drained = self._drain(now)
            # Draining in turns of six and five ticks keeps the drains from marching in step with the samples.
            self._short = not self._short
            self.due = now + self._pause * (5 / 6 if self._short else 1.0)
            return drained
        if self._step is _Step.IDENTIFY:
            self.identify()
            self._write("MODE_CONFIG", self._table["MODE_CONFIG"].encode(reset=True))
            self._step, self._deadline, self.due = _Step.RESET, now + _RESET_SECONDS, now + _RESET_LOOK_SECONDS
        elif self._read("MODE_CONFIG") & self._table["MODE_CONFIG"].field("reset").mask:
            if now > self._deadline:
                raise ChipWrong("The pulse sensor does not come out of its reset. Unplug it for a few seconds.")
            self.due = now + _RESET_LOOK_SECONDS
        else:
            self._configure()
            self._step, self._drained_at, self._next_slot = _Step.DRAIN, now, 0
            self.due = now + self._pause
        return None

    @property
    def _pause(self) -> float:
        return min(_DRAIN_SECONDS, _DRAIN_SAMPLES / self.rate_hz)

    def _configure(self) -> None:
        # Whatever was pending, above all "power ready", belongs to the past.
        self._bus.read(self.settings.address, self._table["INT_STATUS_1"].address, 2)
        written = self.settings.bytes_by_register()
        for name, byte in written.items():
            self._write(name, byte)
        self._accept(written["SPO2_CONFIG"], self._read("SPO2_CONFIG"))

    def _accept(self, written: int, kept: int) -> None:
        """Compare what was asked for with what the chip made of it.

        "If the user selects a sample rate that is too high for the selected LED_PW, the highest possible sample rate is
        programmed instead into the register." Hence read back after the mode is set: the limit depends on the number of LEDs.
        """
        register = self._table["SPO2_CONFIG"]
        rate = register.field("conversions_per_s")
        if (written ^ kept) & ~rate.mask or (kept & rate.mask) > (written & rate.mask):
            raise ChipWrong(
                f"The pulse sensor does not keep its settings (0x{written:02x} was written, 0x{kept:02x} is read). Check its "
                f"supply; if it stays so, the module is faulty."
            )
        self.rate_hz = rate.number(kept) / self.settings.average

    def _drain(self, now: float) -> Drained:
        status, _, _, _, write_slot, lost, read_slot = self._bus.read(self.settings.address, 0x00, 7)
        if status & _POWER_READY:
            self.restart()
            return Drained(_NOTHING, _NOTHING, brown_out=True)
        waited = (now - self._drained_at) * self.rate_hz
        before = self._reread(read_slot, waited)
        read_slot = self._next_slot
        fresh = (write_slot - read_slot) % FIFO_DEPTH
        if fresh == 0 and (lost or (status & _A_FULL and waited > 0.75 * FIFO_DEPTH)):
            fresh = FIFO_DEPTH
        if fresh == 0 and now - self._drained_at > _STALLED_SECONDS:
            self.restart()
            return Drained(_NOTHING, _NOTHING, stalled=True)
        if fresh == 0:
            return Drained(_NOTHING, _NOTHING, lost_before=before)
        samples = self._bus.read(self.settings.address, self._table["FIFO_DATA"].address, _BYTES * fresh)
        self._drained_at, self._next_slot = now, (read_slot + fresh) % FIFO_DEPTH
        return Drained(
            *_unpacked(samples, swap=self.settings.swap_channels),
            lost_before=before,
            lost_after=lost,
            uncertain=lost >= _COUNTER_FULL,
            ambient_overflow=bool(status & _AMBIENT),
        )

    def _reread(self, read_slot: int, waited: float) -> int:
        """Put the read pointer back if a broken transfer had moved it. Returns the samples for which it is too late."""
        taken = (read_slot - self._next_slot) % FIFO_DEPTH
        if taken and waited < FIFO_DEPTH - 1:
            self._write("FIFO_RD_PTR", self._next_slot)
            return 0
        self._next_slot = read_slot
        return taken

    def _read(self, name: str) -> int:
        return self._bus.read(self.settings.address, self._table[name].address, 1)[0]

    def _write(self, name: str, byte: int) -> None:
        self._bus.write(self.settings.address, self._table[name].address, bytes((byte,)))


def _unpacked(samples: bytes, *, swap: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Red and infrared counts from the FIFO's bytes: three for each, most significant first, of which 18 bits count."""
    triplets = np.frombuffer(samples, dtype=np.uint8).reshape(-1, _CHANNELS, 3).astype(np.int32)
    counts = ((triplets[..., 0] << 16) | (triplets[..., 1] << 8) | triplets[..., 2]) & FULL_SCALE
    return (counts[:, 1], counts[:, 0]) if swap else (counts[:, 0], counts[:, 1])
