"""What a sound file is like: what one must know to choose it, to enter and to leave it.

Theory of operation. A short file is heard whole, a long one in a few excerpts, among them its head and its tail. Loudness comes
from the K-weighted power of tenths of a second, brightness and onsets from short spectra. A place is good to leave where the
level sinks well below what is around it, as at the end of a phrase, and good to enter just there. The energy is a guess from
how many onsets there are, how bright and how dense the sound is; no listener has been asked about it.

Source: ITU-R BS.1770-4 (integrated loudness); EBU Tech 3342 (loudness range); S. Dixon, "Onset detection revisited", DAFx-06
(spectral flux); the slopes of energy over onsets and brightness are those by which the composer sets them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.audio.files import SUFFIXES, SoundFile
from undertone.audio.filters import RUN, BlockFilter, k_weighting, kernel
from undertone.audio.loudness import lufs
from undertone.audio.pacing import Pace, paced
from undertone.errors import SoundError

__all__ = ["Examined", "examined", "sound_files"]

Array = NDArray[np.float64]

UNIT_SECONDS = 0.1
"""Length of a block in which loudness is measured."""
SPECTRA = 8
"""Spectra in a block."""
WINDOW = 2048
WHOLE_SECONDS = 360.0
"""A file up to this long is heard whole."""
EXCERPTS = 8
EXCERPT_SECONDS = 40.0
MOST_FRAMES = 36_000_000
"""Of one file that are heard at most, whatever its rate."""
ABSOLUTE_LUFS, RELATIVE_LU, RANGE_LU = -70.0, -10.0, -20.0
"""Gates of BS.1770 and, for the range, of Tech 3342."""
PHRASE_LU = 5.0
"""A phrase ends where the level is so much below the mean around it."""
AROUND_SECONDS = 8.0
APART_SECONDS = 12.0
"""Places to enter or leave lie at least so far apart."""
AUDIBLE_LU = -30.0
"""Head and tail below this, relative to the file's loudness, are trimmed."""
LEAVING_LU = -12.0
"""The last place to leave is where the end sinks below this."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a sound file."""

    path: str
    title: str
    """From the file's tags, or its name."""
    artist: str
    """From the file's tags; empty where they do not say."""
    seconds: float
    loudness_lufs: float
    """Integrated."""
    range_lu: float
    """Loudness range."""
    centroid_hz: float
    """Middle of the power spectrum, mean of all that sounds."""
    onsets_per_second: float
    tempo_bpm: float | None
    """None where there is no clear beat."""
    first_beat: float | None
    """Second of a beat, with `tempo_bpm`."""
    arousal: float
    """−1…1, a guess."""
    entrances: tuple[float, ...]
    """Seconds at which one may begin, rising; the first is where the sound begins."""
    exits: tuple[float, ...]
    """Seconds at which one may leave, rising; the last is where the sound ends."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One excerpt: a value for each tenth of a second, and onset strength for each spectrum."""

    start: float
    unit: float
    """Seconds of a block."""
    power: Array
    """K-weighted, both channels together."""
    centroid: Array
    flux: Array


def sound_files(folder: Path) -> list[Path]:
    """All files under a folder whose names end like those of sound files, in order of their names.

    Raises SoundError if there is no such folder.
    """
    if not folder.is_dir():
        raise SoundError(f"There is no folder {folder} with sound files: name one that is there.")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))


def examined(path: Path | str, *, cache: Path | None = None) -> Examined:
    """Examine a sound file; quick if `cache`, a JSON file that is made and kept for this, knows it already.

    Raises SoundError, in a sentence, if the file cannot be played.
    """
    path = Path(path)
    try:
        found = path.stat()
        mark = [found.st_mtime_ns, found.st_size]
    except OSError:
        mark = []
    known = _cached(cache)
    entry = known.get(str(path))
    if isinstance(entry, dict) and mark and entry.get("mark") == mark:
        recalled = _recalled(entry)
        if recalled is not None:
            return recalled
    fresh = _examine(path)
    if cache is not None and mark:
        known[str(path)] = {"mark": mark, **asdict(fresh)}
        _keep(known, cache)
    return fresh


def _cached(cache: Path | None) -> dict[str, object]:
    if cache is None:
        return {}
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _recalled(entry: dict[str, object]) -> Examined | None:
    """The kept value; None where it is not one, as after a change of what is kept."""
    try:
        values = {field.name: entry[field.name] for field in fields(Examined)}
        for name in ("entrances", "exits"):
            values[name] = tuple(float(second) for second in values[name])  # type: ignore[attr-defined]
        return Examined(**values)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        return None


def _keep(known: dict[str, object], cache: Path) -> None:
    """Write all or nothing. Raises SoundError if it cannot be written."""
    beside = cache.with_name(cache.name + ".new")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(known, ensure_ascii=True, indent=1), encoding="utf-8")
        os.replace(beside, cache)
    except OSError as error:
        sentence = f"What is known of sound files cannot be kept in {cache} ({error}): is there room, and the right?"
        raise SoundError(sentence) from error


def _examine(path: Path) -> Examined:
    file = SoundFile(path)
    try:
        parts = [part for start, seconds in _spans(file) if (part := _hear(file, start, seconds)) is not None]
        tags = file.tags
        promised = file.seconds
    finally:
        file.close()
    if not parts:
        raise SoundError(f"{path} breaks off before any sound: copy it again.")
    loudness = _integrated(parts)
    if loudness == -math.inf:
        raise SoundError(f"{path} is silent from its beginning to its end.")
    sounding = [part.power > 10.0 ** ((loudness + RANGE_LU) / 10.0) for part in parts]
    centroid = float(np.mean(np.concatenate([part.centroid[on] for part, on in zip(parts, sounding, strict=True)])))
    pace = paced([(part.start, part.flux) for part in parts], step=parts[0].unit / SPECTRA)
    entrances, exits = _places(parts, loudness)
    return Examined(
        path=str(path),
        title=tags.get("title") or path.stem,
        artist=tags.get("artist", ""),
        seconds=_length(parts, promised),
        loudness_lufs=round(loudness, 2),
        range_lu=round(_range(parts, loudness), 2),
        centroid_hz=round(centroid, 1),
        onsets_per_second=round(pace.onsets_per_second, 3),
        tempo_bpm=pace.tempo_bpm,
        first_beat=pace.first_beat,
        arousal=_energy(pace, centroid, loudness),
        entrances=entrances,
        exits=exits,
    )


def _length(parts: list[_Heard], promised: float) -> float:
    """Seconds of the file: as its header promises, unless it breaks off before."""
    heard = max(part.start + len(part.power) * part.unit for part in parts)
    return round(promised if promised - heard < 2.0 * parts[-1].unit else heard, 3)


def _spans(file: SoundFile) -> Iterator[tuple[float, float]]:
    """Where to listen, and for how long."""
    whole = min(WHOLE_SECONDS, MOST_FRAMES / file.rate_hz)
    if file.seconds <= whole:
        yield 0.0, file.seconds
        return
    each = min(EXCERPT_SECONDS, whole / EXCERPTS)
    for index in range(EXCERPTS):
        yield index * (file.seconds - each) / (EXCERPTS - 1), each


def _hear(file: SoundFile, start: float, seconds: float) -> _Heard | None:
    """Listen to an excerpt; None where the file has no such place."""
    rate = file.rate_hz
    frames = RUN * max(SPECTRA, round(UNIT_SECONDS * rate / RUN))
    try:
        while not file.seek(start):
            pass
    except SoundError:
        return None
    weighting = BlockFilter(kernel(k_weighting(rate), frames=frames))
    window = min(WINDOW, frames)
    before = np.zeros(window)
    power: list[float] = []
    centroid: list[float] = []
    flux: list[Array] = []
    spectrum = np.zeros(window // 2 + 1)
    for _ in range(max(1, round(seconds * rate / frames))):
        block = file.read(frames).astype(np.float64)
        if block.shape[1] < frames:
            if not power and block.any():
                block = np.pad(block, ((0, 0), (0, frames - block.shape[1])))
            else:
                break
        weighted = weighting(block)
        power.append(float(np.vdot(weighted, weighted)) / frames)
        mono = np.concatenate([before, block.mean(axis=0)])
        before = mono[-window:]
        middle, rises, spectrum = _spectra(mono, window, frames, spectrum, rate)
        centroid.append(middle)
        flux.append(rises)
    if not power:
        return None
    return _Heard(start, frames / rate, np.array(power), np.array(centroid), np.concatenate(flux))


def _spectra(mono: Array, window: int, frames: int, last: Array, rate: int) -> tuple[float, Array, Array]:
    """Centroid in Hz of a block, how much its spectra rise one after another, and the last of them."""
    hop = frames // SPECTRA
    starts = hop * np.arange(1, SPECTRA + 1)
    framed = mono[starts[:, None] + np.arange(window)[None, :] + (frames - SPECTRA * hop)] * np.hanning(window)
    magnitude = np.abs(np.fft.rfft(framed, axis=1)) / window
    power = np.square(magnitude).sum(axis=0)
    middle = float(np.dot(power, np.arange(len(power))) / max(float(power.sum()), 1e-30)) * rate / window
    # Compressed, so that soft onsets count beside loud ones.
    compressed = np.log1p(1000.0 * magnitude)
    rises = np.maximum(np.diff(np.concatenate([last[None], compressed]), axis=0), 0.0).sum(axis=1)
    return middle, rises, compressed[-1]


def _integrated(parts: list[_Heard]) -> float:
    """Integrated loudness over 400 ms blocks that overlap by three quarters, LUFS; −inf for silence."""
    blocks = np.concatenate([_means(part.power, 4) for part in parts])
    blocks = blocks[blocks > _power(ABSOLUTE_LUFS)]
    if not len(blocks):
        return -math.inf
    gate = lufs(float(blocks.mean())) + RELATIVE_LU
    return lufs(float(blocks[blocks > _power(gate)].mean()))


def _range(parts: list[_Heard], loudness: float) -> float:
    """Loudness range over 3 s, LU."""
    blocks = np.concatenate([_means(part.power, 30) for part in parts])
    blocks = blocks[blocks > _power(max(loudness + RANGE_LU, ABSOLUTE_LUFS))]
    if len(blocks) < 2:
        return 0.0
    low, high = np.percentile(10.0 * np.log10(blocks), [10.0, 95.0])
    return float(high - low)


def _means(values: Array, count: int) -> Array:
    """Mean of each `count` values in a row; of all where there are fewer."""
    if len(values) < count:
        return np.array([values.mean()])
    sums = np.concatenate([np.zeros(1), np.cumsum(values)])
    means: Array = (sums[count:] - sums[:-count]) / count
    return means


def _power(loudness: float) -> float:
    """The mean square that has a loudness in LUFS."""
    return float(10.0 ** ((loudness + 0.691) / 10.0))


def _energy(pace: Pace, centroid_hz: float, loudness_lufs: float) -> float:
    """Arousal −1…1 that a listener might give it: from onsets, brightness and density."""
    by_onsets = math.log2(max(pace.onsets_per_second, 0.2) / 2.6) / 1.25
    by_brightness = math.log2(max(centroid_hz, 50.0) / 700.0) / 1.5
    by_density = (loudness_lufs + 19.0) / 10.0
    return round(min(max(0.5 * by_onsets + 0.25 * by_brightness + 0.25 * by_density, -1.0), 1.0), 3)


def _places(parts: list[_Heard], loudness: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds at which to enter, and at which to leave."""
    audible = _power(loudness + AUDIBLE_LU)
    first = parts[0]
    begins = np.flatnonzero(first.power > audible)
    head = first.start + max(0, int(begins[0]) - 1) * first.unit if len(begins) else first.start
    last = parts[-1]
    loud = np.flatnonzero(_means(np.pad(last.power, (2, 2), mode="edge"), 5) > _power(loudness + LEAVING_LU))
    tail = last.start + (int(loud[-1]) + 1 if len(loud) else len(last.power)) * last.unit
    rests: list[float] = []
    for part in parts:
        rests += [second for second in _phrase_ends(part) if head + APART_SECONDS < second < tail - APART_SECONDS]
    return (round(head, 2), *rests), (*rests, round(max(tail, head + 1.0), 2))


def _phrase_ends(part: _Heard) -> list[float]:
    """Seconds of the lowest moments that lie well below what is around them."""
    around = round(AROUND_SECONDS / part.unit)
    if len(part.power) < 2 * around:
        return []
    soft = _means(np.pad(part.power, (3, 3), mode="edge"), 7)
    mean = _means(np.pad(part.power, around, mode="edge"), 2 * around + 1)
    depth = 10.0 * np.log10((mean + 1e-12) / (soft + 1e-12))
    found: list[float] = []
    apart = round(APART_SECONDS / part.unit)
    for index in np.argsort(-depth, kind="stable").tolist():
        if depth[index] < PHRASE_LU:
            break
        if 0 < index < len(depth) - 1 and all(abs(index - other) >= apart for other in found):
            found.append(index)
    return [round(part.start + index * part.unit, 2) for index in sorted(found)]
