"""The page itself: one HTML file beside its pictures, readable without any network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from undertone.errors import StorageError
from undertone.report.evening import Evening, Noticed, noticed
from undertone.report.pictures import draw

__all__ = ["make_folder", "write_page", "written"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #27323a; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-weight: 600 } h2 { margin-top: 2.5rem; font-weight: 600; font-size: 1.15rem }
img { width: 100% } p.caption, footer { color: #55636c; font-size: .9rem }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e3e8eb; vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.fault { color: #8a2c2c }
"""

FOOTER = (
    "Arousal here means bodily arousal relative to this listener's own usual; it is an estimate and often wrong for single "
    "minutes. Undertone is made for wellbeing. It does not diagnose or treat anything."
)


def write_page(evening: Evening, folder: Path) -> Path:
    """Draw the evening into a folder, which is made if need be; returns the page's file.

    Raises StorageError where the folder cannot be written, UndertoneError where matplotlib is missing.
    """
    return written(folder, lambda: _page(evening, draw(evening, folder)))


def written(folder: Path, page: Callable[[], Iterable[str]]) -> Path:
    """Write a page, whose pictures are drawn while it is made, into a folder, which is made if need be; returns its file.

    Raises StorageError where the folder cannot be written.
    """
    make_folder(folder)
    try:
        file = folder / "index.html"
        file.write_text("".join(page()), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The report cannot be written to {folder} ({error.strerror}); is the disk full?") from error
    return file


def make_folder(folder: Path) -> None:
    """Make the folder of a report; to be called before a long session, so that nobody waits an hour to hear that it fails.

    Raises StorageError where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The report cannot be written to {folder} ({error.strerror}); choose another folder.") from error


def _page(evening: Evening, pictures: Iterable[tuple[str, str, Path]]) -> Iterable[str]:
    title = escape(evening.title)
    yield '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
    yield f"<p>{_clock(evening.seconds)} long, {len(evening.beats)} beats, {len(evening.responses)} skin responses, "
    yield f"{len(evening.bars)} bars of music.</p>"
    yield from _spans(noticed(evening))
    for heading, caption, file in pictures:
        caption = escape(caption)
        yield f'<h2>{escape(heading)}</h2><img src="{file.name}" alt="{caption}"><p class="caption">{caption}</p>'
    yield from _reasons(evening)
    yield from _faults(evening)
    yield f"<footer><p>{FOOTER}</p></footer></html>\n"


def _spans(rows: list[Noticed]) -> Iterable[str]:
    if not rows:
        return
    yield "<h2>What the device noticed</h2><table><tr><th>part<th class=number>from<th class=number>arousal"
    yield "<th class=number>confident<th class=number>heart, bpm<th class=number>skin, µS<th class=number>responses/min</tr>"
    for row in rows:
        cells = [_clock(row.span.start), _number(row.arousal, "+.2f"), f"{row.confident:.0%}", _number(row.heart_bpm, ".0f")]
        cells += [_number(row.tonic_microsiemens, ".2f"), _number(row.responses_per_min, ".1f")]
        yield f"<tr><td>{escape(row.span.name)}" + "".join(f"<td class=number>{cell}" for cell in cells) + "</tr>"
    yield "</table>"


def _reasons(evening: Evening) -> Iterable[str]:
    yield "<h2>Why the music was what it was</h2><table><tr><th>at<th>phase<th>reason</tr>"
    last = None
    for directive in evening.directives:
        if (directive.phase, directive.reason) != last:
            last = (directive.phase, directive.reason)
            yield f"<tr><td class=number>{_clock(directive.t)}<td>{directive.phase}<td>{escape(directive.reason)}</tr>"
    yield "</table>"


def _faults(evening: Evening) -> Iterable[str]:
    if not evening.faults:
        return
    yield "<h2>Trouble</h2><table><tr><th>at<th>part<th>what</tr>"
    for fault in evening.faults:
        mark = "" if fault.over else ' class="fault"'
        yield f"<tr{mark}><td class=number>{_clock(fault.t)}<td>{escape(fault.source)}<td>{escape(fault.message)}</tr>"
    yield "</table>"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
