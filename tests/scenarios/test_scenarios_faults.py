"""Every fault of the sensors is survived, told, counted, and recovered from without a restart.

With UNDERTONE_GOLDEN=write, the table of docs/faults.md is written anew from what was measured.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fault_matrix import CASES, START, Case, Outcome, ordeal, table

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- measured -->\n", "\n<!-- end of measured -->"


@cache
def outcome_of(name: str) -> Outcome:
    return ordeal(next(case for case in CASES if case.name == name))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_survived(case: Case) -> None:
    outcome = outcome_of(case.name)
    kinds = {fault.kind for fault in outcome.faults if not fault.over}
    told = [(fault.source, fault.kind) for fault in outcome.faults if not fault.over]
    ended = [(fault.source, fault.kind) for fault in outcome.faults if fault.over]
    assert case.lasts or sorted(told) == sorted(ended), "each fault is told when it begins and when it ends"
    assert len(told) == len(set(told)), "and once"
    assert (case.told in kinds) if case.told is not None else not kinds
    for name in case.counted:
        assert outcome.counts[name] > 0, name
    assert outcome.lost <= case.seconds + case.lost
    assert outcome.back_after <= case.back


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_beat_is_made_up_and_the_heart_is_known_again(case: Case) -> None:
    outcome = outcome_of(case.name)
    late = outcome.beats[outcome.beats > START + case.seconds + 25.0]
    true = outcome.true_beats[(outcome.true_beats > START + case.seconds + 25.0) & (outcome.true_beats < late[-1] + 0.5)]
    assert len(late) == pytest.approx(len(true), abs=2)
    nearest = np.abs(late[:, None] - true[None, :]).min(axis=1)
    assert np.max(nearest) < 0.1, "every clean beat is a beat of the body"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_music_goes_on(case: Case) -> None:
    bars = outcome_of(case.name).bars
    starts = np.array([t for t, _ in bars])
    lengths = np.array([bar.seconds for _, bar in bars])
    assert np.max(np.abs(np.diff(starts) - lengths[:-1])) < 1.2, "no bar is missing; one may wait while the machine is busy"
    assert all(np.isfinite(bar.level_db) for _, bar in bars)


def test_the_page_says_what_was_measured() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    shown, _, after = rest.partition(END)
    measured = table({case.name: outcome_of(case.name) for case in CASES})
    if os.environ.get("UNDERTONE_GOLDEN") == "write":
        PAGE.write_text(f"{before}{BEGIN}{measured}{END}{after}", encoding="utf-8")
        return
    assert shown == measured, "write it anew with UNDERTONE_GOLDEN=write"
