"""A MAX30102, MAX30101 or MAX30105 at register level, that behaves.

Theory of operation. The chip does nothing until somebody looks: each access first makes up for the time since the last one, by
putting into the FIFO what an engine with its own, slightly wrong clock would have put there. What the subject reflects is
asked for ahead, a second at a time, at the exact moments of the samples; what the registers say (LED current, range, pulse
width) is applied when a sample falls due. A change of current or range acts at once: the sample under way mixes before and
after, and the light settles within a few milliseconds.

Where the datasheet leaves a question open, the constructor asks it. Simplified: averaged conversions that lie within 10 ms are
one look at their common middle; the green LED sees nothing, because a subject knows no green; there is no proximity mode.

Source: Maxim 19-7740 Rev 0 (MAX30102), pp. 10–24; hardware.md §1.2, §1.3.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertone.sensors.max3010x_table import (
    CHIPS,
    FIFO_DEPTH,
    FULL_SCALE,
    PART_ID,
    PULSE_BITS,
    Mode,
    fastest_conversions_per_s,
)
from undertone.sim.chips import HORIZON, Ahead, Now
from undertone.sim.subject import Subject

__all__ = ["Max3010xChip"]

_TABLE = CHIPS["MAX30105"]
_STATUS_1, _STATUS_2, _ENABLE_1, _ENABLE_2 = 0x00, 0x01, 0x02, 0x03
_WRITE, _OVERFLOW, _READ, _DATA = 0x04, 0x05, 0x06, 0x07
_FIFO_CONFIG, _MODE_CONFIG, _SPO2_CONFIG = 0x08, 0x09, 0x0A
_SLOTS_1, _SLOTS_2, _TINT, _TFRAC, _TEMP_CONFIG, _REV, _PART = 0x11, 0x12, 0x1F, 0x20, 0x21, 0xFE, 0xFF
_A_FULL, _PPG_READY, _AMBIENT, _POWER_READY, _TEMPERATURE_READY = 0x80, 0x40, 0x20, 0x01, 0x02
_SHUTDOWN, _RESET = 0x80, 0x40
_WRITABLE = {
    _ENABLE_1: 0xF0, _ENABLE_2: 0x02, _WRITE: 0x1F, _OVERFLOW: 0x1F, _READ: 0x1F, _FIFO_CONFIG: 0xFF, _MODE_CONFIG: 0xC7,
    _SPO2_CONFIG: 0x7F, 0x0B: 0xFF, 0x0C: 0xFF, 0x0D: 0xFF, 0x0E: 0xFF, 0x0F: 0xFF, 0x10: 0xFF, _SLOTS_1: 0x77, _SLOTS_2: 0x77,
    _TEMP_CONFIG: 0x01, 0x30: 0xFF, **dict.fromkeys(range(0x13, 0x18), 0xFF), **dict.fromkeys(range(0x22, 0x30), 0xFF),
}  # fmt: skip
"""Which bits of which registers can be written."""
_RATE_CODES = _TABLE["SPO2_CONFIG"].field("conversions_per_s")
_PULSE = _TABLE["SPO2_CONFIG"].field("pulse_microseconds")
_RANGE = _TABLE["SPO2_CONFIG"].field("range_na")
_AVERAGE = _TABLE["FIFO_CONFIG"].field("average")
_UNWRITTEN = bytes(6)
"""What a place of the FIFO holds before anything was written there."""
_CURRENT = {1: 0x0C, 2: 0x0D, 3: 0x0E, 5: 0x10, 6: 0x10, 7: 0x10}
"""Register that sets the LED current of a slot."""
_COLUMN = {1: 0, 2: 1, 5: 0, 6: 1}
"""Column of a subject's light that a slot looks at."""
_SETTLED_SECONDS = 0.01
"""Within such a time the light hardly changes."""
_TEMPERATURE_SECONDS = 0.029
_UNFINISHED_CELSIUS = -60
"""What the temperature's registers hold while a conversion is under way."""
_STEADY = 30.0
"""Times of settling after which nothing can be seen of a change any more."""


class _Engine(NamedTuple):
    """What decides when a sample is taken and how large it is. If it changes, sampling begins anew."""

    slots: tuple[int, ...]
    conversions_per_s: float
    average: int


class Max3010xChip:
    """One emulated chip.

    subject: whom it looks at. now: the present. skew: how much faster than nominal its clock runs, as a share.
    part_id, revision: what it says it is; 0x11 is a MAX30100, 0xff a chip that is not there.
    model: "MAX30102" has no green LED. swapped: red and infrared are exchanged, as on many cheap modules.
    noise_counts, dark_counts: of the converter, RMS and mean. seed: of that noise.
    led_step_ma: 0.2 by the later datasheet, 50/255 by the first. temperature: of the die, °C.
    settling_seconds: time in which the light comes 63 % nearer to its level after a change of current.
    overflow_limit: where the overflow counter stops: 0xf by the datasheet's text, 0x1f by the width of its field.
    rollover_pushes, rollover_counts: whether, with rollover on, a full FIFO drops its oldest sample, and counts that.
    flags_need_enable: whether an interrupt that is not enabled is also missing from the status register.
    """

    def __init__(
        self,
        subject: Subject,
        now: Now,
        *,
        skew: float = 0.0,
        part_id: int = PART_ID,
        revision: int = 0x03,
        model: str = "MAX30102",
        swapped: bool = False,
        noise_counts: float = 8.0,
        dark_counts: float = 30.0,
        seed: int = 0,
        led_step_ma: float = 0.2,
        temperature: float = 30.0,
        settling_seconds: float = 0.0025,
        reset_seconds: float = 0.001,
        overflow_limit: int = 0x0F,
        rollover_pushes: bool = True,
        rollover_counts: bool = True,
        flags_need_enable: bool = True,
    ) -> None:
        self.part_id = part_id
        self.revision = revision
        self.skew = skew
        self.swapped = swapped
        self.temperature = temperature
        self.sunlight = False
        """More ambient light than the chip can subtract: samples read full scale and the overflow flag is raised."""
        self.ambient_na = 0.0
        """Ambient light that the chip does not subtract and does not tell of, nA."""
        self._now = now
        self._ahead = Ahead(subject.light)
        self._random = np.random.default_rng(seed)
        self._noise_counts, self._dark_counts = noise_counts, dark_counts
        self._green = model != "MAX30102"
        self._led_step_ma = led_step_ma
        self._settling_seconds = settling_seconds
        self._reset_seconds = reset_seconds
        self._overflow_limit = overflow_limit
        self._rollover_pushes, self._rollover_counts = rollover_pushes, rollover_counts
        self._flags_need_enable = flags_need_enable
        self._latch = 0
        self.brown_out()

    # ------------------------------------------------------------------------------------------------------- the two verbs

    def read(self, register: int, length: int) -> bytes:
        """Bytes from `register` on. The address stays at the FIFO's data register and goes on from any other."""
        self._advance(self._now())
        if self.part_id == 0xFF:
            return b"\xff" * length
        out = bytearray()
        while len(out) < length and register + len(out) != _DATA:
            out.append(self._read_byte(register + len(out) & 0xFF))
        if len(out) < length:
            out += self._pop(length - len(out))
        return bytes(out)

    def write(self, register: int, data: bytes) -> None:
        """Take `data` from `register` on. During a reset nothing is taken."""
        now = self._now()
        self._advance(now)
        if now < self._reset_over:
            return
        for offset, byte in enumerate(data):
            self._write_byte(register + offset & 0xFF, byte, now)

    def brown_out(self) -> None:
        """Lose the power for a moment: all registers are as after power-up, and "power ready" says so."""
        self._power_up()
        self._registers[_STATUS_1] = _POWER_READY

    # -------------------------------------------------------------------------------------------------------- registers

    def _power_up(self) -> None:
        self._registers = bytearray(256)
        self._registers[0x13:0x18] = b"\xff" * 5
        self._ring = [b""] * FIFO_DEPTH
        self._unread = 0
        self._engine: _Engine | None = None
        self._epoch = 0.0
        self._made = 0
        self._reset_over = float("-inf")
        self._temperature_at: float | None = None
        self._changed_at = float("-inf")
        self._before_change: dict[int, float] = {}
        self._forget_light()

    def _read_byte(self, register: int) -> int:
        if register == _MODE_CONFIG and self._now() < self._reset_over:
            return self._registers[register] | _RESET
        if register == _PART:
            return self.part_id
        if register == _REV:
            return self.revision
        value = self._registers[register]
        if register == _STATUS_1:
            self._registers[_STATUS_1] = 0
        elif register in (_STATUS_2, _TFRAC):
            self._registers[_STATUS_2] = 0
        return value

    def _write_byte(self, register: int, byte: int, now: float) -> None:
        registers = self._registers
        if register == _MODE_CONFIG and byte & _RESET:
            self._power_up()
            self._reset_over = now + self._reset_seconds
            return
        if register == _WRITE and registers[_MODE_CONFIG] & 0x07 not in tuple(Mode):
            return
        if register == _TEMP_CONFIG and byte & 0x01:
            # The bit clears itself long before the conversion is over: it never reads as 1 here.
            self._temperature_at = now + _TEMPERATURE_SECONDS
            registers[_TINT], registers[_TFRAC] = _UNFINISHED_CELSIUS & 0xFF, 0
            return
        if register not in _WRITABLE:
            return
        if self._engine is not None and (register == _SPO2_CONFIG or register in _CURRENT.values()):
            self._before_change = {slot: self._gain(slot, now) for slot in _COLUMN}
            self._changed_at = now
        registers[register] = byte & _WRITABLE[register]
        if register in (_WRITE, _READ):
            self._unread = (registers[_WRITE] - registers[_READ]) % FIFO_DEPTH
        elif register in (_FIFO_CONFIG, _MODE_CONFIG, _SPO2_CONFIG, _SLOTS_1, _SLOTS_2):
            self._set_engine(now)

    def _flag(self, register: int, bit: int) -> None:
        enabled = self._registers[_ENABLE_1 if register == _STATUS_1 else _ENABLE_2]
        if enabled & bit or not self._flags_need_enable:
            self._registers[register] |= bit

    # ----------------------------------------------------------------------------------------------------- the engine

    def _slots(self) -> tuple[int, ...]:
        """Which LEDs a sample consists of, in order."""
        mode = self._registers[_MODE_CONFIG] & 0x07
        if mode == Mode.HEART_RATE:
            return (1,)
        if mode == Mode.SPO2:
            return (1, 2)
        if mode != Mode.MULTI_LED:
            return ()
        first, second = self._registers[_SLOTS_1], self._registers[_SLOTS_2]
        slots = (first & 7, first >> 4, second & 7, second >> 4)
        used = next((place for place, slot in enumerate(slots) if slot % 4 == 0), len(slots))
        return slots[:used]

    def _set_engine(self, now: float) -> None:
        """Apply the mode and the rates: clamp the rate to what the pulse allows, and begin anew if anything changed."""
        registers = self._registers
        slots = self._slots()
        pulse = int(_PULSE.number(registers[_SPO2_CONFIG]))
        fastest = fastest_conversions_per_s(pulse, len(slots))
        rate = min(_RATE_CODES.number(registers[_SPO2_CONFIG]), fastest)
        registers[_SPO2_CONFIG] = registers[_SPO2_CONFIG] & ~_RATE_CODES.mask | _RATE_CODES.code(rate) << _RATE_CODES.shift
        engine = None
        if registers[_MODE_CONFIG] & _SHUTDOWN:
            registers[_STATUS_1] = registers[_STATUS_2] = 0
        elif slots:
            engine = _Engine(slots, rate, int(_AVERAGE.number(registers[_FIFO_CONFIG])))
        if engine != self._engine:
            self._engine, self._epoch, self._made, self._changed_at = engine, now, 0, float("-inf")
            self._forget_light()

    def _period(self, engine: _Engine) -> float:
        return engine.average / engine.conversions_per_s / (1.0 + self.skew)

    def _advance(self, now: float) -> None:
        """Make up for the time since the last access."""
        if self._temperature_at is not None and now >= self._temperature_at:
            self._temperature_at = None
            sixteenths = round(self.temperature * 16)
            self._registers[_TINT], self._registers[_TFRAC] = sixteenths >> 4 & 0xFF, sixteenths & 0x0F
            self._flag(_STATUS_2, _TEMPERATURE_READY)
        engine = self._engine
        if engine is None:
            return
        due = int((now - self._epoch) / self._period(engine) + 1e-9)
        fresh = due - self._made
        if fresh > 0:
            self._fill(engine, fresh)
            self._made = due

    def _fill(self, engine: _Engine, fresh: int) -> None:
        """Put `fresh` samples into the FIFO, or lose those for which there is no room."""
        registers = self._registers
        over = max(0, fresh - (FIFO_DEPTH - self._unread))
        pushing = self._rollover_pushes and bool(registers[_FIFO_CONFIG] & 0x10)
        if pushing:
            skip = max(0, fresh - FIFO_DEPTH)
            samples = self._samples(engine, self._made + skip, fresh - skip)
            registers[_WRITE] = (registers[_WRITE] + skip) % FIFO_DEPTH
            registers[_READ] = (registers[_READ] + over) % FIFO_DEPTH
        else:
            samples = self._samples(engine, self._made, fresh - over) if fresh > over else []
        write = registers[_WRITE]
        for sample in samples:
            self._ring[write] = sample
            write = (write + 1) % FIFO_DEPTH
        registers[_WRITE] = write
        self._unread = min(FIFO_DEPTH, self._unread + fresh)
        if over and (self._rollover_counts or not pushing):
            registers[_OVERFLOW] = max(registers[_OVERFLOW], min(self._overflow_limit, registers[_OVERFLOW] + over))
        self._flag(_STATUS_1, _PPG_READY)
        if self._unread >= FIFO_DEPTH - (registers[_FIFO_CONFIG] & 0x0F):
            self._flag(_STATUS_1, _A_FULL)
        if self.sunlight:
            self._flag(_STATUS_1, _AMBIENT)

    def _pop(self, length: int) -> bytes:
        """Bytes from the FIFO. "The FIFO read pointer is automatically incremented after the first byte of each sample"."""
        registers = self._registers
        registers[_STATUS_1] &= ~_PPG_READY
        out = bytearray()
        while len(out) < length and self._unread:
            # A pointer may be put where nothing was ever written.
            sample = self._ring[registers[_READ]] or _UNWRITTEN
            registers[_READ] = (registers[_READ] + 1) % FIFO_DEPTH
            self._unread -= 1
            out += sample[: length - len(out)]
            if len(out) % len(sample) == 0:
                registers[_OVERFLOW] = 0
        if out:
            self._latch = out[-1]
        return bytes(out).ljust(length, bytes((self._latch,)))

    # --------------------------------------------------------------------------------------------------------- the light

    def _forget_light(self) -> None:
        self._light: NDArray[np.float64] = np.zeros((0, 2))
        self._noise: NDArray[np.float64] = np.zeros((0, 0))
        self._first = 0

    def _samples(self, engine: _Engine, first: int, length: int) -> list[bytes]:
        """The bytes of samples `first`… as they lie in the FIFO: for each slot three, left-justified to 18 bits."""
        if not self._first <= first <= first + length <= self._first + len(self._light):
            self._look(engine, first, max(length, int(HORIZON / self._period(engine))))
        rows = slice(first - self._first, first - self._first + length)
        registers = self._registers
        ambient = self.ambient_na * self._counts_per_na()
        counts = self._noise[rows] + self._dark_counts + ambient
        for place, slot in enumerate(engine.slots):
            column = _COLUMN.get(slot)
            if column is not None:
                lit = self._light[rows, column ^ 1 if self.swapped else column]
                counts[:, place] += lit * self._gains(engine, slot, first, length)
        whole = np.clip(counts, 0, FULL_SCALE).astype(">u4")
        if self.sunlight:
            whole[:] = FULL_SCALE
        whole &= FULL_SCALE & -1 << 18 - PULSE_BITS[int(_PULSE.number(registers[_SPO2_CONFIG]))]
        packed = whole.view(np.uint8).reshape(length, -1, 4)[:, :, 1:].tobytes()
        size = 3 * len(engine.slots)
        return [packed[start : start + size] for start in range(0, len(packed), size)]

    def _counts_per_na(self) -> float:
        return (FULL_SCALE + 1) / _RANGE.number(self._registers[_SPO2_CONFIG])

    def _gain(self, slot: int, at: float) -> float:
        """Counts for each nA/mA that a slot sees at a moment."""
        gain = self._registers[_CURRENT[slot]] * self._led_step_ma * self._counts_per_na()
        since = (at - self._changed_at) / self._settling_seconds
        return gain if since > _STEADY else gain + (self._before_change[slot] - gain) * math.exp(-since)

    def _gains(self, engine: _Engine, slot: int, first: int, length: int) -> NDArray[np.float64] | float:
        """The same, averaged over each of `length` samples from `first` on: (length,), or one number if it does not change."""
        period, settling = self._period(engine), self._settling_seconds
        begin = self._epoch + first * period - self._changed_at
        if begin > _STEADY * settling:
            return self._gain(slot, float("inf"))
        begins = begin + np.arange(length) * period
        edges = np.maximum(np.stack((begins, begins + period)), 0.0)
        # Before the change all of the difference was there, since then it fades: its mean over a sample is an integral.
        rest = (np.maximum(-begins, 0.0) - settling * (np.exp(-edges[1] / settling) - np.exp(-edges[0] / settling))) / period
        after = self._gain(slot, float("inf"))
        return np.asarray(after + (self._before_change[slot] - after) * np.minimum(rest, 1.0))

    def _look(self, engine: _Engine, first: int, length: int) -> None:
        """Ask the subject for `length` samples from `first` on: their averaged conversions are spread over a span."""
        period = self._period(engine)
        between = period / engine.average
        span = period - between
        looks = max(1, math.ceil(span / _SETTLED_SECONDS))
        ends = self._epoch + (first + 1 + np.arange(length)) * period
        within = span * ((np.arange(looks) + 0.5) / looks - 1.0)
        light = self._ahead.at((ends[:, None] + within).ravel())
        self._light = light.reshape(length, looks, 2).mean(axis=1)
        self._noise = self._random.normal(0.0, self._noise_counts, (length, len(engine.slots)))
        self._first = first
