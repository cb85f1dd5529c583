"""Rows of the last seconds."""

from __future__ import annotations

import numpy as np

from undertone.signals.history import History


def test_rows_after_a_moment_oldest_first() -> None:
    history = History(2, 10.0)
    for t in range(5):
        assert history.add((float(t), 10.0 * t))
    assert history.after(2.0).tolist() == [[3.0, 30.0], [4.0, 40.0]]
    assert history.after(9.0).shape == (0, 2)


def test_time_does_not_go_back() -> None:
    history = History(1, 10.0)
    assert history.add((2.0,))
    assert not history.add((2.0,))
    assert not history.add((1.0,))
    assert history.after(0.0).tolist() == [[2.0]]


def test_it_keeps_its_seconds_and_forgets_the_rest() -> None:
    history = History(2, 100.0)
    for i in range(5_000):
        history.add((0.25 * i, float(i)))
        assert history.after(0.25 * i - 100.0)[0, 1] == max(0, i - 399)
    rows = history.after(0.25 * 4_999 - 100.0)
    assert rows[:, 1].tolist() == list(map(float, range(4_600, 5_000)))
    assert len(history.after(-np.inf)) < 1000


def test_what_was_read_stays_as_it_was() -> None:
    history = History(1, 1.0)
    history.add((0.0,))
    read = history.after(-1.0)
    for i in range(1, 2000):
        history.add((float(i),))
    assert read.tolist() == [[0.0]]
