"""The page with pictures: it shows what was recorded, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from undertone.errors import StorageError
from undertone.flow import (
    Affect,
    AffectSource,
    Bar,
    Beat,
    BeatFlag,
    Block,
    Channel,
    Directive,
    Fault,
    FaultKind,
    Features,
    Goal,
    Layer,
    Note,
    Phase,
    Record,
    Response,
    readonly,
)
from undertone.report import Evening, Span, noticed, write_page


def directive(t: float, phase: Phase, reason: str) -> Directive:
    return Directive(t, t + 30.0, phase, Goal.CALM, -0.1, 0.2, 0.0, 6.0, 0.7, reason)


def bar(index: int) -> Bar:
    notes = (Note(0.0, 4.0, 57, 60, Layer.PAD), Note(1.0, 0.5, 72, 70, Layer.MELODY))
    gains = dict.fromkeys(Layer, 0.0)
    programs = dict.fromkeys(Layer, 0)
    return Bar(index, 4, 60.0, notes, 0.0, gains, programs, 2000.0, 0.3, 2.5, None, 0.0, "A dorian", "Am7", "A", "")


@pytest.fixture
def evening() -> Evening:
    evening = Evening("A test <evening>", [Span("stroop", 10.0, 30.0), Span("rest", 30.0, 60.0)])
    times = np.arange(0, 6000) / 100.0
    for start in range(0, 6000, 100):
        wave = 131_000 + 500 * np.sin(2 * np.pi * times[start : start + 100])
        evening.samples(Block(Channel.INFRARED, times[start], 100.0, readonly(wave)))
        evening.samples(Block(Channel.SKIN, times[start], 16.0, readonly(np.full(16, 4.0))))
    for second in range(1, 61):
        t = float(second)
        evening.record(Record(t, Beat(t, 1.0, BeatFlag.CLEAN)))
        evening.record(Record(t, Features(t, heart_bpm=60.0 + second / 2, tonic_microsiemens=4.0, pulse_quality=0.9)))
        confidence = 0.0 if second < 20 else 0.8
        evening.record(Record(t, Affect(t, second / 100, None, confidence, AffectSource.RULES)))
        evening.levels.append((t, -30.0))
    evening.record(Record(25.0, Response(25.0, 0.4, 1.5)))
    evening.record(Record(1.0, directive(1.0, Phase.SETTLE, "Getting to know you.")))
    evening.record(Record(20.0, directive(20.0, Phase.LEAD, "Your pulse is <fast>.")))
    for index in range(15):
        evening.record(Record(index * 4.0, bar(index)))
    evening.record(Record(40.0, Fault(40.0, "pulse", FaultKind.CONTACT, "Put the finger back.")))
    return evening


def test_what_was_noticed_leaves_out_what_was_not_known(evening: Evening) -> None:
    stroop, rest = noticed(evening)
    assert stroop.confident == 0.5
    assert stroop.arousal == pytest.approx(np.mean([second / 100 for second in range(20, 30)]))
    assert rest.confident == 1.0
    assert rest.heart_bpm == pytest.approx(np.mean([60 + second / 2 for second in range(30, 60)]))
    assert rest.responses_per_min is None


def test_the_page_shows_pictures_reasons_and_trouble(evening: Evening, tmp_path: Path) -> None:
    page = write_page(evening, tmp_path / "new" / "report")
    text = page.read_text()
    pictures = sorted(file.stem for file in page.parent.glob("*.png"))
    assert pictures == ["beats", "music", "responses", "roll", "signals", "state"]
    for picture in pictures:
        assert f'src="{picture}.png"' in text
        assert (page.parent / f"{picture}.png").stat().st_size > 5000
    assert "A test &lt;evening&gt;" in text
    assert "Your pulse is &lt;fast&gt;." in text
    assert "Put the finger back." in text
    assert "stroop" in text
    assert "does not diagnose or treat" in text


def test_an_empty_evening_is_a_page_without_pictures(tmp_path: Path) -> None:
    page = write_page(Evening("Nothing"), tmp_path)
    assert list(tmp_path.glob("*.png")) == []
    assert "0 beats" in page.read_text()


def test_a_folder_that_cannot_be_written_is_a_sentence(evening: Evening, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_page(evening, tmp_path / "file" / "report")


def test_a_wave_is_found_by_its_time(evening: Evening) -> None:
    times, values = evening.wave(Channel.INFRARED, 10.0, 12.0)
    assert len(times) == len(values) == 200
    assert times[0] == pytest.approx(10.0)
    assert len(evening.wave(Channel.RED)[0]) == 0
