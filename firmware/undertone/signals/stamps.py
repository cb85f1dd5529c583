"""The time of every sample, and where the stream is broken.

Filters count samples; everybody else counts seconds. A `Stamps` remembers for the recent blocks at which sample they began, at
what time and at what rate, so that a position between two samples becomes a time. A loss therefore never shifts later times.
"""

from __future__ import annotations

from collections import deque

from undertone.flow import Block

__all__ = ["Stamps"]

_KEPT_BLOCKS = 4096
_AGREE = 1e-6


class Stamps:
    """Turns positions in an unbroken run of samples into times.

    slack: how far, in seconds, a block may begin from where the block before ended and still continue it. Measured stamps
        shake by a few milliseconds; a missing sample is noticed when the jump exceeds `slack` and three quarters of a sample.
    """

    def __init__(self, *, slack: float) -> None:
        self._slack = slack
        self._anchors: deque[tuple[int, float, float]] = deque(maxlen=_KEPT_BLOCKS)
        self._count = 0
        self._end: float | None = None

    @property
    def count(self) -> int:
        """Samples in this run so far."""
        return self._count

    def continues(self, block: Block) -> bool:
        """Whether the block goes on where the one before ended: nothing lost, no jump in time, the same rate to 5 %."""
        if self._end is None or block.lost > 0:
            return False
        rate = self._anchors[-1][2]
        slack = max(self._slack, 0.75 / rate)
        return abs(block.t0 - self._end) <= slack and abs(block.rate_hz / rate - 1.0) <= 0.05

    def begin(self) -> None:
        """Forget everything: the next block begins a new run."""
        self._anchors.clear()
        self._count = 0
        self._end = None

    def interrupt(self) -> None:
        """Samples are missing here: no block continues this run. Times within it can still be asked for."""
        self._end = None

    def add(self, block: Block) -> None:
        """Count the samples of a block that continues the run or begins one.

        A block that lies where it was expected to the microsecond adds no anchor, so that times come out the same to the last
        bit however an evenly sampled stream was cut.
        """
        if not (self._anchors and self._expected(block)):
            self._anchors.append((self._count, float(block.t0), float(block.rate_hz)))
        self._count += len(block.values)
        self._end = self.time(self._count)

    def _expected(self, block: Block) -> bool:
        return abs(block.t0 - self.time(self._count)) <= _AGREE and block.rate_hz == self._anchors[-1][2]

    def time(self, position: float) -> float:
        """Seconds at a position, counted in samples from the start of the run; half positions lie between samples."""
        for start, t0, rate in reversed(self._anchors):
            if start <= position:
                return t0 + (position - start) / rate
        start, t0, rate = self._anchors[0]
        return t0 + (position - start) / rate
