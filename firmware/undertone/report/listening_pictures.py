"""Every picture of a piece, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from undertone.errors import UndertoneError
from undertone.report.listening import Listening
from undertone.report.listening_frame import style
from undertone.report.listening_score import Drawn, asked, closely, form, harmony, layers, roll
from undertone.report.listening_sound import loudness, spectrogram

__all__ = ["Picture", "draw_listening"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the page."""

    name: str
    title: str
    caption: str
    """How to read it."""
    seen: str
    """What is to be seen in it, in words and figures."""
    file: Path
    size: tuple[int, int]
    """Width and height, pixels."""


PICTURES: tuple[tuple[str, str, str, Callable[[Listening], Drawn]], ...] = (
    (
        "roll",
        "Every note",
        "A piano roll: time goes to the right, pitch upwards, and a line is a note, as long as it sounds and darker the harder "
        "it is struck. Colours are layers. The bands behind are the sections, with their letters above; the key stands below.",
        roll,
    ),
    ("closely", "Closely, from the middle", "The same, so near that single notes can be read, with the chords above.", closely),
    (
        "form",
        "Form",
        "Above, the sections. Below, each phrase of four bars beside each other one: bright where they are alike. A bright "
        "line beside the diagonal is a passage that comes back; a bright square would be a loop, a dark one mere chance.",
        form,
    ),
    (
        "harmony",
        "Harmony",
        "The roots of the chords, in the order of fifths, so that near rows are near to the ear; the keys stand above.",
        harmony,
    ),
    ("layers", "Layers", "A lane is a layer: there where it sounds, and higher where it is louder.", layers),
    (
        "loudness",
        "Loudness",
        "How loud it is to the ear. The pale stripe is the programme's loudness, within half a unit; dotted is what the levels "
        "of the bars ask for. Below, the highest sample of each tenth of a second, under the ceiling of −1 dB.",
        loudness,
    ),
    (
        "spectrogram",
        "Spectrogram",
        "Low tones below, high ones above, bright where there is much of them; the light line is the centre of the spectrum.",
        spectrogram,
    ),
    (
        "asked",
        "What was asked for",
        "Tempo and level of each bar, and the arousal and valence that the music should carry.",
        asked,
    ),
)


def draw_listening(listening: Listening, folder: Path) -> list[Picture]:
    """Draw every picture for which there is something to draw into a folder.

    Raises UndertoneError where matplotlib is not installed, OSError where a file cannot be written.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise UndertoneError("Pictures need matplotlib: pip install 'undertone[report]'.") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = []
    with pyplot.rc_context(style()):
        for name, title, caption, picture in PICTURES:
            made = picture(listening)
            if made is None:
                continue
            figure, seen = made
            file = folder / f"{name}.png"
            size = tuple(round(inches * figure.dpi) for inches in figure.get_size_inches())
            figure.savefig(file)
            pyplot.close(figure)
            drawn.append(Picture(name, title, caption, seen, file, (size[0], size[1])))
    return drawn
