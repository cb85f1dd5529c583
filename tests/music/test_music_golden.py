"""Scores that a person has read: any change of the music shows here.

To accept a change after reading it: `UNDERTONE_GOLDEN=write pytest tests/music/test_music_golden.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from undertone.flow import Directive, Goal, Phase
from undertone.music import Composer, score_text

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def calm(t):
    """A tense listener is met and led to calm within two minutes, with breath."""
    arousal = max(-0.6, 0.4 - t / 100)
    valence = 0.1 + t / 400
    return Directive(t, t + 5, Phase.LEAD, Goal.CALM, arousal, valence, 0.0, 6.0, 0.8, "Led.", ("heart_bpm",), (54.0, 84.0))


def sleep(t):
    """Falling and fading into silence."""
    level, phase = -t / 5, Phase.SILENT if t > 100 else Phase.FADE
    return Directive(t, t + 5, phase, Goal.SLEEP, -0.7, 0.0, level, None, 0.5, "Fading.", ("schedule",), (40.0, 60.0))


def uplift(t):
    """Bright and lively."""
    return Directive(t, t + 5, Phase.HOLD, Goal.UPLIFT, 0.5, 0.7, 0.0, None, 1.0, "As you asked.", ("report",), (76.0, 112.0))


def lost(t):
    """Guidance ends after half a minute."""
    return Directive(0.0, 30.0, Phase.MEET, Goal.CALM, -0.5, -0.6, -2.0, None, 0.5, "Met.", ("heart_bpm",), (54.0, 72.0))


@pytest.mark.parametrize(
    ("name", "seed", "style", "script"),
    [
        ("calm", 1, "piano", calm),
        ("calm", 2, "harp", calm),
        ("sleep", 3, "bells", sleep),
        ("sleep", 4, "piano", sleep),
        ("uplift", 5, "piano", uplift),
        ("uplift", 6, "harp", uplift),
        ("lost", 7, "piano", lost),
        ("lost", 8, "bells", lost),
    ],
)
def test_the_score_is_the_one_that_was_read(name, seed, style, script):
    composer, t, bars = Composer(seed, style=style), 0.0, []
    while t < 120:
        bars.append(composer.compose(t, script(t)))
        t += bars[-1].seconds
    path = GOLDEN / f"music_{name}_{style}_{seed}.txt"
    score = f"{script.__doc__}\n\n{score_text(bars)}"
    if os.environ.get("UNDERTONE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(score, encoding="utf-8")
    assert path.exists(), f"there is no {path.name} yet: run with UNDERTONE_GOLDEN=write and read what it says"
    assert score == path.read_text(encoding="utf-8")
