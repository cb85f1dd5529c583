"""What is played: music composed on the spot, pieces by people, or the listener's own music. What cannot be played is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from undertone.audio import Examined, examined, sound_files
from undertone.config import MusicSettings
from undertone.device.core import Composing
from undertone.errors import UndertoneError
from undertone.flow import Layer
from undertone.music import Composer, Medley, Performer, Recorded, Style, Track
from undertone.music.given import Given, given
from undertone.music.midi_in import MIDI_SUFFIXES, read_midi
from undertone.music.notation import parse
from undertone.music.pieces import PIECES, piece_named
from undertone.music.sheet import Piece, unfolded
from undertone.music.styles import read_style

__all__ = ["SCORE_SUFFIX", "Repertoire", "given_melody", "own_style", "read_piece"]

SCORE_SUFFIX = ".score"
MOST_FILES = 5000
"""Files of a folder that are looked at."""
AT_ONCE = 3
"""Sound files that are listened to before the music begins, which takes a second or more each on a small machine; the others
follow while it plays."""
UNTIL_THEN = "Until then music is composed."

Tell = Callable[[str], None]
"""Is told, in a sentence each, what cannot be played."""
Value = TypeVar("Value")


class Repertoire:
    """Finds what the settings ask for, and makes music of it. Where nothing can be played music is composed, and that is told.

    seed: of whatever chance decides. tell: given a sentence on each thing that cannot be played. names: of the pieces that come
    with Undertone, only these. cache: file that keeps what was heard in sound files, so that none is listened to twice.
    """

    def __init__(
        self, music: MusicSettings, seed: int, *, tell: Tell, names: Sequence[str] = (), cache: Path | None = None
    ) -> None:
        self._seed = seed
        self._tell = tell
        self._cache = cache
        self._style: Style | str = music.style
        self._pieces: list[Piece] = []
        self._tracks: dict[str, Track] = {}
        self._loudness: dict[str, float] = {}
        self._waiting: list[Path] = []
        self._recorded: Recorded | None = None
        self._melody: Given | None = None
        if music.style_file is not None:
            self._style = self._tried(partial(own_style, music.style_file)) or music.style
        if music.play == "pieces":
            self._pieces = [piece_named(name) for name in names or PIECES]
        elif music.play == "own":
            self._look_into(music.folder)
        if music.melody is not None and not (self._pieces or self._tracks):
            self._melody = self._tried(partial(given_melody, music.melody))

    @property
    def melody(self) -> str:
        """Whose melody is woven in; empty for none."""
        return "" if self._melody is None else self._melody.source

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was done to the melody, in sentences."""
        return () if self._melody is None else self._melody.told

    @property
    def style(self) -> str:
        """The name of the style."""
        return self._style if isinstance(self._style, str) else self._style.name

    def build(self) -> Composing:
        """What makes the music: at the start, and again should it break."""
        performer = Performer(self._pieces, self._seed, style=self._style) if self._pieces else None
        self._recorded = Recorded(list(self._tracks.values()), self._seed) if self._tracks else None
        if performer is not None and self._recorded is not None:
            makers = ((self._recorded, len(self._tracks) + len(self._waiting)), (performer, len(self._pieces)))
            return Medley(makers, self._seed)
        return performer or self._recorded or Composer(self._seed, style=self._style, given=self._melody)

    def loudness(self, track: str) -> float | None:
        """Integrated loudness of a sound file, LUFS; None where it is not known."""
        return self._loudness.get(track)

    def lose(self, track: str) -> None:
        """A sound file turned out to be unplayable: choose it no more."""
        self._tracks.pop(track, None)
        if self._recorded is not None:
            self._recorded.lose(track)

    def listen_on(self, heard: Callable[[Examined], None]) -> None:
        """Listen to the sound files that are still unknown. Takes long; `heard` is given each, in this thread."""
        while self._waiting:
            found = self._tried(partial(examined, self._waiting.pop(0), cache=self._cache))
            if found is not None:
                heard(found)

    def add(self, found: Examined) -> None:
        """One more sound file may be chosen."""
        # A recording is first of all what its sound is like; what the player must know of it stays here.
        track = Track(**{field.name: getattr(found, field.name) for field in fields(Track)})
        self._tracks[track.path], self._loudness[track.path] = track, found.loudness_lufs
        if self._recorded is not None:
            self._recorded.add(track)

    def _look_into(self, folder: Path | None) -> None:
        """Find what the folder of the listener's own music holds."""
        if folder is None:
            self._tell(f"There is no folder of your own music: name one as `music.folder`. {UNTIL_THEN}")
            return
        if not folder.is_dir():
            self._tell(f"There is no folder {folder} (`music.folder`): correct the path, or make it. {UNTIL_THEN}")
            return
        self._pieces = [piece for path in _scores(folder) if (piece := self._tried(partial(read_piece, path))) is not None]
        self._waiting = sound_files(folder)[:MOST_FILES]
        while self._waiting and len(self._tracks) < AT_ONCE:
            found = self._tried(partial(examined, self._waiting.pop(0), cache=self._cache))
            if found is not None:
                self.add(found)
        if not self._pieces and not self._tracks:
            self._tell(f"Nothing in {folder} can be played: put sound files, MIDI files or scores there. {UNTIL_THEN}")

    def _tried(self, read: Callable[[], Value]) -> Value | None:
        """What was read; None, and the sentence, where it could not be."""
        try:
            return read()
        except UndertoneError as error:
            self._tell(str(error))
            return None


def _scores(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in (*MIDI_SUFFIXES, SCORE_SUFFIX))[:MOST_FILES]


def read_piece(path: Path) -> Piece:
    """The piece in a score or a MIDI file. Raises UndertoneError, with a sentence, where there is none."""
    if path.suffix.lower() in MIDI_SUFFIXES:
        return read_midi(path)
    if path.suffix.lower() != SCORE_SUFFIX:
        raise UndertoneError(f"{path.name} is neither a MIDI file (.mid) nor a score (.score): notes are read from these.")
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeError) as error:
        raise UndertoneError(f"The score {path} cannot be read ({error}); is it a text file that you may read?") from error


def given_melody(path: Path) -> Given:
    """The melody of a score or a MIDI file: its melody voice, or its highest where none is named.

    Raises UndertoneError, with a sentence, where there is none.
    """
    piece = read_piece(path)
    measures = unfolded(piece)
    notes, beat = [], 0.0
    for measure in measures:
        notes += [(beat + event.beat, event.duration, float(event.pitch), event.layer) for event in measure.events]
        beat += measure.beats
    sung = [note[:3] for note in notes if note[3] is Layer.MELODY] or [note[:3] for note in notes]
    return given(sung, source=piece.credit, beats=measures[0].beats, tempo_bpm=piece.tempo_bpm, key=piece.key)


def own_style(path: Path) -> Style:
    """The style in a file. Raises UndertoneError, with all that is wrong with it."""
    try:
        return read_style(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeError) as error:
        raise UndertoneError(f"The style {path} cannot be read ({error}); is it a text file that you may read?") from error
