"""Whether what was heard comes back, how alike two pieces are, and whether anything long is simply played again.

Theory of operation. Of each bar three things are kept: the pitch classes that sound in each quarter of it, where its melody
has onsets, and the way the melody goes, whatever its height. Each is taken relative to the mean of the piece and weighed so
that the three count alike. So two bars are alike only in what sets them apart from the piece as a whole: held chords, a
common key or a steady pulse make nothing similar, which is where plain chroma saturates. The similarity of two phrases of four
bars is the cosine between all of that: near 0 for unrelated phrases, 1 for the same.

A phrase *returns* when one like it is found again after something different: in a loop everything is alike and nothing
returns, in chance nothing is alike.

Source: self-similarity: Foote 1999; thresholds: measured on music by people and on controls by `benchmarks/music`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undertone.report.piece import Piece, Sounding

__all__ = ["ALIKE", "PHRASE_BARS", "Form", "distance", "form_of", "longest_repeat", "similarity"]

Array = NDArray[np.float64]

PHRASE_BARS = 4
"""Bars in what is compared."""
ALIKE = 0.75
"""Similarity from which two phrases are the same to a listener's mind."""
DIFFERENT = 0.35
"""Similarity below which a phrase is something else."""
SLOTS, GRID = 4, 16
"""Parts of a bar in which chroma is told, and in which onsets and contour are."""
FEWEST = 4
"""Onsets from which a phrase can be compared."""
SAME_BAR = 0.8
"""Share of notes that two bars have in common, from which one repeats the other (Dice coefficient)."""


@dataclass(frozen=True)
class Form:
    """How the phrases of a piece are like each other."""

    similarity: Array
    """(n, n): of the phrases of four bars that begin with each bar, −1…1; NaN where one has too few notes."""
    returns: float
    """Share of the phrases of which one like it is found elsewhere, with something different in between, 0…1."""
    best: float
    """Median over all phrases of the similarity to the one most like it elsewhere."""
    chance: float
    """The same for any two phrases: near 0 unless the measure saturates."""


def form_of(piece: Piece) -> Form | None:
    """The form of a piece; None where it has not two phrases."""
    table = similarity(piece)
    count = len(table)
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) >= PHRASE_BARS
    known = apart & ~np.isnan(table)
    if not known.any():
        return None
    elsewhere = np.where(known, table, -np.inf).max(axis=1)
    elsewhere = elsewhere[elsewhere > -np.inf]
    return Form(
        similarity=table,
        returns=_returning(np.nan_to_num(table, nan=-1.0)) / max(1, int((~np.isnan(table)).any(axis=1).sum())),
        best=float(np.median(elsewhere)),
        chance=float(np.median(table[known])),
    )


def _returning(table: Array) -> int:
    """How many phrases are alike to another with something in between that is like nothing around either of them."""
    count, found = len(table), np.zeros(len(table), dtype=bool)
    around = table.copy()
    for step in range(1, min(PHRASE_BARS, count)):
        # A short loop is never left: each of its phrases is like one of the few before or after any other.
        around[step:] = np.maximum(around[step:], table[:-step])
        around[:-step] = np.maximum(around[:-step], table[step:])
    for first in range(count):
        strayed = np.minimum.accumulate(around[first, first:]) < DIFFERENT
        again = np.flatnonzero(strayed & (table[first, first:] >= ALIKE)) + first
        if len(again):
            found[first] = True
            found[again] = True
    return int(found.sum())


def similarity(piece: Piece) -> Array:
    """Similarity of the phrases of four bars that begin with each bar, (n, n)."""
    rows = np.concatenate(_weighed([_chroma(piece)], [_rhythm(piece)], [_contour(piece)]), axis=1)
    return _phrases(rows @ rows.T, _onsets(piece), _onsets(piece))


def distance(one: Piece, other: Piece) -> float | None:
    """How unlike two pieces are: 1 less the mean similarity of each phrase to the most like one in the other piece, both ways.

    0 for the same piece in any key. Over three minutes, of 62 calm pieces by people: a movement and its arrangement .05 to .11,
    two harmonisations of a chorale .15, the three Gymnopédies .36 to .44, and 99 of 100 pairs .65 or more. It gets smaller
    the longer the pieces are. None where one of them has no phrase.
    """
    first = [_chroma(one), _rhythm(one), _contour(one)]
    second = [_chroma(other), _rhythm(other), _contour(other)]
    n = len(first[0])
    best: Array | None = None
    for shift in range(12):
        turned = [_turned(second[0], shift), *second[1:]]
        both = np.concatenate(_weighed(*([a, b] for a, b in zip(first, turned, strict=True))), axis=1)
        counts = np.concatenate([_onsets(one), _onsets(other)])
        table = _phrases(both @ both.T, counts, counts)[: max(0, n - PHRASE_BARS + 1), n:]
        best = table if best is None else np.fmax(best, table)
    assert best is not None
    if best.size == 0 or np.isnan(best).all():
        return None
    filled = np.where(np.isnan(best), -np.inf, best)
    across = [filled.max(axis=1), filled.max(axis=0)]
    return 1.0 - float(np.mean([np.mean(side[side > -np.inf]) for side in across]))


def longest_repeat(piece: Piece) -> tuple[float, float]:
    """The longest passage that is played again nearly as it was: how long it is and where it begins, seconds.

    Bars repeat when they share four fifths of their notes; (0, 0) where none does.
    """
    rows = [frozenset((round((n.beat - start) * 4), n.pitch) for n in notes) for start, notes in _bars(piece)]
    same = np.zeros((len(rows), len(rows)), dtype=bool)
    for first, a in enumerate(rows):
        for second in range(first + 1, len(rows)):
            b = rows[second]
            same[first, second] = bool(a) and 2 * len(a & b) >= SAME_BAR * (len(a) + len(b))
    seconds = np.interp(piece.starts, [n.beat for n in piece.notes], [n.second for n in piece.notes]) if piece.notes else ()
    longest, where = 0.0, 0.0
    for lag in range(1, len(rows)):
        run = 0
        for first, there in enumerate(np.diagonal(same, lag)):
            run = run + 1 if there else 0
            # What overlaps itself is a loop: it repeats no more than its own length.
            begin = first + 1 - min(run, lag)
            length = float(seconds[first + 1] - seconds[begin]) if run else 0.0
            if length > longest:
                longest, where = length, float(seconds[begin])
    return longest, where


def _bars(piece: Piece) -> Sequence[tuple[float, tuple[Sounding, ...]]]:
    return list(zip(piece.starts, piece.by_bar, strict=False))


def _onsets(piece: Piece) -> Array:
    return np.array([float(len(notes)) for notes in piece.by_bar])


def _chroma(piece: Piece) -> Array:
    """Pitch classes that sound in each quarter of each bar, (bars, 48): a note counts by how much of it lies there."""
    rows = np.zeros((len(piece.starts) - 1, SLOTS, 12))
    within = [np.linspace(a, b, SLOTS, endpoint=False) for a, b in pairwise(piece.starts)]
    edges = np.concatenate([*within, np.array(piece.starts[-1:])])
    flat = rows.reshape(-1, 12)
    for note in piece.notes:
        end = note.beat + note.beats
        slot = max(0, int(np.searchsorted(edges, note.beat, side="right")) - 1)
        while slot < len(flat) and edges[slot] < end:
            inside = min(end, edges[slot + 1]) - max(note.beat, edges[slot])
            flat[slot, note.pitch % 12] += max(0.0, inside) / (edges[slot + 1] - edges[slot])
            slot += 1
    return np.asarray(np.minimum(rows, 1.0).reshape(len(rows), SLOTS * 12))


def _rhythm(piece: Piece) -> Array:
    """Where the melody has onsets, (bars, 16)."""
    rows = np.zeros((len(piece.starts) - 1, GRID))
    for index, place, _ in _placed(piece):
        rows[index, place] = 1.0
    return rows


def _contour(piece: Piece) -> Array:
    """The way the melody goes in each bar, semitones around its mean there, (bars, 16); 0 where it is silent from the start."""
    rows = np.full((len(piece.starts) - 1, GRID), np.nan)
    for index, place, pitch in _placed(piece):
        rows[index, place:] = pitch
    means = np.array([np.nanmean(row) if not np.isnan(row).all() else 0.0 for row in rows])
    return np.asarray(np.nan_to_num(rows - means[:, None]))


def _placed(piece: Piece) -> list[tuple[int, int, int]]:
    """Bar, place in it and pitch of each note of the melody."""
    starts = np.array(piece.starts)
    found = []
    for note in piece.melody:
        index = int(np.searchsorted(starts, note.beat, side="right")) - 1
        if 0 <= index < len(starts) - 1:
            share = (note.beat - starts[index]) / (starts[index + 1] - starts[index])
            found.append((index, min(GRID - 1, int(share * GRID + 0.01)), note.pitch))
    return found


def _turned(chroma: Array, shift: int) -> Array:
    return np.roll(chroma.reshape(-1, SLOTS, 12), shift, axis=2).reshape(chroma.shape)


def _weighed(*kinds: list[Array]) -> list[Array]:
    """Each kind (its parts put below each other) relative to its mean, and so that all kinds weigh the same."""
    weighed = []
    for parts in kinds:
        rows = np.concatenate([part - part.mean(axis=0) if len(part) else part for part in parts])
        size = float(np.sqrt(np.mean(np.sum(rows**2, axis=1)))) if len(rows) else 0.0
        weighed.append(rows / size if size > 1e-9 else np.zeros_like(rows))
    return weighed


def _phrases(products: Array, left: Array, right: Array) -> Array:
    """From products of bars (n, m) to the cosines of phrases (n − 3, m − 3); NaN where a phrase has too few onsets."""
    n, m = (max(0, side - PHRASE_BARS + 1) for side in products.shape)
    table = np.zeros((n, m))
    for step in range(PHRASE_BARS):
        table += products[step : step + n, step : step + m]
    size = np.sqrt(np.maximum(np.diagonal(table), 1e-12))
    full = [np.convolve(side, np.ones(PHRASE_BARS), "valid") >= FEWEST if len(side) >= PHRASE_BARS else np.zeros(0, bool)
            for side in (left, right)]  # fmt: skip
    cosines = table / size[:, None] / size[None, :]
    return np.where(full[0][:n, None] & full[1][None, :m], cosines, np.nan)
