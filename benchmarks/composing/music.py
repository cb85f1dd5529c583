"""Our music beside music by people (calm and lively) and beside four controls, by the gates of the music design.

Every programme (those of the four goals, walked without a listener, and neutral music) is composed in every style with several
seeds and measured three minutes at a time, as the pieces by people are. A style passes a gate in a programme when the median
of all its windows lies inside. Returns, distances and repeats are of whole pieces.

    returns     share of phrases of four bars that come back after something else
    best        similarity of a phrase to the one most like it elsewhere, median; `any` the same for any two
    distance    1 less the similarity of each phrase of one piece to the most like one of another, in any key, of the three
                minutes in the middle: of music by people, a piece and its arrangement are .05 to .15 apart, the three
                Gymnopédies .36 to .44, and nearly all others .65 or more. Below .30 two pieces sound alike.

None of that says that anybody would like to hear it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import combinations
from time import process_time

from benchmarks.composing.pieces import CONTROLS, HUMAN, PROGRAMMES, bars_of, control, corpus, human, middle, windows
from benchmarks.composing.tables import bands, gate_head, gate_row, medians, quantiles, two_or_more
from benchmarks.sensing.progress import tell
from undertone.flow import Bar
from undertone.music import STYLES
from undertone.report.measures import Values, failed, measured
from undertone.report.measures_form import distance, form_of, longest_repeat
from undertone.report.measures_harmony import MOMENTUM_SCALE, ROUGHNESS_SCALE
from undertone.report.piece import Piece, piece_of

Made = dict[tuple[str, str], list[tuple[list[Bar], Piece]]]

HOUR = 60.0
ALIKE = 0.30
"""Distance under which two pieces sound alike: between an arrangement and a sister piece."""
TEN = 600.0
"""Seconds of music that must not come again."""


def main() -> None:
    """Compose, measure, print."""
    asked = _asked()
    styles, programmes = asked.styles, asked.programmes
    print(gate_head())
    beside, people = _human()
    chance = _controls(max(asked.seeds, 8))
    made, cost = _ours(styles, programmes, asked.seeds, asked.minutes)
    failures = _gates(made)
    print(f"\ncomposing: {cost:.2f} ms a bar of CPU time")
    _form(beside, chance, made)
    closest = _distances(beside, made, styles, asked.minutes)
    repeats = [] if asked.quick else _hours(styles)
    _verdict(failures, chance, made, closest, repeats)
    if asked.calibrate and beside:
        _calibration(people)
    if asked.sound:
        from benchmarks.composing.sound import sound_table

        sound_table(made, quick=asked.quick)


def _asked() -> argparse.Namespace:
    as_written = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="benchmarks/music", description=__doc__, formatter_class=as_written)
    parser.add_argument("--seeds", type=int, help="pieces in each style and programme (default: 4)")
    parser.add_argument("--styles", help=f"of {','.join(STYLES)} (default: all)")
    parser.add_argument("--programmes", help=f"of {','.join(PROGRAMMES)} (default: all)")
    parser.add_argument("--minutes", type=float, help="length of each piece (default: 15)")
    parser.add_argument("--quick", action="store_true", help="2 seeds, 6 minutes, no hours")
    parser.add_argument("--sound", action="store_true", help="render as well, and measure what is heard: minutes of work")
    parser.add_argument("--calibrate", action="store_true", help="print the scales and bands that `undertone.report` keeps")
    asked = parser.parse_args()
    asked.seeds = asked.seeds or (2 if asked.quick else 4)
    asked.minutes = asked.minutes or (6.0 if asked.quick else 15.0)
    for name, there in (("styles", STYLES), ("programmes", PROGRAMMES)):
        chosen = getattr(asked, name).split(",") if getattr(asked, name) else list(there)
        for one in chosen:
            if one not in there:
                parser.error(f"--{name} has no {one!r}; there are {', '.join(there)}")
        setattr(asked, name, chosen)
    if asked.seeds < 1 or not 3.0 <= asked.minutes <= 240.0:
        parser.error("take at least one seed, and 3 to 240 minutes")
    return asked


def _human() -> tuple[dict[str, list[Piece]], dict[str, list[Values]]]:
    pieces: dict[str, list[Piece]] = {}
    values: dict[str, list[Values]] = {}
    for kind in HUMAN:
        found = human(kind)
        if not found:
            print(f"No music by people in {corpus() / kind}: set UNDERTONE_CORPUS to have it beside ours.", file=sys.stderr)
            continue
        pieces[kind], values[kind] = found, [measured(piece) for piece in found]
        print(gate_row(f"people, {kind} ({len(found)})", values[kind]))
    return pieces, values


def _controls(seeds: int) -> dict[str, list[Piece]]:
    chance = {}
    for name in CONTROLS:
        chance[name] = [control(name, seed) for seed in range(seeds)]
        print(gate_row(f"control, {name}", [measured(piece) for piece in chance[name]]))
    return chance


def _ours(styles: Sequence[str], programmes: Sequence[str], seeds: int, minutes: float) -> tuple[Made, float]:
    made: Made = {}
    before, count = process_time(), 0
    for style in styles:
        for programme in programmes:
            tell(f"composing {style}, {programme}")
            bars = [bars_of(style, programme, seed, minutes) for seed in range(1, seeds + 1)]
            made[style, programme] = [(piece, piece_of(piece, f"{style} {programme}")) for piece in bars]
            count += sum(map(len, bars))
    tell("")
    return made, 1000.0 * (process_time() - before) / count


def _gates(made: Made) -> dict[str, dict[str, list[str]]]:
    """Print a row for each style and programme; the gates that each fails, by style."""
    failures: dict[str, dict[str, list[str]]] = {}
    rows: dict[str, list[Values]] = {}
    for (style, programme), pieces in made.items():
        tell(f"measuring {style}, {programme}")
        values = [measured(window) for _, piece in pieces for window in windows(piece)]
        tell("")
        print(gate_row(f"{style}, {programme}", values))
        failures.setdefault(style, {})[programme] = failed(medians(values))
        rows.setdefault(style, []).extend(values)
    print()
    for style, values in rows.items():
        print(gate_row(f"{style}, all programmes", values))
        failures[style]["all"] = failed(medians(values))
    return failures


def _form(beside: dict[str, list[Piece]], chance: dict[str, list[Piece]], made: Made) -> None:
    print(f"\n{'form: median (least…greatest)':<32}{'returns':>24}{'best':>24}{'any':>24}{'longest repeat, s':>24}")
    sets = [(f"people, {kind}", pieces) for kind, pieces in beside.items()]
    sets += [(f"control, {name}", pieces) for name, pieces in chance.items()]
    sets += [(f"{style}, {programme}", [piece for _, piece in pieces]) for (style, programme), pieces in made.items()]
    for name, pieces in sets:
        tell(name)
        forms = [form for piece in pieces if (form := form_of(piece)) is not None]
        repeats = [longest_repeat(piece)[0] for piece in pieces]
        columns = [[form.returns for form in forms], [form.best for form in forms], [form.chance for form in forms], repeats]
        tell("")
        print(f"{name:<32}" + "".join(f"{quantiles(column):>24}" for column in columns))


def _distances(beside: dict[str, list[Piece]], made: Made, styles: Sequence[str], minutes: float) -> float | None:
    """Print distances between seeds beside what they can be held against; the least between two of our seeds."""
    print(f"\n{'distance: median (least…greatest)':<48}")
    for kind, pieces in beside.items():
        tell(f"distances of {kind} pieces")
        found = [d for first, second in combinations(pieces[:24], 2) if (d := distance(first, second)) is not None]
        tell("")
        print(f"{f'two pieces by people, {kind}':<48}{quantiles(found)}")
    tell("a piece and itself")
    own = [d for style in styles if (d := _varied(style, minutes)) is not None]
    print(f"{'a piece of ours, and itself played otherwise':<48}{quantiles(own)}")
    for one, other in combinations(styles, 2):
        pairs = [(made[one, programme][0][1], made[other, programme][0][1]) for style, programme in made if style == one]
        found = [d for first, second in pairs if (d := distance(middle(first), middle(second))) is not None]
        print(f"{f'one seed in two styles, {one} and {other}':<48}{quantiles(found)}")
    closest: list[float] = []
    for (style, programme), pieces in made.items():
        tell(f"distances of seeds, {style}, {programme}")
        thirds = [middle(piece) for _, piece in pieces]
        found = [d for first, second in combinations(thirds, 2) if (d := distance(first, second)) is not None]
        closest += found
        tell("")
        print(f"{f'two seeds, {style}, {programme}':<48}{quantiles(found)}")
    return min(closest, default=None)


def _varied(style: str, minutes: float) -> float | None:
    """How far a piece is from itself with other ornaments, another accompaniment and another touch."""
    rolls = [dict.fromkeys(("ornament", "touch", "texture"), roll) for roll in (0, 1)]
    one, other = (middle(piece_of(bars_of(style, "calm", 1, minutes, variations=variations))) for variations in rolls)
    return distance(one, other)


def _hours(styles: Sequence[str]) -> list[tuple[str, float, float | None]]:
    """Print of an hour in each style what it repeats."""
    print(f"\n{'an hour of calm':<32}{'longest repeat, s':>20}{'least distance of two ten minutes':>40}")
    found = []
    for style in styles:
        tell(f"an hour, {style}")
        piece = piece_of(bars_of(style, "calm", 1, HOUR))
        tens = [piece.within(start, start + TEN) for start in range(0, int(piece.seconds - TEN / 2), int(TEN))]
        apart = [d for one, other in combinations(tens, 2) if (d := distance(one, other)) is not None]
        found.append((style, longest_repeat(piece)[0], min(apart, default=None)))
        tell("")
        print(f"{style:<32}{found[-1][1]:>20.0f}{min(apart, default=float('nan')):>40.2f}")
    return found


def _verdict(
    failures: dict[str, dict[str, list[str]]],
    chance: dict[str, list[Piece]],
    made: Made,
    closest: float | None,
    repeats: list[tuple[str, float, float | None]],
) -> None:
    print("\nIn words:")
    for style, by_programme in failures.items():
        for programme, gates in by_programme.items():
            if gates:
                much = "fails more than one gate" if len(gates) > 1 else "fails one gate"
                print(f"  {style}, {programme}: {much}: {', '.join(gates)}")
    good = sum(len(gates) <= 1 for by_programme in failures.values() for name, gates in by_programme.items() if name != "all")
    print(f"  {good} of {len(made)} pairs of style and programme pass all gates but at most one.")
    for name, pieces in chance.items():
        values = [measured(piece) for piece in pieces]
        middle = ", ".join(failed(medians(values)))
        print(f"  {name}: {two_or_more(values)} of {len(values)} fail two gates or more; in the median {middle}")
    if closest is not None:
        verdict = f"none under {ALIKE:.2f}" if closest > ALIKE else f"under {ALIKE:.2f}, which is too near"
        print(f"  The two seeds that are most alike are {closest:.2f} apart: {verdict}.")
    for style, longest, _ in repeats:
        if longest >= TEN:
            print(f"  {style}: {longest:.0f} s of an hour are played again as they were.")


def _calibration(people: dict[str, list[Values]]) -> None:
    """Print what `undertone.report` keeps of the people's music."""
    calm = medians(people["calm"])
    rough, moving = ROUGHNESS_SCALE * 0.32 / (calm["roughness"] or 1.0), MOMENTUM_SCALE * 0.60 / (calm["momentum"] or 1.0)
    print(f"\nfactors of the scales: roughness {rough:.3f}, momentum {moving:.3f}")
    for kind, values in people.items():
        print(kind, {name: (round(low, 3), round(high, 3)) for name, (low, high) in bands(values).items()})


if __name__ == "__main__":
    main()
