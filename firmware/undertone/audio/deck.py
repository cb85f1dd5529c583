"""Plays a listener's own recordings as bars ask for them.

Theory of operation. A bar's cue names a file, a place in it and a speed. While each cue begins where the one before ended, one
voice simply plays on; any other cue opens a voice of its own, and the two cross over with equal power. A voice is a file read
ahead into a bounded buffer, a stretch that changes its tempo and not its pitch, and a gain that brings the track's own
loudness to that of everything else before the mix. The pad's swell with the breath is laid over recordings at half its depth.

A file is opened as soon as its bar is known, before it is due, and is read a little in every block by whoever renders: a slow
disk costs depth of the rendered row and no gap. A place deep inside an MP3 is reached over several blocks, and what played
before plays on until then. A file that cannot be opened or breaks off is told once, in a sentence, and fades to whatever else
sounds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from undertone.audio.files import SoundStream
from undertone.audio.mixer import breath
from undertone.audio.stretch import Stretch
from undertone.errors import SoundError
from undertone.flow import Cue

__all__ = ["Deck", "Stream"]

Array = NDArray[np.float64]
Sound = NDArray[np.float32]

FADE_SECONDS = 4.0
"""Of a crossfade."""
ENTRY_SECONDS = 0.25
"""In which a track comes up where nothing of a file sounded before."""
BREAK_SECONDS = 0.03
"""In which what suddenly ends fades."""
AHEAD_SECONDS = 2.0
"""Of the file that are kept read."""
PIECE = 4096
"""Frames read at a time; a block reads two pieces at most, unless it needs more at once."""
VOICES = 3
"""Files that sound at a time at most; the oldest gives way."""
SAME_PLACE_SECONDS = 0.1
"""A cue this near to where the one before ended goes on: bars are rounded to frames, and speeds glide."""
SHARE_OF_SWELL = 0.5
"""Of the pad's swell in dB that recordings get."""
PRESUMED_LUFS = -16.0
"""Loudness of a track of which nothing is known: about what streaming services aim at."""
GAIN_DB = (-30.0, 20.0)


class Stream(Protocol):
    """A sound file at the renderer's rate, as `SoundStream` is."""

    @property
    def failed(self) -> bool:
        """True once the file could not be read to its end."""

    def seek(self, second: float) -> bool:
        """Go to a second, or a step towards it; True once there. Raises SoundError where there is no such place."""

    def read(self, frames: int) -> Sound:
        """The next frames (2, n), fewer only at the end."""

    def close(self) -> None:
        """Give the file back."""


class _Voice:
    """One file at one place, coming, playing or going."""

    def __init__(self, stream: Stream, cue: Cue, *, rate_hz: int) -> None:
        self.stream = stream
        self.cue = cue
        self._gain = np.float32(1.0)
        self._rate_hz = rate_hz
        self._speed = cue.speed
        self._pieces: deque[Sound] = deque()
        self._kept = 0
        self._over = False
        self._there = False
        self._stretch = Stretch(self._take, rate_hz=rate_hz, speed=cue.speed)
        self._next: Sound | None = None
        self.share = 0.0
        """0…1 of the way in; the gain is the sine of this quarter turn."""
        self.step = 0.0
        """What `share` gains with each frame, negative while going."""
        self.ended = False
        self.due = False
        """True once its bar has begun."""

    @property
    def ready(self) -> bool:
        """True once the file stands at its place."""
        return self._there

    def aim(self, speed: float) -> None:
        """Another speed from here on."""
        self._speed = speed

    def enter(self, gain: float, step: float) -> None:
        """Begin to sound, at a factor, gaining `step` of the way in with each frame."""
        self._gain = np.float32(gain)
        self.step = step

    def read_ahead(self) -> None:
        """Go on towards the place, or read two pieces if not enough is read. Raises SoundError where the place is missing."""
        if not self._there:
            self._there = self.stream.seek(self.cue.start)
            return
        for _ in range(2):
            if self._over or self._kept >= AHEAD_SECONDS * self._rate_hz:
                return
            self._read()

    def _read(self) -> None:
        new = self.stream.read(PIECE)
        self._over = new.shape[1] < PIECE
        self._pieces.append(new)
        self._kept += new.shape[1]

    def _take(self, frames: int) -> Sound:
        while self._kept < frames and not self._over:
            self._read()
        parts, missing = [], min(frames, self._kept)
        self._kept -= missing
        while missing:
            piece = self._pieces.popleft()
            if piece.shape[1] > missing:
                self._pieces.appendleft(piece[:, missing:])
                piece = piece[:, :missing]
            parts.append(piece)
            missing -= piece.shape[1]
        return np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.float32)

    def block(self, frames: int) -> Sound:
        """The next frames (2, frames) at their gain. One block is kept back, so that an end is known early enough to fade."""
        if self._next is None:
            self._next = self._stretch(frames, self._speed)
        sound, self._next = self._next, self._stretch(frames, self._speed)
        missing = frames - sound.shape[1]
        if self._next.shape[1] < frames and not self.ended:
            self._end(sound, self._next)
        if missing:
            sound = np.concatenate([sound, np.zeros((2, missing), dtype=np.float32)], axis=1)
        faded: Sound = sound * (self._gain * self._envelope(frames))
        return faded

    def _end(self, last: Sound, rest: Sound) -> None:
        """The file ends within the next block: let its end fade, wherever it breaks off."""
        self.ended = True
        both = np.concatenate([last, rest], axis=1)
        count = min(both.shape[1], round(BREAK_SECONDS * self._rate_hz))
        ramp = np.linspace(1.0, 0.0, count, dtype=np.float32)
        tail = both.copy()
        tail[:, tail.shape[1] - count :] *= ramp
        last[:] = tail[:, : last.shape[1]]
        self._next = tail[:, last.shape[1] :]

    def _envelope(self, frames: int) -> Sound:
        if self.step == 0.0:
            return np.ones(1, dtype=np.float32)
        shares = np.clip(self.share + self.step * np.arange(1, frames + 1), 0.0, 1.0)
        self.share = float(shares[-1])
        if self.share == 1.0:
            self.step = 0.0
        envelope: Sound = np.sin(0.5 * math.pi * shares).astype(np.float32)
        return envelope

    @property
    def gone(self) -> bool:
        """True once nothing of it can be heard any more."""
        played_out = self.ended and self._next is not None and self._next.shape[1] == 0
        return played_out or (self.step < 0.0 and self.share <= 0.0)


class Deck:
    """Plays cues, block by block.

    rate_hz, frames: of the renderer. loudness: tells the integrated loudness of a track in LUFS, None where it is not known.
    open_track: opens a cue's track; raises SoundError, in a sentence, where that cannot be done.
    """

    def __init__(
        self,
        *,
        rate_hz: int,
        frames: int,
        loudness: Callable[[str], float | None] = lambda track: None,
        open_track: Callable[[str], Stream] | None = None,
    ) -> None:
        self._rate_hz = rate_hz
        self._frames = frames
        self._loudness = loudness
        self._open = open_track or (lambda track: SoundStream(track, rate_hz=rate_hz))
        self._voices: list[_Voice] = []
        self._coming: _Voice | None = None
        self._expected: deque[Cue] = deque()
        self._last: tuple[Cue, float] | None = None
        self._now: tuple[Cue, float] | None = None
        self._level_lufs = PRESUMED_LUFS
        self._phase = 0.0
        self._swell = 1.0
        self._ramp = ((np.arange(frames) + 1.0) / frames).astype(np.float32)
        self._told: list[str] = []
        self._failed: list[str] = []
        self._troubled: set[str] = set()
        self.lost = 0
        """Files that could not be played, or broke off."""

    @property
    def active(self) -> bool:
        """True while a bar plays a file, one sounds, or one is about to."""
        return bool(self._voices or self._expected) or self._coming is not None or self._now is not None

    def troubles(self) -> list[str]:
        """What went wrong since this was last asked: for each file one sentence, once."""
        told, self._told = self._told, []
        return told

    def failed_tracks(self) -> list[str]:
        """Tracks that could not be played since this was last asked, each once: choose others."""
        failed, self._failed = self._failed, []
        return failed

    def expect(self, cue: Cue, seconds: float) -> None:
        """A bar that lasts so many seconds and plays this cue has been queued after all others: its file may be opened."""
        if self._last is None or not _follows(cue, *self._last):
            self._expected.append(cue)
        self._last = (cue, seconds)

    def begin(self, cue: Cue | None, seconds: float, *, level_lufs: float) -> None:
        """A bar begins within the next block, and lasts so many seconds; None where it plays no file.

        level_lufs: loudness at which a new track should leave the deck.
        """
        goes_on = cue is not None and self._now is not None and _follows(cue, *self._now)
        self._now = None if cue is None else (cue, seconds)
        self._level_lufs = level_lufs
        if cue is None:
            self._drop_due()
            self._let_go(FADE_SECONDS)
        elif goes_on:
            for voice in self._playing():
                voice.aim(cue.speed)
        else:
            if self._coming is None or self._coming.due or self._coming.cue != cue:
                while cue in self._expected:
                    self._expected.popleft()
                self._drop_coming()
                self._coming = self._opened(cue)
            if self._coming is not None:
                self._coming.due = True

    def __call__(self, swell_db: float, breath_per_min: float | None) -> Array | None:
        """The next block (2, frames), or None while there is nothing. To be called once for every block that sounds.

        swell_db, breath_per_min: the pad's swell, as the mixer is told it.
        """
        before, after = self._swell, self._swelled(swell_db, breath_per_min)
        self._swell = after
        self._advance()
        if not self._voices:
            return None
        mixed = np.zeros((2, self._frames), dtype=np.float32)
        for voice in self._voices:
            mixed += voice.block(self._frames)
            if voice.stream.failed:
                self._lose(voice.cue.track, f"The sound file {voice.cue.track} broke off: is its disk still there?")
        for voice in [voice for voice in self._voices if voice.gone]:
            voice.stream.close()
            self._voices.remove(voice)
        gains = np.float32(before) + np.float32(after - before) * self._ramp
        return (mixed * gains).astype(np.float64)

    def reset(self) -> None:
        """Silence: forget everything that sounds. A cue that goes on from here starts anew."""
        for voice in self._voices:
            voice.stream.close()
        self._voices.clear()
        self._drop_due()
        self._now = None

    def close(self) -> None:
        """Give every file back."""
        self.reset()
        self._expected.clear()
        self._drop_coming()

    def _opened(self, cue: Cue) -> _Voice | None:
        try:
            stream = self._open(cue.track)
        except SoundError as error:
            self._lose(cue.track, str(error))
            return None
        return _Voice(stream, cue, rate_hz=self._rate_hz)

    def _gain(self, track: str) -> float:
        """Factor that brings a track to where it should leave the deck."""
        known = self._loudness(track)
        loudness = known if known is not None and math.isfinite(known) else PRESUMED_LUFS
        gain_db = min(max(self._level_lufs - loudness, GAIN_DB[0]), GAIN_DB[1])
        return float(10.0 ** (gain_db / 20.0))

    def _advance(self) -> None:
        """Read ahead, and let what comes come in once its bar has begun and its file stands at its place."""
        for voice in self._voices:
            voice.read_ahead()
        if self._coming is None and self._expected:
            self._coming = self._opened(self._expected.popleft())
        coming = self._coming
        if coming is None:
            return
        try:
            coming.read_ahead()
        except SoundError as error:
            self._drop_coming()
            self._lose(coming.cue.track, str(error))
            return
        if coming.ready and coming.due:
            self._coming = None
            seconds = FADE_SECONDS if self._playing() else ENTRY_SECONDS
            self._let_go(FADE_SECONDS)
            coming.enter(self._gain(coming.cue.track), 1.0 / (seconds * self._rate_hz))
            self._voices.append(coming)

    def _playing(self) -> list[_Voice]:
        """Voices that come or stay."""
        return [voice for voice in self._voices if voice.step >= 0.0]

    def _let_go(self, seconds: float) -> None:
        """Fade out what plays, and quickly whatever is too much."""
        for voice in self._playing():
            voice.step = -1.0 / (seconds * self._rate_hz)
        for voice in self._voices[: max(0, len(self._voices) - VOICES + 1)]:
            voice.step = -1.0 / (BREAK_SECONDS * self._rate_hz)

    def _drop_due(self) -> None:
        """Give up what was still on its way when its bar had begun."""
        if self._coming is not None and self._coming.due:
            self._drop_coming()

    def _drop_coming(self) -> None:
        if self._coming is not None:
            self._coming.stream.close()
            self._coming = None

    def _swelled(self, swell_db: float, breath_per_min: float | None) -> float:
        # Step by step as in the mixer, so that both breathe together.
        if breath_per_min is not None:
            self._phase = (self._phase + breath_per_min / 60.0 * self._frames / self._rate_hz) % 1.0
        return float(10.0 ** (SHARE_OF_SWELL * swell_db * (breath(self._phase) - 0.5) / 20.0))

    def _lose(self, track: str, sentence: str) -> None:
        if track not in self._troubled:
            self._troubled.add(track)
            self._told.append(sentence)
            self._failed.append(track)
            self.lost += 1


def _follows(cue: Cue, before: Cue, seconds: float) -> bool:
    """Whether a cue goes on where one that lasted so many seconds ended."""
    return cue.track == before.track and abs(cue.start - before.start - seconds * before.speed) <= SAME_PLACE_SECONDS
