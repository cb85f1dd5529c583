"""An independent look at what comes out. It does not trust the part that is meant to bring it about.

Checked once a second: samples arrive, the sound's clock advances, and the level of what was really written stays under the
ceiling. The verdicts are faults like any other; when the sound has stood still for long, the watchdog is no longer fed, and
systemd starts the device anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from undertone.flow import Fault, FaultKind

__all__ = ["Outcome", "Verifier"]

SENSORS_SILENT = 5.0
SOUND_STILL = 5.0
HOPELESS = 30.0
LEVEL_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was achieved so far, as counted where it came out."""

    samples: int
    """Samples delivered to the core."""
    played: float
    """Seconds of sound written."""
    level_dbfs: float | None
    """RMS of the last second written; None if nothing was."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One thing that is watched: how long it may be bad, and what is said then."""

    name: str
    kind: FaultKind
    patience: float
    message: str


_SENSING = Watch("sensing", FaultKind.BUS, SENSORS_SILENT, "No samples arrive; run `undertone doctor`.")
_SOUND = Watch("sound", FaultKind.SOUND, SOUND_STILL, "No sound is written; run `undertone doctor`.")


class Verifier:
    """Compares what came out with what must come out.

    ceiling_dbfs: the level, RMS over a second, that may not be exceeded for longer than a moment.
    sensing: whether samples are expected at all.
    """

    def __init__(self, *, ceiling_dbfs: float, sensing: bool) -> None:
        self._ceiling = ceiling_dbfs
        self._sensing = sensing
        self._last = Outcome(0, 0.0, None)
        self._since: dict[str, float] = {}
        self._told: dict[str, Fault] = {}

    def check(self, now: float, outcome: Outcome) -> Iterator[Fault]:
        """Faults that begin or end at this moment."""
        before, self._last = self._last, outcome
        arrived = outcome.samples > before.samples or not self._sensing
        quiet = outcome.level_dbfs is None or outcome.level_dbfs <= self._ceiling
        written = outcome.played > before.played
        loud = f"It is louder than {self._ceiling:.0f} dBFS; turn it down."
        yield from self._judge(now, _SENSING, good=arrived)
        yield from self._judge(now, _SOUND, good=written)
        yield from self._judge(now, Watch("level", FaultKind.SOUND, LEVEL_PATIENCE, loud), good=quiet)

    def hopeless(self, now: float) -> bool:
        """Whether the sound has stood still for so long that only a restart can help."""
        return now - self._since.get("sound", now) >= HOPELESS

    def _judge(self, now: float, watch: Watch, *, good: bool) -> Iterator[Fault]:
        source = f"{watch.name} watch"
        if good:
            self._since.pop(watch.name, None)
            if self._told.pop(watch.name, None) is not None:
                yield Fault(now, source, watch.kind, f"{watch.name.capitalize()} is as it should be again.", over=True)
            return
        since = self._since.setdefault(watch.name, now)
        if now - since >= watch.patience and watch.name not in self._told:
            self._told[watch.name] = Fault(now, source, watch.kind, watch.message)
            yield self._told[watch.name]
