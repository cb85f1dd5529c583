"""How much sound a device still holds, reckoned from when we wrote and how long that took.

PortAudio's own underrun flags stay silent with some ALSA plugins, so gaps are judged by time. A write that made us wait found
the device full; one that did not adds its length; between writes the device plays. When more time passes than it held, it ran
dry.
"""

from __future__ import annotations

__all__ = ["BufferGauge"]

WAITED_SHARE = 0.25
"""A write that takes longer than this share of the sound's own length has waited for the device."""
FASTEST = 1.01
"""No sound card's clock is further off than this; the best are within 0.01 %."""


class BufferGauge:
    """Counts the times that a device ran dry."""

    def __init__(self) -> None:
        self.underruns = 0
        self.swallowed = 0.0
        """Seconds of sound that the device took beyond what it can have played since, were its clock FASTEST times ours."""
        self._held = 0.0
        self._last: float | None = None

    def wrote(self, before: float, after: float, *, seconds: float, capacity: float) -> None:
        """Note a write.

        before, after: when it began and ended.
        seconds: length of the sound written.
        capacity: seconds that the device can hold.
        """
        passed = 0.0 if self._last is None else after - self._last
        self.swallowed = max(0.0, self.swallowed - FASTEST * passed) + seconds
        if self._last is not None:
            self._held -= before - self._last
            if self._held < 0.0:
                self.underruns += 1
                self._held = 0.0
        waited = after - before > WAITED_SHARE * seconds
        self._held = capacity if waited else min(capacity, self._held + seconds)
        self._last = after

    def forget(self) -> None:
        """The device was opened anew: it holds nothing, and that is no underrun."""
        self._held = self.swallowed = 0.0
        self._last = None
