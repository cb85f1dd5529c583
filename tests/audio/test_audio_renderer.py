"""The renderer end to end, on plain tones: what is heard follows from the bars alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio import BLOCK, Outlet, Renderer, Stems, ToneSynth
from undertone.audio.controls import Setting
from undertone.audio.mixer import Mixer
from undertone.flow import Bar, Layer, Note

RATE = 48000


def bar(index: int = 0, **changes: object) -> Bar:
    """Two seconds of a chord with a bass and a little melody."""
    root = (57, 53, 55, 52)[index % 4]
    notes = [Note(0, 4, root + step, 70, Layer.PAD) for step in (0, 7, 12)]
    notes += [Note(0, 3, root - 12, 80, Layer.BASS), Note(1, 1, root + 24, 70, Layer.MELODY)]
    notes += [Note(k, 0.9, root + 12 + 4 * (k % 2), 60, Layer.HARMONY) for k in range(4)]
    settings: dict[str, object] = {
        "level_db": 0.0,
        "gains_db": {Layer.PAD: -4.0},
        "programs": {},
        "low_pass_hz": 2000.0,
        "reverb_wet": 0.3,
        "reverb_seconds": 2.8,
        "breath_per_min": None,
        "swell_db": 0.0,
    }
    return replace(Bar(index=index, beats=4, tempo_bpm=120.0, notes=tuple(notes), **settings), **changes)  # type: ignore[arg-type]


class Listening(ToneSynth):
    """Plain tones that remember what they were told, and can break."""

    def __init__(self, rate_hz: int = 48000) -> None:
        super().__init__(rate_hz=rate_hz)
        self.frame = 0
        self.rendered = 0
        self.struck: list[tuple[int, Layer, int]] = []
        self.sounding: set[tuple[Layer, int]] = set()
        self.silenced = 0
        self.poison: float | None = None

    def strike(self, layer: Layer, pitch: int, velocity: int) -> None:
        assert (layer, pitch) not in self.sounding
        self.struck.append((self.frame, layer, pitch))
        self.sounding.add((layer, pitch))
        super().strike(layer, pitch, velocity)

    def end(self, layer: Layer, pitch: int) -> None:
        self.sounding.discard((layer, pitch))
        super().end(layer, pitch)

    def silence(self) -> None:
        self.silenced += 1
        super().silence()

    def render(self, stems: Stems) -> None:
        super().render(stems)
        self.frame += stems.shape[2]
        if self.poison is not None:
            stems[0, 0, 0] = self.poison


class Rushing(ToneSynth):
    """Costs next to nothing: uneven noise in the pad's stem."""

    def __init__(self) -> None:
        super().__init__()
        self._noise = np.random.default_rng(0).normal(0.0, 0.08, (2, 8 * BLOCK)).astype(np.float32)
        self._noise *= np.linspace(1.5, 0.5, 8 * BLOCK, dtype=np.float32)
        self._place = 0

    def render(self, stems: Stems) -> None:
        stems[:] = 0.0
        count = stems.shape[2]
        stems[0] = np.take(self._noise, range(self._place, self._place + count), axis=1, mode="wrap")
        self._place += count


def played(renderer: Renderer, bars: list[Bar], seconds: float, *, cut: int = BLOCK) -> NDArray[np.float32]:
    """So many seconds, taking bars as they are needed."""
    waiting, parts, left = list(bars), [], round(seconds * RATE)
    while left > 0:
        while renderer.needs_bar and waiting:
            renderer.queue(waiting.pop(0))
        parts.append(renderer.render(min(cut, left)))
        left -= len(parts[-1])
    return np.concatenate(parts)


def rms(sound: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))


def test_twice_the_same() -> None:
    first, second = (played(Renderer(ToneSynth()), [bar(k) for k in range(2)], 4.0) for _ in range(2))
    assert np.array_equal(first, second)
    assert rms(first) > 0.001


@pytest.mark.parametrize("cut", [333, 4800])
def test_any_cutting_sounds_the_same(cut: int) -> None:
    """Bars are queued beforehand: only how often sound is asked for differs."""
    sounds = []
    for frames in (BLOCK, cut):
        renderer = Renderer(ToneSynth())
        for k in range(2):
            renderer.queue(bar(k))
        sounds.append(played(renderer, [], 3.0, cut=frames))
    assert np.array_equal(*sounds)


def test_notes_begin_within_a_grain_of_where_they_should() -> None:
    synth = Listening()
    played(Renderer(synth), [bar(k) for k in range(3)], 5.0)
    melody = [frame for frame, layer, _ in synth.struck if layer is Layer.MELODY]
    assert [frame - (k * 2 + 0.5) * RATE for k, frame in enumerate(melody)] == pytest.approx([-32, -32, -32], abs=32)


def test_asks_for_a_bar_half_a_second_before_it_is_due() -> None:
    renderer = Renderer(ToneSynth())
    assert renderer.needs_bar and renderer.end == 0.0
    renderer.queue(bar())
    assert not renderer.needs_bar and renderer.end == 2.0
    renderer.render(round(1.45 * RATE))
    assert not renderer.needs_bar
    renderer.render(round(0.1 * RATE))
    assert renderer.needs_bar
    assert renderer.position == pytest.approx(1.55)
    assert [(second, found.index) for second, found in renderer.started()] == [(0.0, 0)]
    assert not renderer.started()


def test_holds_the_last_chord_when_no_bar_comes_and_then_goes_on() -> None:
    synth = Listening()
    renderer = Renderer(synth)
    held = played(renderer, [bar(0)], 8.0)
    assert {layer for layer, _ in synth.sounding} == {Layer.PAD}
    assert rms(held[-RATE:]) > 0.2 * rms(held[RATE : 2 * RATE])
    before = renderer.end
    renderer.queue(bar(1))
    renderer.render(BLOCK)
    assert renderer.started()[-1][0] == before
    assert (Layer.PAD, 57) not in synth.sounding and (Layer.PAD, 53) in synth.sounding


def test_holding_makes_no_click() -> None:
    renderer = Renderer(ToneSynth())
    sound = played(renderer, [bar(0, notes=tuple(note for note in bar(0).notes if note.layer is Layer.PAD))], 5.0)
    bend = np.abs(np.diff(sound[:, 0].astype(np.float64), 2))
    assert bend[round(1.9 * RATE) :].max() <= 1.5 * bend[RATE : round(1.9 * RATE)].max()


def test_silence_is_exact_and_costs_no_synthesis() -> None:
    synth = Listening()
    renderer = Renderer(synth)
    silent = bar(1, level_db=-math.inf, notes=())
    sound = played(renderer, [bar(0), silent, silent, bar(3)], 8.0)
    assert not np.any(sound[round(4.1 * RATE) : round(5.97 * RATE)])
    assert synth.silenced == 1
    assert synth.frame < 6.2 * RATE
    assert rms(sound[round(7.5 * RATE) :]) > 0.001


def test_fades_to_silence_without_a_click() -> None:
    sound = played(Renderer(ToneSynth()), [bar(0), bar(0), bar(1, level_db=-math.inf, notes=())], 7.0)
    assert rms(sound[round(5.8 * RATE) : round(5.9 * RATE)]) < 0.01 * rms(sound[3 * RATE : 4 * RATE])
    assert not np.any(sound[round(6.1 * RATE) :])
    bend = np.abs(np.diff(sound[:, 0].astype(np.float64), 2))
    assert bend[4 * RATE :].max() <= bend[: 4 * RATE].max()


def test_nothing_rings_on_after_silence() -> None:
    empty = bar(0, notes=(), reverb_seconds=8.0)
    silent = replace(empty, level_db=-math.inf)
    sound = played(Renderer(ToneSynth()), [bar(0), silent, silent, empty], 8.0)
    assert np.abs(sound[6 * RATE :]).max() < 1e-9


@pytest.mark.parametrize("poison", [math.nan, math.inf, -1e30])
def test_what_cannot_be_sound_becomes_silence_and_passes(poison: float) -> None:
    synth = Listening()
    renderer = Renderer(synth)
    played(renderer, [bar(0)], 1.0)
    synth.poison = poison
    assert np.isfinite(renderer.render(BLOCK * 2)).all()
    synth.poison = None
    after = renderer.render(BLOCK * 40)
    assert renderer.broken == 2
    assert np.isfinite(after).all() and rms(after) > 0.001


def test_the_levels_of_bars_survive_the_loudness_rider() -> None:
    """−9 dB in a bar is 9 dB less, minutes later too: the rider measures before the level."""
    bars = [bar(k, level_db=0.0 if k < 8 else -9.0) for k in range(16)]
    sound = played(Renderer(Rushing()), bars, 30.0)
    before, after = rms(sound[10 * RATE : 16 * RATE]), rms(sound[22 * RATE : 30 * RATE])
    assert 20 * math.log10(after / before) == pytest.approx(-9.0, abs=1.0)


def test_the_programme_is_at_its_loudness() -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="pyloudnorm is the yardstick here")
    sound = played(Renderer(Rushing(), target_lufs=-27.0), [bar(k) for k in range(14)], 27.0)[12 * RATE :]
    assert pyloudnorm.Meter(RATE).integrated_loudness(sound.astype(np.float64)) == pytest.approx(-27.0, abs=0.5)
    assert np.abs(sound.mean(axis=0)).max() < 1e-4


def test_the_pad_swells_at_the_rate_of_the_breath() -> None:
    pad = (Note(0, 4, 57, 80, Layer.PAD), Note(0, 4, 64, 80, Layer.PAD))
    steady = replace(bar(notes=pad, reverb_wet=0.0), breath_per_min=12.0, swell_db=6.0)
    sound = played(Renderer(ToneSynth()), [replace(steady, index=k) for k in range(14)], 26.0)[6 * RATE :, 0]
    tenths = sound[: len(sound) // 4800 * 4800].reshape(-1, 4800)
    level = 20 * np.log10([rms(tenth) for tenth in tenths])
    level -= np.polyval(np.polyfit(np.arange(len(level)), level, 1), np.arange(len(level)))
    spectrum = np.abs(np.fft.rfft(level))
    assert (np.argmax(spectrum[1:]) + 1) / 20.0 * 60.0 == pytest.approx(12.0, abs=3.0)
    assert np.percentile(level, 95) - np.percentile(level, 5) == pytest.approx(6.0, abs=2.0)


def test_a_darker_bar_is_darker() -> None:
    sounds = [played(Renderer(ToneSynth()), [bar(0, low_pass_hz=corner)], 2.0)[:, 0] for corner in (500.0, 5000.0)]
    power = [np.abs(np.fft.rfft(sound)) ** 2 for sound in sounds]
    high = [part[3000:].sum() / part.sum() for part in power]
    assert high[0] < 0.05 * high[1]


def test_jumps_of_balance_do_not_click() -> None:
    """A tone whose gain halves between two blocks bends no more than the tone itself does."""
    mixer = Mixer(tuple(Layer), rate_hz=RATE, frames=BLOCK)
    tone = np.sin(2 * np.pi * 200.0 * np.arange(20 * BLOCK) / RATE).astype(np.float32)
    loud = Setting(level=1.0, gains=np.ones(len(Layer)), low_pass_hz=20000.0, reverb_wet=0.0, reverb_seconds=2.0, swell_db=0.0)
    out = []
    for index in range(20):
        stems = np.zeros((len(Layer), 2, BLOCK), dtype=np.float32)
        stems[1] = tone[index * BLOCK : (index + 1) * BLOCK]
        setting = replace(loud, gains=np.ones(len(Layer)) * (1.0 if index < 12 else 0.5))
        out.append(mixer(stems, setting, breath_per_min=None))
    bend = np.abs(np.diff(np.concatenate(out, axis=1)[0], 2))[4 * BLOCK :]
    assert bend.max() < 1.05 * (2 * np.pi * 200.0 / RATE) ** 2


def test_refuses_a_synthesiser_at_another_rate() -> None:
    with pytest.raises(ValueError, match="44100"):
        Renderer(ToneSynth(rate_hz=44100))


def test_runs_at_44100() -> None:
    renderer = Renderer(ToneSynth(rate_hz=44100), rate_hz=44100)
    renderer.queue(bar())
    assert rms(renderer.render(44100)) > 0.001


def test_plain_tones_are_in_tune_and_let_the_softest_go() -> None:
    synth = ToneSynth()
    stems = np.zeros((len(Layer), 2, RATE), dtype=np.float32)
    synth.strike(Layer.MELODY, 69, 100)
    synth.render(stems)
    melody = synth.layers.index(Layer.MELODY)
    assert np.argmax(np.abs(np.fft.rfft(stems[melody, 0]))) == 440
    assert not np.any(np.delete(stems, melody, axis=0))
    for pitch in range(21, 21 + 2 * ToneSynth.POLYPHONY):
        synth.strike(Layer.PAD, pitch % 108, 60)
    synth.render(stems[:, :, :BLOCK])
    assert np.abs(stems[:, :, :BLOCK]).max() < 4.0


def test_the_outlet_limits_what_the_renderer_gives() -> None:
    renderer, outlet = Renderer(Rushing(), target_lufs=-6.0), Outlet(rate_hz=RATE, frames=BLOCK, fade_in=0.0)
    loud = played(renderer, [bar(k) for k in range(6)], 12.0)
    out = np.concatenate([outlet(loud[start : start + BLOCK]) for start in range(0, len(loud) - BLOCK, BLOCK)])
    assert np.abs(loud).max() > 1.0
    assert np.abs(out).max() <= 10 ** (-1.5 / 20) + 1e-6


@pytest.mark.parametrize("value", [math.nan, math.inf, -6.0])
def test_a_breath_that_cannot_be_does_not_end_the_music(value: float) -> None:
    renderer = Renderer(ToneSynth())
    renderer.queue(bar(breath_per_min=value, swell_db=4.0))
    renderer.queue(bar(1, breath_per_min=6.0, swell_db=4.0))
    sound = renderer.render(4 * RATE)
    assert np.isfinite(sound).all() and np.abs(sound[2 * RATE :]).max() > 0.01


def test_the_level_does_not_jump_where_a_bar_begins_within_a_block() -> None:
    """The mix is replaced by a constant, so that what comes out is the level."""
    renderer = Renderer(ToneSynth())
    renderer._mixer = lambda *arguments, **settings: np.ones((2, BLOCK))  # type: ignore[assignment]
    renderer._rider = lambda block: block  # type: ignore[assignment]
    for index in range(6):
        renderer.queue(bar(index, tempo_bpm=119.0, level_db=-40.0 * (index % 2), notes=()))
    levels = 20.0 * np.log10(renderer.render(10 * RATE)[:, 0])
    assert levels.min() < -35.0 and levels.max() > -5.0
    assert np.abs(np.diff(levels)).max() < 0.003
