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

Two errands are run right after a drain, each in a poll of its own so that no trouble with it can cost the samples: the
temperature, and `adjust`, which changes how the LEDs are driven. An adjustment writes the currents and then looks how many
samples wait already. Those were taken before, the next one mixes before and after, and the light takes a moment to settle: all
of them are set aside, however long the thread lost the processor in between.

Source: Maxim 19-7740 Rev 0, pp. 10–24; hardware.md §1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from undertone.errors import ChipMissing, ChipWrong
from undertone.sensors.bus import Bus
from undertone.sensors.max3010x_table import CHIPS, FIFO_DEPTH, FULL_SCALE, PART_ID, Mode
from undertone.sensors.optics import Drive, PulseSettings
from undertone.sensors.temperature import Thermometer

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
_SETTLING_SECONDS = 0.015
"""So long after a change of current, and until the sample under way is over, samples are set aside: three of 100 a second."""
_STATUS = CHIPS["MAX30102"]["INT_STATUS_1"]
_POWER_READY, _A_FULL, _AMBIENT = (_STATUS.field(name).mask for name in ("power_ready", "a_full", "ambient_overflow"))
_CHANNELS = 2
_BYTES = 3 * _CHANNELS
_NOTHING = np.zeros(0, dtype=np.int32)


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
    aside: int = 0
    """Samples taken after those lost before, and before these, and set aside because the LEDs were being adjusted."""
    full: bool = False
    """The FIFO was full."""
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
        self.drive = settings.drive
        """How the LEDs are driven: in every sample that `poll` returns."""
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        self.thermometer = Thermometer(bus, settings.address)
        self._bus = bus
        self._table = CHIPS[settings.chip]
        self._step = _Step.IDENTIFY
        self._deadline = 0.0
        self._drained_at = 0.0
        self._drain_due = 0.0
        self._next_slot = 0
        self._short = False
        self._adjusting = False
        self._aside = 0

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
            raise self._floating()
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
            return self._measure(now)
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
            self._adjusting, self._aside = False, 0
            self.thermometer.begin(now)
            self.due = self._drain_due = now + self._pause
        return None

    def adjust(self, drive: Drive) -> None:
        """Drive the LEDs differently. Takes effect in the next poll, which is due at once.

        Raises RegisterError for what the chip cannot be set to.
        """
        self.settings.bytes_by_register(drive)
        self.drive = drive
        self._adjusting = True
        self.due = min(self.due, self._drained_at)

    def _measure(self, now: float) -> Drained | None:
        """Run an errand, or drain the FIFO."""
        if self._adjusting or self.thermometer.wanting:
            if self._adjusting:
                self._adjust()
            else:
                self.thermometer.work(now)
            self.due = self._next_due(now)
            return None
        drained = self._drain(now)
        # Draining in turns of six and five ticks keeps the drains from marching in step with the samples.
        self._short = not self._short
        self._drain_due = now + self._pause * (5 / 6 if self._short else 1.0)
        self.due = self._next_due(now)
        return drained

    def _next_due(self, now: float) -> float:
        """At once for another errand, else for the next drain."""
        return now if self.thermometer.wanting else self._drain_due

    def _adjust(self) -> None:
        """Set the LEDs, and find out which samples belong to the time before."""
        written = self.settings.bytes_by_register(self.drive)
        self._write("SPO2_CONFIG", written["SPO2_CONFIG"])
        self._bus.write(
            self.settings.address, self._table["LED1_PA"].address, bytes((written["LED1_PA"], written["LED2_PA"]))
        )
        write_slot, lost, _ = self._bus.read(self.settings.address, self._table["FIFO_WR_PTR"].address, 3)
        waiting = (write_slot - self._next_slot) % FIFO_DEPTH
        if waiting == 0 and lost:
            waiting = FIFO_DEPTH
        # Those for which there was no room come after the ones that wait.
        self._aside = waiting + lost + 1 + math.ceil(_SETTLING_SECONDS * self.rate_hz)
        self._adjusting = False

    @property
    def _pause(self) -> float:
        return min(_DRAIN_SECONDS, _DRAIN_SAMPLES / self.rate_hz)

    def _configure(self) -> None:
        # Whatever was pending, above all "power ready", belongs to the past.
        self._bus.read(self.settings.address, self._table["INT_STATUS_1"].address, 2)
        written = self.settings.bytes_by_register(self.drive)
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
        registers = self._bus.read(self.settings.address, self._table["INT_STATUS_1"].address, 7)
        status, second_status, _, _, write_slot, lost, read_slot = registers
        if registers.count(_FLOATING) == len(registers):
            self.restart()
            raise self._floating()
        if status & _POWER_READY:
            self.restart()
            return Drained(_NOTHING, _NOTHING, brown_out=True)
        self.thermometer.notice(now, second_status)
        waited = (now - self._drained_at) * self.rate_hz
        if read_slot != self._next_slot and self._read("MODE_CONFIG") != self._table["MODE_CONFIG"].encode(mode=Mode.SPO2):
            # A pointer also moves when the power is lost; the flag that says so may have gone with a transfer that broke off.
            self.restart()
            return Drained(_NOTHING, _NOTHING, brown_out=True)
        before = self._reread(read_slot, waited)
        read_slot = self._next_slot
        fresh = (write_slot - read_slot) % FIFO_DEPTH
        full = fresh == 0 and bool(lost or (status & _A_FULL and waited > 0.75 * FIFO_DEPTH))
        if full:
            fresh = FIFO_DEPTH
        if fresh == 0:
            stalled = now - self._drained_at > _STALLED_SECONDS
            if stalled:
                self.restart()
            return Drained(_NOTHING, _NOTHING, lost_before=before, stalled=stalled)
        samples = self._bus.read(self.settings.address, self._table["FIFO_DATA"].address, _BYTES * fresh)
        self._drained_at, self._next_slot = now, (read_slot + fresh) % FIFO_DEPTH
        # What is lost before or after these samples may have been among those to be set aside.
        aside = min(max(0, self._aside - before), fresh)
        self._aside = max(0, self._aside - before - fresh - lost)
        return Drained(
            *_unpacked(samples[_BYTES * aside :], swap=self.drive.swapped),
            lost_before=before,
            lost_after=lost,
            uncertain=lost >= _COUNTER_FULL,
            aside=aside,
            full=full,
            ambient_overflow=bool(status & _AMBIENT),
        )

    def _floating(self) -> ChipMissing:
        return ChipMissing(
            f"Only 0xff is read from 0x{self.settings.address:02x}: the pulse sensor is not powered, or its data line floats. "
            f"Check its supply and its pull-ups."
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
