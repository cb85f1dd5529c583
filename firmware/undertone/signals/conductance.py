"""Skin conductance: its slow level and its responses.

Theory of operation. Every rate from 4 to 64 Hz is averaged down to about 4 samples a second, so that features mean the same on
every device. Three-point smoothing (¼ ½ ¼) follows. A response is a rise: while the smoothed conductance climbs, it is written
down; when it turns, the climb is cut at its steepest parts. Each part gives an onset (where the slope first passes a tenth of
its steepest), a peak, an amplitude. A climb whose slope halves and doubles again holds two responses.

Before a response is believed, one second of what follows is looked at: sweat dries slowly, so a rise that has fallen again by
70 % within a second, and faster than all was falling before, was a touch. A rise of over 0.15 µS that happens all but wholly
(97 %) within half a second is a step, not a response; one that takes longer than 8 s is drift. Conductance outside 0.03–60 µS
means that the electrodes are off or wet, and a change by more than 10 µS/s that one moved: nothing crosses such a break, and
the first second after it is not used.

The level is the lower quartile of the last 10 s: it runs along the troughs between responses.

Source: amplitude and rise as in Boucsein and others 2012, Psychophysiology 49(8):1017–1034,
doi:10.1111/j.1469-8986.2012.01384.x; limits of range and slope after Kleckner and others 2018, IEEE TBME 65(7):1460–1467,
doi:10.1109/TBME.2017.2758643.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from undertone.flow import Block, Response
from undertone.signals.memory import Memory
from undertone.signals.quality import falling
from undertone.signals.stamps import Stamps

__all__ = ["RATE_HZ", "Conductance"]

RATE_HZ = 4.0
"""Samples a second to which every rate is averaged down."""

_LIFTED = 0.03
_DRY = 0.05
_WET = 60.0
_STEEPEST = 10.0
_SETTLING = 4
_MEMORY = 300
_LEVEL_WINDOW = 10.0
_RESPONSE_WINDOW = 60.0
_RISE_SHORTEST = 0.4
_RISE_LONGEST = 8.0
_WATCH = 1.0
_STEP = 0.15
_STEP_SHARE = 0.97


@dataclass(slots=True)
class _Candidate:
    """A response that is still being watched. Times in seconds, conductance in microsiemens."""

    onset: float
    peak: float
    amplitude: float
    top: float
    fall: float
    """By how much a second the conductance was falling before the rise."""
    alive: bool = True


class Conductance:
    """Streams blocks of conductance into responses.

    threshold: smallest amplitude that counts, microsiemens.
    """

    def __init__(self, *, threshold: float = 0.03, pod: int = 0) -> None:
        self._threshold = threshold
        self._pod = pod
        self._stamps = Stamps(slack=0.1)
        self._bin = _Bin(1.0)
        self._before: tuple[float, float] | None = None
        self._good = Memory(60.0)
        self._run = _Rises(threshold)
        self._settling = _SETTLING
        self._amplitudes = Memory(60.0)

    def push(self, block: Block) -> list[Response]:
        """The responses that this block completes: each about 1.5 s after its peak."""
        found: list[Response] = []
        if not self._stamps.continues(block):
            self._stamps.begin()
            self._bin = _Bin(max(1.0, round(block.rate_hz) / RATE_HZ))
            self._break()
        start = self._stamps.count
        self._stamps.add(block)
        for index, value in enumerate(block.values.tolist(), start):
            mean = self._bin.push(index, value)
            if mean is not None:
                self._take(self._stamps.time(mean[0]), mean[1], found)
        return found

    def _break(self) -> None:
        self._run = _Rises(self._threshold)
        self._settling = _SETTLING

    def _take(self, t: float, value: float, found: list[Response]) -> None:
        before, self._before = self._before, (t, value)
        believable = _LIFTED <= value <= _WET  # not so when it is not a number
        if not believable or (before is not None and abs(value - before[1]) > _STEEPEST * (t - before[0])):
            self._break()
            return
        if self._settling:
            self._settling -= 1
            return
        self._good.add(t, value)
        for candidate in self._run.push(t, value):
            rise = candidate.peak - candidate.onset
            response = Response(candidate.onset, candidate.amplitude, rise, pod=self._pod)
            self._amplitudes.add(response.t, response.amplitude_microsiemens)
            found.append(response)

    def level(self, now: float) -> float | None:
        """Lower quartile of the good samples of the last 10 s, microsiemens; None when fewer than half are good."""
        good = sorted(self._good.values(now - _LEVEL_WINDOW, now))
        return good[len(good) // 4] if len(good) >= 0.5 * _LEVEL_WINDOW * RATE_HZ else None

    def responses(self, now: float) -> tuple[float, float] | None:
        """Responses a minute and the sum of their amplitudes (µS) a minute, over the last 60 s.

        Both are scaled to a full minute when part of it could not be observed; None when less than half could be.
        """
        observed = self._good.count(now - _RESPONSE_WINDOW, now) / RATE_HZ
        if observed < 0.5 * _RESPONSE_WINDOW:
            return None
        scale = 60.0 / min(_RESPONSE_WINDOW, observed)
        amplitudes = self._amplitudes.values(now - _RESPONSE_WINDOW, now)
        return scale * len(amplitudes), scale * sum(amplitudes)

    def quality(self, now: float) -> float:
        """0…1: the share of the last 4 s with good samples (0 to 1, full from 3 s on), and how fresh the newest of them is.

        Fresh means 1 up to 1 s and 0 from 2.5 s on. Below 0.05 µS the skin is too dry to be trusted: 0.
        """
        newest = self._good.newest(now)
        if newest is None or newest[1] < _DRY:
            return 0.0
        return falling(now - newest[0], 1.0, 2.5) * min(1.0, self._good.count(now - 4.0, now) / (3.0 * RATE_HZ))


class _Bin:
    """Means over `samples` successive samples, which need not be a whole number."""

    def __init__(self, samples: float) -> None:
        self._samples = samples
        self._number = 0
        self._sum = 0.0
        self._positions = 0
        self._count = 0

    def push(self, index: int, value: float) -> tuple[float, float] | None:
        """Mean position and mean value of the bin that this sample completes."""
        self._sum += value
        self._positions += index
        self._count += 1
        if (index + 1.5) / self._samples < self._number + 1:
            return None
        mean = self._positions / self._count, self._sum / self._count
        self._number += 1
        self._sum, self._positions, self._count = 0.0, 0, 0
        return mean


class _Rises:
    """Finds rises within one unbroken run of conductance."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._raw: list[tuple[float, float]] = []
        self._climb: list[tuple[float, float]] = []
        self._steps: list[float] = []
        self._falls: deque[float] = deque((0.0,), maxlen=round(RATE_HZ))
        self._fall = 0.0
        self._watched: deque[_Candidate] = deque()

    def push(self, t: float, value: float) -> list[_Candidate]:
        """The responses that are now certain."""
        self._raw.append((t, value))
        if len(self._raw) < 3:
            return []
        (_, a), (when, b), (_, c) = self._raw
        del self._raw[0]
        smooth = 0.25 * a + 0.5 * b + 0.25 * c
        self._follow(when, smooth, b - a)
        return self._watch(when, smooth)

    def _follow(self, t: float, smooth: float, step: float) -> None:
        """Write the climb down while it lasts; judge it when it turns. step: change of the unsmoothed value."""
        if self._climb and smooth <= self._climb[-1][1]:
            self._judge()
            self._falls.append((self._climb[-1][1] - smooth) / (t - self._climb[-1][0]))
            self._climb = []
            self._steps = []
            self._fall = max(self._falls)
        if len(self._climb) >= _MEMORY:
            del self._climb[0], self._steps[0]
        self._climb.append((t, smooth))
        self._steps.append(step)

    def _judge(self) -> None:
        climb = self._climb
        if len(climb) < 3 or climb[-1][1] - climb[0][1] < self._threshold:
            return
        times = np.array([t for t, _ in climb])
        levels = np.array([level for _, level in climb])
        slopes = np.diff(levels) / np.diff(times)
        for first, last in _parts(slopes):
            self._consider(times[first : last + 2], levels[first : last + 2], slopes[first : last + 1], first)

    def _consider(self, times: np.ndarray, levels: np.ndarray, slopes: np.ndarray, first: int) -> None:
        steepest = int(np.argmax(slopes))
        gentle = np.flatnonzero(slopes[:steepest] < 0.1 * slopes[steepest])
        onset = int(gentle[-1]) + 1 if len(gentle) else 0
        amplitude = float(levels[-1] - levels[onset])
        rise = float(times[-1] - times[onset])
        if amplitude < self._threshold or not _RISE_SHORTEST <= rise <= _RISE_LONGEST:
            return
        steps = np.array(self._steps[first : first + len(levels)])
        if float(np.max(steps[1:] + steps[:-1])) > max(_STEP, _STEP_SHARE * amplitude):
            return
        self._watched.append(_Candidate(float(times[onset]), float(times[-1]), amplitude, float(levels[-1]), self._fall))

    def _watch(self, t: float, smooth: float) -> list[_Candidate]:
        """Drop candidates that fall at once, unless all was falling before; hand out those that have stood for a second."""
        for candidate in self._watched:
            if candidate.top - smooth > 0.7 * candidate.amplitude + candidate.fall * (t - candidate.peak):
                candidate.alive = False
        certain = []
        while self._watched and t - self._watched[0].peak >= _WATCH:
            candidate = self._watched.popleft()
            if candidate.alive:
                certain.append(candidate)
        return certain


def _parts(slopes: np.ndarray) -> list[tuple[int, int]]:
    """First and last slope of each response in a climb: it is cut where the slope falls and rises again."""
    parts: list[tuple[int, int]] = []
    first, low, high = 0, 0, 0
    for index in range(1, len(slopes)):
        if slopes[index] > slopes[high] and low <= high:
            high = low = index
        elif slopes[index] < slopes[low] or low < high:
            low = index
        elif slopes[low] < 0.8 * slopes[high] and slopes[index] > 1.25 * slopes[low]:
            parts.append((first, low))
            first, high, low = low + 1, index, index
    parts.append((first, len(slopes) - 1))
    return parts
