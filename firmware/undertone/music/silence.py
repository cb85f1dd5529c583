"""The bar in which nothing plays."""

from __future__ import annotations

import math
from collections.abc import Mapping

from undertone.flow import Bar, Directive, Layer

__all__ = ["silent_bar"]


def silent_bar(
    index: int,
    directive: Directive | None,
    *,
    tempo_bpm: float,
    gains_db: Mapping[Layer, float],
    programs: Mapping[Layer, int],
    origin: str = "",
) -> Bar:
    """A bar of silence, whose level is −inf at once: whoever plays it fades what still sounds.

    It lasts one beat, so that music which is asked for again need not wait for the end of a long one.
    """
    return Bar(
        index=index,
        beats=1,
        tempo_bpm=tempo_bpm,
        notes=(),
        level_db=-math.inf,
        gains_db=gains_db,
        programs=programs,
        low_pass_hz=2000.0,
        reverb_wet=0.3,
        reverb_seconds=2.8,
        breath_per_min=None,
        swell_db=0.0,
        section="silence",
        reason=directive.reason if directive is not None else "",
        origin=origin,
    )
