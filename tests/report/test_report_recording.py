"""The picture of a recording: it shows what was found where it was found, gaps as gaps, and quickly."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.affect import RuleEstimator
from undertone.errors import StorageError, UndertoneError
from undertone.flow import Affect, AffectSource, Beat, BeatFlag, Features, Response, readonly
from undertone.report import Analysis, analysed, draw_recording
from undertone.report.panels import PANELS, Frame
from undertone.report.waves import envelope, gaps, steady
from undertone.storage import Event, Recording, Series

NAN = float("nan")
RATE_HZ = 50.0


def found(seconds: int = 120) -> Analysis:
    """An analysis in which every value is known: a beat a second, a gap from 40 to 50 s, and a beat of every kind."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pulse = np.sin(2 * np.pi * times)
    pulse[round(40 * RATE_HZ) : round(50 * RATE_HZ)] = NAN
    skin = 4.0 + 0.01 * np.arange(seconds * 4) / 4.0
    skin[80:100] = 0.0
    recording = Recording(
        "sub-1_task-x",
        {"ppg": Series(0.0, RATE_HZ, readonly(pulse), "arbitrary", device="A"), "eda": Series(0.0, 4.0, readonly(skin), "µS")},
        events=(
            Event(5.0, 20.0, "reading"),
            Event(60.0, 0.0, "bell"),
            Event(40.0, 10.0, "no contact", {"source": "pod 0 pulse", "message": "Put it back."}),
        ),
    )
    flags = {10: BeatFlag.ECTOPIC, 20: BeatFlag.ARTEFACT, 50: BeatFlag.FIRST}
    alive = [t for t in range(1, seconds) if not 40 <= t < 50]
    rows = [
        Features(t, 60.0, 2.0, 30.0, breathing_per_min=12.0, breathing_error_per_min=1.0, tonic_microsiemens=4.0,
                 pulse_quality=0.9, skin_quality=0.8) if t in alive else Features(t)
        for t in map(float, range(1, seconds + 1))
    ]  # fmt: skip
    return Analysis(
        recording,
        tuple(Beat(t + 0.25, 1.0, flags.get(t, BeatFlag.CLEAN)) for t in alive),
        (Response(30.0, 0.5, 1.5),),
        tuple(rows),
        tuple(Affect(row.t, 0.3, None, 0.8 if row.heart_bpm else 0.0, AffectSource.RULES) for row in rows),
    )


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Figures as they were when they were saved."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.use("Agg")
    figures: list[Any] = []
    save = Figure.savefig

    def keep(figure: Any, *arguments: Any, **named: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **named)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def panel(figure: Any, label: str) -> Any:
    return next(axes for axes in figure.axes if axes.get_ylabel().startswith(label))


def named(axes: Any) -> dict[str, Any]:
    return dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_each_kind_of_picture_is_written(ending: str, tmp_path: Path) -> None:
    file = draw_recording(found(), tmp_path / f"out{ending}")
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending]
    assert file.read_bytes().startswith(begins) and file.stat().st_size > 10_000


def test_all_that_was_found_is_shown(kept: list[Any], tmp_path: Path) -> None:
    draw_recording(found(), tmp_path / "out.png")
    figure = kept[0]
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["more blood ↑", "pulse wave", "heart, bpm", "breaths/min", "skin, µS", "quality, %", "arousal"]
    assert {"set aside as an artefact (1)", "ectopic (1)", "nothing measured"} <= set(named(panel(figure, "pulse")))
    assert set(named(panel(figure, "heart"))) == {"each clean interval", "heart rate", "give or take its error"}
    assert set(named(panel(figure, "skin"))) == {"conductance", "level", "responses", "nothing measured"}
    texts = [text.get_text() for text in panel(figure, "pulse").texts]
    assert sorted(texts) == ["bell", "no contact", "reading"]


def test_beats_are_marked_where_they_are_and_each_kind_differently(kept: list[Any], tmp_path: Path) -> None:
    draw_recording(found(), tmp_path / "out.png", start=5.0, end=35.0, close=30.0)
    marks = named(panel(kept[0], "more blood"))
    assert set(marks) == {"beat", "ectopic", "set aside as an artefact"}
    assert len({line.get_marker() for line in marks.values()}) == 3
    assert marks["ectopic"].get_xdata().tolist() == [10.25]
    assert marks["ectopic"].get_ydata() == pytest.approx([1.0], abs=0.01)
    assert len(marks["beat"].get_xdata()) == 28


def test_what_was_not_known_is_not_drawn(kept: list[Any], tmp_path: Path) -> None:
    draw_recording(found(), tmp_path / "out.png", close=0.0)
    figure = kept[0]
    for label, name in (("heart", "heart rate"), ("breaths", "breathing"), ("arousal", "0 is this person's usual")):
        line = named(panel(figure, label))[name]
        shown = line.get_xdata()[np.isfinite(line.get_ydata())]
        assert not np.any((shown > 40.0) & (shown < 49.5)), label
        assert np.any(shown < 40.0) and np.any(shown > 50.0)
    # Open electrodes conduct nothing, but that is not what the skin does.
    conductance = named(panel(figure, "skin"))["conductance"].get_ydata()
    assert np.nanmin(conductance) >= 4.0 and np.isnan(conductance).sum() == 20
    assert panel(figure, "skin").get_ylim()[0] > 3.0


def test_an_unclear_heart_rate_is_not_shown(kept: list[Any], tmp_path: Path) -> None:
    unclear = tuple(replace(row, pulse_quality=0.1) for row in found().features)
    draw_recording(replace(found(), features=unclear), tmp_path / "out.png")
    assert np.isnan(named(panel(kept[0], "heart"))["heart rate"].get_ydata()).all()


def test_the_part_that_was_asked_for_is_drawn(kept: list[Any], tmp_path: Path) -> None:
    draw_recording(found(), tmp_path / "out.png", start=30.0, end=90.0, close=0.0)
    axes = panel(kept[0], "skin")
    assert axes.get_xlim() == (30.0, 90.0)
    # An hour is told in minutes.
    draw_recording(found(400), tmp_path / "out.png", close=0.0)
    assert panel(kept[1], "skin").get_xlim() == pytest.approx((0.0, 400 / 60.0))
    assert kept[1].axes[-1].get_xlabel() == "minutes"


def test_the_closer_look_is_as_long_as_asked_for_and_where_it_is_clearest(kept: list[Any], tmp_path: Path) -> None:
    analysis = found()
    rows = tuple(replace(row, pulse_quality=1.0 if 74.0 <= row.t < 90.0 else 0.4) for row in analysis.features)
    draw_recording(replace(analysis, features=rows), tmp_path / "out.png", close=8.0)
    start, end = panel(kept[0], "more blood").get_xlim()
    assert end - start == pytest.approx(8.0) and start >= 70.0 and end <= 90.0


def test_what_there_is_not_has_no_panel(kept: list[Any], tmp_path: Path) -> None:
    analysis = found()
    recording = replace(analysis.recording, series={"eda": analysis.recording.series["eda"]})
    features = tuple(replace(row, pulse_quality=0.0) for row in analysis.features)
    draw_recording(replace(analysis, recording=recording, beats=(), features=features), tmp_path / "out.png")
    assert [axes.get_ylabel() for axes in kept[0].axes] == ["skin, µS", "quality, %", "arousal"]
    assert set(named(panel(kept[0], "quality"))) == {"of the skin"}


def test_a_part_in_which_there_is_nothing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UndertoneError, match=r"goes from 0:00 to 2:00 .*nothing to draw"):
        draw_recording(found(), tmp_path / "out.png", start=900.0)
    with pytest.raises(UndertoneError, match="nothing to draw in sub-1"):
        draw_recording(replace(found(), features=()), tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be written .*--out"):
        draw_recording(found(), tmp_path / "no" / "folder" / "out.png")


def test_an_hour_and_a_half_is_drawn_with_no_more_points_than_can_be_seen(kept: list[Any], tmp_path: Path) -> None:
    analysis = found(5400)
    before = time.process_time()
    draw_recording(analysis, tmp_path / "out.png")
    assert time.process_time() - before < 6.0, "1 s is usual"
    assert max(len(line.get_xdata()) for line in panel(kept[0], "pulse").lines) <= 5400
    assert len(panel(kept[0], "pulse").lines[0].get_xdata()) <= 2800


def test_every_panel_is_drawn_for_what_a_recording_has() -> None:
    analysis = found()
    assert all(there(analysis) for _, there, _ in PANELS)
    assert Frame(analysis, 0.0, 100.0).unit == 1.0 and Frame(analysis, 0.0, 200.0).unit == 60.0


def test_a_recording_is_listened_to_as_the_device_would_have() -> None:
    times = np.arange(round(40 * RATE_HZ)) / RATE_HZ
    wave = np.exp(3.0 * np.sin(2 * np.pi * 1.2 * times))
    recording = Recording("sub-1", {"ppg": Series(0.0, RATE_HZ, readonly(wave), "arbitrary")})
    seen: list[int] = []
    analysis = analysed(recording, RuleEstimator(), through=lambda seconds: seen.append(len(seconds)) or seconds)
    assert seen == [40] and [row.t for row in analysis.features] == [float(t) for t in range(1, 41)]
    assert len(analysis.affects) == 40
    assert analysis.features[-1].heart_bpm == pytest.approx(72.0, abs=1.0)
    assert len(analysis.beats) == pytest.approx(47, abs=3) and not analysis.responses


# --------------------------------------------------------------------------------------------------------------------- waves


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(NAN)), min_size=1, max_size=400),
    dots=st.integers(1, 60),
)
def test_a_thinned_curve_keeps_every_extreme(values: list[float], dots: int) -> None:
    times = np.arange(len(values), dtype=np.float64)
    at, thin = envelope(readonly(times), readonly(values), dots)
    assert len(at) == len(thin) <= max(2 * dots, 1)
    assert at[0] == 0.0 and np.all(np.diff(at) >= 0.0)
    known = np.array(values)[np.isfinite(values)]
    if len(known):
        assert (np.nanmin(thin), np.nanmax(thin)) == (known.min(), known.max())
    else:
        assert np.isnan(thin).all()


def test_drift_is_taken_from_a_wave_and_gaps_stay() -> None:
    times = np.arange(2000) / 50.0
    wave = np.sin(2 * np.pi * 1.5 * times)
    values = wave + 30.0 * times
    values[500:600] = NAN
    still = steady(readonly(values), 100)
    assert np.isnan(still[500:600]).all() and np.isfinite(still[:500]).all()
    inner = np.r_[200:400, 800:1800]
    assert np.abs(still[inner] - wave[inner]).max() < 0.1


def test_only_gaps_that_can_be_seen_are_told() -> None:
    values = np.ones(100)
    values[10:12] = NAN
    values[50:90] = NAN
    series = Series(5.0, 10.0, readonly(values), "")
    assert gaps(series, 1.0) == [(pytest.approx(10.0), pytest.approx(14.0))]
    assert len(gaps(series, 0.1)) == 2
