"""The session as text, while it goes on: a panel that refreshes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from undertone.flow import AffectSource, Bar, Features, Phase, Status
from undertone.music.provenance import GENERATED
from undertone.report import clear

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["View"]

LINES = 12
"""Lines for a whole session where there is no terminal, …"""
LINE_EVERY = (10.0, 120.0)
"""…but no closer and no further apart than this, seconds."""
WORTH_SAYING = 0.05
"""Share of a week's sound from which on it is shown."""
METER = 24
TROUBLES = 3
"""Faults shown at most."""
PHASES = {
    Phase.SETTLE: "settling in, learning what is usual for you",
    Phase.MEET: "meeting you where you are",
    Phase.LEAD: "leading",
    Phase.HOLD: "staying there",
    Phase.FADE: "fading out",
    Phase.SILENT: "over",
}


class View:
    """Shows one status after the other. Use it as a context.

    seconds: how long the session will be, for the progress bar.
    stream: where to; the standard output if not given.
    """

    def __init__(self, title: str, seconds: float, *, stream: Any = None) -> None:
        self._title = title
        self._seconds = seconds
        self._stream = stream or sys.stdout
        self._live: Any = None
        self._every = min(max(seconds / LINES, LINE_EVERY[0]), LINE_EVERY[1])
        self._next_line = 0.0

    def __enter__(self) -> View:
        if self._stream.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=self._stream), refresh_per_second=8)
            self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def show(self, status: Status) -> None:
        """Show how it is now."""
        if self._live is not None:
            self._live.update(self._panel(status))
        elif status.t >= self._next_line:
            self._next_line = status.t + self._every
            print(line(status), file=self._stream, flush=True)

    def _panel(self, status: Status) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        rows = Table.grid(padding=(0, 2))
        rows.add_column(justify="right", style="dim", min_width=11)
        rows.add_column()
        for name, value in described(status):
            rows.add_row(name, Text(value))
        for message in list(dict.fromkeys(fault.message for fault in status.faults))[:TROUBLES]:
            rows.add_row(Text("trouble", style="red"), Text(message, style="red"))
        bar = ProgressBar(total=self._seconds, completed=min(status.t, self._seconds), width=60)
        return Panel(Group(rows, Text(""), bar), title=self._title, subtitle=_clock(status.t, self._seconds), width=100)


def described(status: Status) -> list[tuple[str, str]]:
    """What a listener would want to know, as (name, text)."""
    features, affect = clear(status.features or Features(status.t)), status.affect
    directive, bar = status.directive, status.bar
    rows = [
        ("heart", _known(features.heart_bpm, "{:.0f} beats a minute")),
        ("breath", _known(features.breathing_per_min, "{:.1f} a minute")),
        ("skin", _known(features.tonic_microsiemens, "{:.2f} µS")),
    ]
    if affect is None or affect.source is AffectSource.NONE:
        rows.append(("arousal", "not known yet"))
    else:
        sure = f"{affect.arousal:+.2f} relative to your usual, {affect.confidence:.0%} sure"
        rows.append(("arousal", f"{meter(affect.arousal)} {sure}"))
    if directive is not None:
        rows.append(("phase", f"{directive.phase}: {PHASES[directive.phase]}"))
        rows.append(("music", f"{meter(directive.arousal)} {directive.arousal:+.2f}, towards {directive.goal}"))
        rows.append(("why", directive.reason))
    if bar is not None:
        rows.append(("playing", _playing(bar)))
    rows.append(("level", _level(status)))
    return rows


def _playing(bar: Bar) -> str:
    """What sounds, and whose it is unless it was made up."""
    if bar.cue is not None:
        return bar.origin
    notes = f"{bar.key}, {bar.chord or 'a rest'}, {bar.tempo_bpm:.0f} bpm"
    return notes if bar.origin in ("", GENERATED) else f"{notes}, from {bar.origin}"


def _level(status: Status) -> str:
    """How loud it is, and how much of the week's sound has been had where that is worth knowing."""
    if status.level_dbfs is None:
        return "silent"
    there = f"{status.level_dbfs:.0f} dBFS" if status.level_dba is None else f"{status.level_dba:.0f} dB(A) at the pillow"
    dose = status.dose or 0.0
    return there if dose < WORTH_SAYING else f"{there}, {dose:.0%} of a week's safe sound"


def line(status: Status) -> str:
    """The same in one line."""
    features, affect, directive = clear(status.features or Features(status.t)), status.affect, status.directive
    parts = [
        _clock(status.t),
        "heart " + _known(features.heart_bpm, "{:.0f} bpm"),
        "skin " + _known(features.tonic_microsiemens, "{:.2f} µS"),
        "arousal " + _known(affect.arousal if affect is not None and affect.confidence > 0 else None, "{:+.2f}"),
    ]
    if directive is not None:
        parts += [f"{directive.phase} (music {directive.arousal:+.2f})", directive.reason]
    return "  ".join(parts)


def meter(value: float) -> str:
    """A value from −1 to 1 as a row of marks."""
    place = round((max(-1.0, min(1.0, value)) + 1.0) / 2.0 * (METER - 1))
    return "".join("●" if i == place else "┼" if i == METER // 2 else "─" for i in range(METER))


def _known(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _clock(seconds: float, total: float | None = None) -> str:
    text = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    return text if total is None else f"{text} of {int(total) // 60}:{int(total) % 60:02d}"
