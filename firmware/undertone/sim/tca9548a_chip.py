"""A TCA9548A at register level: eight channels, each a piece of bus of its own, behind one control byte.

Theory of operation. There is one register and it has no number: every byte that is written is the control byte, of several the
last one counts, and what is read is the control byte. "When a channel is selected, the channel becomes active after a stop
condition has been placed on the I²C bus": until then the old channels stay on. Behind a channel that is off, nothing is heard
and nothing is held: a pod that hangs drags the others down only while its channel is on.

Source: TI SCPS207, §8.3–8.5; hardware.md §4.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from undertone.sim.chips import Chip, Now
from undertone.sim.segment import Segment

__all__ = ["Tca9548aChip"]

_CHANNELS = 8


class Tca9548aChip:
    """One emulated bus switch.

    channels: the chips behind each channel 0…7, by their addresses; channels that are not named are empty.
    now: the present, for what is scripted on the channels.

    Raises ValueError for a channel that there is not.
    """

    def __init__(self, channels: Mapping[int, Mapping[int, Chip]], now: Now) -> None:
        if not set(channels) <= set(range(_CHANNELS)):
            raise ValueError(f"a TCA9548A has the channels 0…7, not {sorted(channels)}")
        self.channels = tuple(Segment(channels.get(channel, {}), now=now) for channel in range(_CHANNELS))
        """What lies behind each channel. Faults of a pod are scripted here."""
        self.connected: tuple[Segment, ...] = ()
        """What is on at the moment."""
        self._control = 0
        self._in_reset = False

    @property
    def in_reset(self) -> bool:
        """Whether RESET is held low: the chip does not answer."""
        return self._in_reset

    def read(self, register: int, length: int) -> bytes:
        """What is sent after `register` was written, which is a control byte like any other."""
        self.write(register, b"")
        return self.receive(length)

    def receive(self, length: int) -> bytes:
        """The control byte, as often as it is asked for."""
        return bytes((self._control,)) * length

    def write(self, register: int, data: bytes) -> None:
        """Take control bytes, of which the last one counts."""
        self._control = (register, *data)[-1]

    def stop(self) -> None:
        """A stop condition: what was selected is on from here on."""
        self.connected = tuple(segment for place, segment in enumerate(self.channels) if self._control >> place & 1)

    def reset(self, low: bool) -> None:
        """RESET falls or rises. Low switches all channels off, at once and for as long as it lasts."""
        self._in_reset = low
        self.brown_out()

    def brown_out(self) -> None:
        """Lose the power for a moment: all channels are off."""
        self._control = 0
        self.connected = ()
