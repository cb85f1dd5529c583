"""The page for those who cannot hear a piece: pictures, each with what is to be seen in it in words, and a table of measures.

One HTML file beside its pictures. It needs no network and no scripts, is in order when read aloud, and can be printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from undertone.report.listening import Listening
from undertone.report.listening_pictures import Picture, draw_listening
from undertone.report.listening_words import Row, score_rows, sound_rows
from undertone.report.measures import failed
from undertone.report.page import STYLE, written
from undertone.report.panels import clock

__all__ = ["write_listening"]

MORE_STYLE = """
figure { margin: 0 0 1rem } figcaption { color: #45525b; font-size: .95rem; max-width: 48rem }
figcaption p { margin: .4rem 0 } nav li { display: inline-block; margin-right: 1rem } nav ul { padding: 0 }
a { color: #1d5f66 } a:focus-visible { outline: 3px solid #1d5f66; outline-offset: 2px }
.scroll { overflow-x: auto } .scroll table { min-width: 46rem } .scroll:focus-visible { outline: 3px solid #1d5f66 }
caption { text-align: left; padding-bottom: .5rem } th { font-weight: 600 } tbody th { font-weight: 500 }
tr.fails td, tr.fails th { background: #fbeceb } tr.fails td.verdict { color: #8a2c2c; font-weight: 600 }
small { color: #55636c; display: block }
@media print { body { margin: 0; max-width: none; font-size: 11pt } nav { display: none } figure, tr { break-inside: avoid }
  .scroll { overflow: visible } .scroll table { min-width: 0 } }
"""
FOOTER = (
    "Nobody has listened to this music in a study. A measure within the range of music by people says that nothing about it is "
    "odd in that respect; it does not say that it is beautiful, or that it does anybody good. Undertone is made for wellbeing; "
    "it does not diagnose or treat anything."
)
HEAD = ("measure", "here", "calm music by people", "lively music by people", "passes", "in words")


def write_listening(listening: Listening, folder: Path) -> Path:
    """Draw a piece into a folder, which is made if need be; returns the page's file.

    Raises StorageError where the folder cannot be written, UndertoneError where matplotlib is missing.
    """
    return written(folder, lambda: _page(listening, draw_listening(listening, folder)))


def _page(listening: Listening, pictures: Sequence[Picture]) -> Iterable[str]:
    title = escape(listening.title)
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield f"<title>{title}</title><style>{STYLE}{MORE_STYLE}</style></head><body><main><h1>{title}</h1>"
    yield f"<p>{escape(listening.about)}</p><p>{escape(_short(listening))}</p>"
    yield '<nav aria-label="On this page"><ul>'
    for picture in pictures:
        yield f'<li><a href="#{picture.name}">{escape(picture.title)}</a></li>'
    yield '<li><a href="#measures">Measures</a></li></ul></nav>'
    for picture in pictures:
        yield f'<section id="{picture.name}" aria-labelledby="{picture.name}-title"><h2 id="{picture.name}-title">'
        yield f'{escape(picture.title)}</h2><figure><img src="{picture.file.name}" width="{picture.size[0]}" '
        yield f'height="{picture.size[1]}" style="height:auto" alt="{escape(picture.seen)}"><figcaption><p aria-hidden="true">'
        # The alternative text says it to those who do not see the picture; shown as well, it helps those who see it badly.
        yield f'{escape(picture.seen)}</p><p class="caption">{escape(picture.caption)}</p>'
        yield "</figcaption></figure></section>"
    yield from _measures(listening)
    yield f"</main><footer><p>{FOOTER}</p></footer></body></html>\n"


def _short(listening: Listening) -> str:
    """The most important in a sentence or two."""
    said = [f"{clock(listening.seconds)} long" + (f", {len(listening.bars)} bars" if listening.bars else "")]
    if listening.measures:
        gates = failed(listening.measures)
        said[0] += f"; {'all gates of the score are passed' if not gates else 'gates not passed: ' + ', '.join(gates)}"
    if listening.form is not None:
        said.append(f"{listening.form.returns:.0%} of the phrases come back after something else")
    if listening.sound is not None and listening.sound.lufs is not None:
        said.append(f"it is {listening.sound.lufs:.1f} LUFS loud".replace("-", "−"))
    return ". ".join(text[0].upper() + text[1:] for text in said) + "."


def _measures(listening: Listening) -> Iterable[str]:
    yield '<section id="measures" aria-labelledby="measures-title"><h2 id="measures-title">Measures</h2>'
    count = len(listening.windows)
    of = f"the median of {count} windows of three minutes" if count > 1 else "all of it"
    tables = [("The score", f"Measured on {of}.", list(score_rows(listening))),
              ("The sound", "Measured on all of it.", list(sound_rows(listening)))]  # fmt: skip
    for name, how, rows in tables:
        if rows:
            yield from _table(f"{name}. {how} The ranges hold the middle eight tenths of music by people.", rows)
    if listening.bars:
        length, start = listening.repeat
        yield f"<p>The longest passage that is played again nearly as it was lasts {length:.0f} s"
        yield f" and first begins at {clock(start)}.</p>" if length else ".</p>"
    yield "</section>"


def _table(caption: str, rows: Sequence[Row]) -> Iterable[str]:
    # A table wider than a small screen scrolls by itself, also with the keyboard.
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption.split(".")[0])}, table">'
    lively = any(row.lively for row in rows)
    head = [name for name in HEAD if lively or not name.startswith("lively")]
    yield f"<table><caption>{escape(caption)}</caption><thead><tr>"
    yield "".join(f'<th scope="col"{" class=number" if name == "here" else ""}>{name}</th>' for name in head)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = [row.calm, *([row.lively] if lively else []), row.passes]
        yield f'<tr{" class=fails" if row.fails else ""}>'
        yield f'<th scope="row">{escape(row.name)}<small>{escape(row.meaning)}</small></th>'
        yield f"<td class=number>{escape(row.value)}</td>" + "".join(f"<td>{escape(cell) or '–'}</td>" for cell in cells)
        yield f"<td class=verdict>{escape(row.verdict)}</td></tr>"
    yield "</tbody></table></div>"
