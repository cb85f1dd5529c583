"""`undertone view`: a recording as one picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from undertone.affect import estimator
from undertone.cli.analyse import listened, loaded
from undertone.errors import UndertoneError
from undertone.report import draw_recording

__all__ = ["ENDINGS", "view"]

ENDINGS = (".png", ".svg", ".pdf")
"""What a picture can be."""


def view(asked: argparse.Namespace) -> int:
    """Draw a recording and say where the picture lies."""
    if asked.out is not None and asked.out.suffix.lower() not in ENDINGS:
        raise UndertoneError(f"{asked.out} is no picture that can be drawn: let its name end in {', '.join(ENDINGS)}.")
    start, end = (None if minutes is None else 60.0 * minutes for minutes in (asked.start, asked.end))
    if start is not None and end is not None and end <= start:
        raise UndertoneError(f"--from {asked.start:g} is not before --to {asked.end:g}: nothing lies between them.")
    recording = loaded(asked)
    file = asked.out or _usual_file(recording.name, asked.device)
    analysis = listened(recording, estimator(None)[0])
    print(f"picture  {draw_recording(analysis, file, start=start, end=end, close=asked.close)}")
    return 0


def _usual_file(name: str, device: str | None) -> Path:
    """In the folder where one is, named like the recording."""
    return Path(f"{name}_{device}.png" if device else f"{name}.png")
