"""What is asked for is found and played, and what cannot be played is told in a sentence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from undertone.audio import Examined
from undertone.config import MusicSettings
from undertone.device.recital import composed, held
from undertone.device.repertoire import UNTIL_THEN, Repertoire, given_melody
from undertone.errors import UndertoneError
from undertone.music import Composer, Medley, Performer, Recorded
from undertone.music.pieces import PIECES

RATE = 16000
SCORE = """title: A tune of mine
composer: Somebody
key: C major
metre: 4/4
tempo: 80
form: A

[A]
melody: c4 d4 e4 c4 | e4 f4 g4:2 ||
bass: c3:4 | c3:4 ||
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five sound files and a score, a file that is no sound, and one that is no score."""
    own = tmp_path / "own"
    own.mkdir()
    t = np.arange(8 * RATE) / RATE
    for number in range(5):
        soundfile.write(own / f"{number}.wav", 0.2 * np.sin(2 * np.pi * (220 + 50 * number) * t), RATE)
    (own / "mine.score").write_text(SCORE)
    (own / "broken.mp3").write_bytes(b"no sound at all" * 100)
    (own / "broken.mid").write_bytes(b"MThd and then nothing")
    return own


def test_music_is_composed_unless_something_else_is_asked_for() -> None:
    told: list[str] = []
    assert isinstance(Repertoire(MusicSettings(), 1, tell=told.append).build(), Composer)
    assert not told


def test_pieces_are_those_that_were_named_and_else_all() -> None:
    some = Repertoire(MusicSettings(play="pieces"), 1, tell=print, names=["gymnopedie-1"]).build()
    assert isinstance(some, Performer)
    bars = composed(some, held(-0.4, 0.2), minutes=3)
    assert {bar.origin.split("”")[0] for bar in bars if bar.notes} == {"“Gymnopédie no. 1"}
    assert len(PIECES) >= 8
    everything = Repertoire(MusicSettings(play="pieces"), 1, tell=print).build()
    assert len({bar.origin for bar in composed(everything, held(-0.4, 0.2), minutes=12) if bar.notes}) >= 3


def test_a_piece_that_there_is_not_names_those_that_there_are() -> None:
    with pytest.raises(UndertoneError, match="did you mean 'gymnopedie-1'"):
        Repertoire(MusicSettings(play="pieces"), 1, tell=print, names=["gymnopedie1"])


def test_the_listeners_own_music_takes_turns_and_what_is_broken_is_told(folder: Path) -> None:
    told: list[str] = []
    repertoire = Repertoire(MusicSettings(play="own", folder=folder), 3, tell=told.append)
    makes = repertoire.build()
    assert isinstance(makes, Medley)
    assert [sentence for sentence in told if "broken.mid" in sentence]
    # Only the first few are listened to before the music begins; the others are known later, and broken ones told then.
    later: list[Examined] = []
    repertoire.listen_on(later.append)
    assert len(later) == 2 and [sentence for sentence in told if "broken.mp3" in sentence]
    for found in later:
        repertoire.add(found)
    bars = composed(makes, held(-0.3, 0.2), minutes=15)
    assert [bar.index for bar in bars] == list(range(len(bars)))
    played = {bar.cue.track for bar in bars if bar.cue is not None}
    assert len(played) == 5 and all(repertoire.loudness(track) is not None for track in played)
    assert any("A tune of mine" in bar.origin for bar in bars)
    for before, after in pairwise(bars):
        if bool(before.notes) != bool(after.notes) and (before.notes or before.cue):
            assert after.level_db >= before.level_db - 1.5 * after.seconds - 1e-6


def test_a_file_that_breaks_off_is_chosen_no_more(folder: Path) -> None:
    (folder / "mine.score").unlink()
    repertoire = Repertoire(MusicSettings(play="own", folder=folder), 3, tell=lambda sentence: None)
    makes = repertoire.build()
    assert isinstance(makes, Recorded)
    gone = str(folder / "0.wav")
    repertoire.lose(gone)
    assert gone not in {bar.cue.track for bar in composed(makes, held(0.0, 0.0), minutes=3) if bar.cue is not None}
    assert gone not in {bar.cue.track for bar in composed(repertoire.build(), held(0.0, 0.0), minutes=3) if bar.cue is not None}


@pytest.mark.parametrize("name", [None, "nowhere", "empty"])
def test_where_there_is_nothing_to_play_music_is_composed_and_that_is_told(tmp_path: Path, name: str | None) -> None:
    (tmp_path / "empty").mkdir()
    told: list[str] = []
    settings = MusicSettings(play="own", folder=None if name is None else tmp_path / name)
    assert isinstance(Repertoire(settings, 1, tell=told.append).build(), Composer)
    assert len(told) == 1 and told[0].endswith(UNTIL_THEN) and "music.folder" in told[0] + "music.folder" * (name == "empty")


def test_a_melody_of_a_score_is_woven_in(folder: Path) -> None:
    melody = given_melody(folder / "mine.score")
    assert [tone.pitch for bar in melody.bars for tone in bar] == [60, 62, 64, 60, 64, 65, 67]
    repertoire = Repertoire(MusicSettings(melody=folder / "mine.score"), 1, tell=print)
    assert repertoire.melody == "“A tune of mine” by Somebody"
    assert any("A tune of mine" in bar.origin for bar in composed(repertoire.build(), held(0.0, 0.3), minutes=1))


def test_a_melody_or_a_style_that_cannot_be_read_is_told_and_the_music_goes_on(folder: Path) -> None:
    told: list[str] = []
    (folder / "mine.toml").write_text("about = 3")
    settings = MusicSettings(melody=folder / "broken.mid", style_file=folder / "mine.toml")
    makes = Repertoire(settings, 1, tell=told.append).build()
    assert isinstance(makes, Composer) and makes.compose(0.0, None).notes
    assert len(told) == 2 and "mine.toml" in told[0] and "broken.mid" in told[1]
