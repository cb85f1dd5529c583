"""The skin channel: one ADS1115 from its conversions to blocks of microsiemens, and every trouble on the way."""

from __future__ import annotations

from dataclasses import dataclass

from undertone.errors import SensorError
from undertone.flow import Block, Channel, Fault, FaultKind, readonly
from undertone.sensors.ads1115 import ADDRESS, TICK, Ads1115, Conversion, Input
from undertone.sensors.bus import Bus
from undertone.sensors.conductance import PATH_B, SkinFrontEnd
from undertone.sensors.decimate import Decimator
from undertone.sensors.trouble import Access, Lasting, Ledger

__all__ = ["SkinChannel", "SkinSettings"]

_RATE_HZ = 0.5 / TICK
_BLOCK_LENGTH = 4
"""Samples: a quarter of a second."""
_OPEN_MICROSIEMENS = 0.03
"""Below, the electrodes count as off."""
_REFERENCE_SHARE = 0.1
"""Weight of a new reading of the reference: one count of noise in it would show as 0.01 µS at 20 µS."""
_REFERENCE_STEP = 0.005
"""Volts: a change of the reference that is no noise, and is followed at once."""
_LOOKED_AT = 64
"""Conversions after which the part is known to resolve 16 bits."""
_DISTINCT = 8

_NO_CONTACT = "The skin electrodes are off: put both on, on two fingers of one hand."
_CONTACT = "The skin electrodes are on."
_SHORTED = "The skin electrodes touch each other or are soaked: part and dry them."
_APART = "The skin electrodes are apart."
_NO_REFERENCE = "The skin front end gives no reference of 0.5 V on AIN1: check its 3.3 V supply and its wiring."
_REFERENCE = "The skin front end's reference is there."
_FINE = "The skin sensor resolves all 16 bits."
_COARSE = "The skin sensor resolves only 12 bits: it is an ADS1015 sold as an ADS1115. Replace it."
_BROWN_OUT = "The skin sensor lost its power for a moment. Check its plug and the supply."

_COUNTED = {
    FaultKind.CHIP_MISSING: "skin chip losses",
    FaultKind.CHIP_WRONG: "skin wrong chips",
    FaultKind.BUS: "skin bus failures",
    FaultKind.CONTACT: "skin electrodes off",
    FaultKind.SATURATED: "skin shorts",
}
_FRONT_COUNTED = {
    FaultKind.CHIP_MISSING: "skin references lost",
    FaultKind.CHIP_WRONG: "skin coarse converters",
}
"""Faults that are counted as often as they begin."""
_ALSO_COUNTED = (
    "skin samples",
    "skin samples lost",
    "skin conversions",
    "skin conversions bridged",
    "skin conversions late",
    "skin conversions never started",
    "skin brown-outs",
    "skin retries",
)


@dataclass(frozen=True, slots=True)
class SkinSettings:
    """How the skin sensor is built."""

    address: int = ADDRESS
    """7 bits: 0x48…0x4b, as the pin ADDR is wired."""
    front_end: SkinFrontEnd = PATH_B
    """What lies between skin and converter: a `FrontEnd`, or a `Grove`."""
    reference_every: float = 5.0
    """Seconds between two looks at the reference, where there is one."""


class SkinChannel:
    """Reads one skin sensor.

    bus: its bus. settings: how it is built. pod: which pod it belongs to.
    """

    def __init__(self, bus: Bus, settings: SkinSettings, *, pod: int = 0) -> None:
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        # All names from the beginning: another thread may be reading them, and a dictionary must not grow meanwhile.
        self.counts = dict.fromkeys((*_ALSO_COUNTED, *_COUNTED.values(), *_FRONT_COUNTED.values()), 0)
        """What was counted since the start."""
        reference = settings.front_end.reference_volts
        self._chip = Ads1115(
            bus,
            address=settings.address,
            reference_every=settings.reference_every if reference is not None else float("inf"),
            range_volts=settings.front_end.range_volts,
        )
        self._front_end = settings.front_end
        self._pod = pod
        self._ledger = Ledger(f"pod {pod} skin")
        self._front_ledger = Ledger(f"pod {pod} skin front end")
        self._access = Access(self._ledger, "skin sensor")
        self._decimator = Decimator()
        self._reference = reference or 0.0
        self._distinct: set[int] | None = set()
        self._open = Lasting(2.0, 0.5)
        self._shorted = Lasting(1.0, 1.0)
        self._waiting: list[float] = []
        self._waiting_t0 = 0.0
        self._next_tick: int | None = None
        self._lost = 0

    def poll(self, now: float) -> list[Block | Fault]:
        """Let the driver take its next step. Never raises for trouble with the bus or the chip: tells a fault."""
        out = self._poll(now)
        for item in out:
            if isinstance(item, Fault) and not item.over:
                counted = _COUNTED if item.source == self._ledger.source else _FRONT_COUNTED
                if item.kind in counted:
                    self.counts[counted[item.kind]] += 1
        return out

    def _poll(self, now: float) -> list[Block | Fault]:
        try:
            result = self._chip.poll(now)
        except SensorError as error:
            self.due, told = self._access.failed(now, error)
            self.counts["skin retries"] = self._access.retries
            if self._access.lost:
                self._chip.restart()
                # Another chip may be plugged in meanwhile.
                self._distinct = set()
            return [*told]
        self.due = self._chip.due
        self.counts["skin conversions late"] = self._chip.unfinished
        self.counts["skin conversions never started"] = self._chip.not_started
        if result is None:
            return self._missed(now)
        out: list[Block | Fault] = [*self._access.succeeded(now)]
        out += self._ledger.end(now, FaultKind.BROWN_OUT, "The skin sensor converts again.")
        if result.which is Input.REFERENCE:
            return out + self._refer(now, result.volts)
        self.counts["skin conversions"] += 1
        if self._distinct is not None:
            out += self._resolve(now, result.counts)
        value = self._front_end.microsiemens(result.volts, self._reference)
        out += self._judge(now, value)
        if value is not None:
            out += self._take(result, value)
        return out

    def _missed(self, now: float) -> list[Block | Fault]:
        """There is no result, which is worth telling where the chip has lost its power."""
        if self._chip.brown_outs == self.counts["skin brown-outs"]:
            return []
        self.counts["skin brown-outs"] = self._chip.brown_outs
        self.due = now
        return [*self._ledger.begin(now, FaultKind.BROWN_OUT, _BROWN_OUT)]

    def _refer(self, now: float, volts: float) -> list[Block | Fault]:
        """Follow the reference: slowly through its noise, at once where it really changes."""
        change = volts - self._reference
        self._reference += change * (_REFERENCE_SHARE if abs(change) < _REFERENCE_STEP else 1.0)
        missing = not self._front_end.reference_present(self._reference)
        return [*self._front_ledger.settle(now, FaultKind.CHIP_MISSING, missing, begins=_NO_REFERENCE, ends=_REFERENCE)]

    def _resolve(self, now: float, counts: int) -> list[Fault]:
        """Find out, once for each chip that is plugged in, whether the converter really has its lowest four bits."""
        assert self._distinct is not None
        self._distinct.add(counts)
        if counts & 0xF:
            self._distinct = None
            return self._front_ledger.end(now, FaultKind.CHIP_WRONG, _FINE)
        if len(self._distinct) >= _DISTINCT and self.counts["skin conversions"] >= _LOOKED_AT:
            self._distinct = None
            return self._front_ledger.begin(now, FaultKind.CHIP_WRONG, _COARSE)
        return []

    def _judge(self, now: float, value: float | None) -> list[Fault]:
        """Electrodes off, or touching each other."""
        shorted = self._shorted.push(now, value is None and self._front_end.reference_present(self._reference))
        is_open = self._open.push(now, value is not None and value < _OPEN_MICROSIEMENS)
        return [
            *self._ledger.settle(now, FaultKind.SATURATED, shorted, begins=_SHORTED, ends=_APART),
            *self._ledger.settle(now, FaultKind.CONTACT, is_open, begins=_NO_CONTACT, ends=_CONTACT),
        ]

    def _take(self, result: Conversion, value: float) -> list[Block]:
        """Filter one value; a block when enough has come together, or when what follows does not join."""
        blocks: list[Block] = []
        for tick, smooth in self._decimator.push(result.tick, value):
            missing = 0 if self._next_tick is None else (tick - self._next_tick) // 2
            if missing:
                blocks += self._flush()
                self._lost += missing
            if not self._waiting:
                self._waiting_t0 = result.t - (result.tick - tick) * TICK
            self._waiting.append(max(0.0, smooth))
            self._next_tick = tick + 2
            if len(self._waiting) >= _BLOCK_LENGTH:
                blocks += self._flush()
        self.counts["skin conversions bridged"] = self._decimator.bridged
        return blocks

    def _flush(self) -> list[Block]:
        if not self._waiting:
            return []
        block = Block(Channel.SKIN, self._waiting_t0, _RATE_HZ, readonly(self._waiting), self._lost, self._pod)
        self.counts["skin samples"] += len(self._waiting)
        self.counts["skin samples lost"] += self._lost
        self._waiting, self._lost = [], 0
        return [block]
