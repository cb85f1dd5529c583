"""The page for those who cannot hear: it tells in words what the pictures show, and it needs nothing but itself."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from undertone.errors import StorageError
from undertone.flow import Bar, Directive, Goal, Layer, Note, Phase, Texture
from undertone.report.listening import Listening, MeterSink, noting, windows
from undertone.report.listening_page import write_listening
from undertone.report.listening_words import score_rows, sound_rows
from undertone.report.measures_sound import SoundMeter

RATE = 48000
TUNE = (72, 74, 76, 74, 72, 71, 69, 71)
OTHER = (76, 79, 77, 76, 74, 72, 74, 77)


class Read(HTMLParser):
    """What a reader of the page finds."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def bar(index: int, section: str, pitches: tuple[int, ...]) -> Bar:
    key, chord, root = ("C ionian", "C Am7", 60) if section[0] == "A" else ("A aeolian", "F", 57)
    force = 40 + 5 * index % 60
    notes = [Note(0.5 * place, 0.5, pitch + index % 3, force, Layer.MELODY) for place, pitch in enumerate(pitches)]
    notes += [Note(0.0, 4.0, root, 60, Layer.PAD)] if index % 8 > 1 else []
    level = -math.inf if index >= 22 else -float(index) / 4.0
    gains = dict.fromkeys(Layer, -6.0 + index % 4)
    textures = {Texture.SEA: -20.0} if index > 11 else {}
    return Bar(index, 4, 80.0 - index, () if index >= 22 else tuple(notes), level, gains, dict.fromkeys(Layer, 0), 2000.0, 0.3,
               2.5, None, 0.0, key, chord, section, "why", textures)  # fmt: skip


def directive(index: int) -> Directive:
    return Directive(3.0 * index, 99.0, Phase.LEAD, Goal.CALM, -0.02 * index, 0.3, 0.0, None, 1.0, "why")


@cache
def listening() -> Listening:
    """Twenty-four bars, ABA, with a sound of two minutes that gets softer and has one jump in it."""
    bars = tuple(bar(i, "A'" if i % 8 > 3 else "AB"[8 <= i < 16], OTHER if 8 <= i < 16 else TUNE) for i in range(24))
    t = np.arange(70 * RATE) / RATE
    wave = 0.1 * np.sin(2 * np.pi * 440.0 * t) * 10.0 ** (-t / 140.0)
    wave[50 * RATE :] += 0.05
    meter = SoundMeter(RATE)
    meter.push(np.stack([wave, wave], axis=1))
    sound, curves = meter.finish()
    asked = tuple(directive(i) for i in range(24))
    return Listening("A <tune> & more", "Made for a test.", bars, asked, sound, curves, -23.0)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_listening(listening(), tmp_path_factory.mktemp("listening") / "new" / "page")


def test_every_picture_is_there_and_told_in_words_with_figures(page: Path) -> None:
    images = Read(page).all("img")
    names = [str(image["src"]) for image in images]
    assert names == [f"{name}.png" for name in
                     ("roll", "closely", "form", "harmony", "layers", "loudness", "spectrogram", "asked")]  # fmt: skip
    for image in images:
        file = page.parent / str(image["src"])
        assert file.stat().st_size > 5000
        assert int(str(image["width"])) > 1000
        assert len(str(image["alt"])) > 50
        assert re.search(r"\d", str(image["alt"]))
        assert str(image["alt"]).endswith(".")


def test_the_words_tell_what_the_music_does(page: Path) -> None:
    seen = {str(image["src"]).removesuffix(".png"): str(image["alt"]) for image in Read(page).all("img")}
    assert "melody 176" in seen["roll"]
    assert "The melody lies between" in seen["roll"]
    assert "C ionian from 0:00" in seen["harmony"]
    assert "A aeolian from" in seen["harmony"]
    assert "sea in 50% of the bars, entering once" in seen["layers"]
    assert "pad in" in seen["layers"] and "entering 3 times" in seen["layers"]
    assert "The sections are A A' B A' A A'." in seen["form"]
    assert "80 at first, 57 at last" in seen["asked"]
    assert "silence in 8%" in seen["asked"]
    assert "LUFS" in seen["loudness"]
    assert "Clicks: 1." in seen["spectrogram"]


def test_the_page_asks_nothing_of_anybody_else(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"https?:|//\w|@import|url\(|<script|<link|<iframe|javascript:", text)
    for tag, attributes in Read(page).tags:
        for name in ("src", "href"):
            target = attributes.get(name)
            if target is not None:
                assert target.startswith("#") or (page.parent / target).is_file(), f"{tag} {target}"
        assert not any(name.startswith("on") for name in attributes)


def test_the_page_can_be_read_aloud_and_walked_by_keys(page: Path) -> None:
    read = Read(page)
    assert read.open == []
    assert read.all("html")[0]["lang"] == "en"
    assert len(read.all("h1")) == len(read.all("main")) == 1
    targets = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    for link in read.all("a"):
        assert str(link["href"]).removeprefix("#") in targets
    for _, attributes in read.tags:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in targets
    assert all(cell.get("scope") in {"row", "col"} for cell in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table")) == 2
    assert "@media print" in page.read_text()


def test_what_is_said_about_it_is_escaped(page: Path) -> None:
    assert "A &lt;tune&gt; &amp; more" in page.read_text()
    assert "<tune>" not in page.read_text()


def test_colours_of_words_can_be_told_from_their_ground(page: Path) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    style = page.read_text().split("<style>")[1].split("</style>")[0]
    for colour in set(re.findall(r"[{; ]color: (#\w{6})", style)):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


def test_rows_say_in_words_what_passes_and_what_does_not() -> None:
    sound = {row.name: row for row in sound_rows(listening())}
    assert sound["Clicks"].fails
    assert sound["Clicks"].verdict == "fails: above what passes"
    assert not sound["True peak"].fails
    assert sound["True peak"].verdict.startswith("passes")
    score = {row.name: row for row in score_rows(listening())}
    assert score["Repeated turns"].passes == "0.05 to 0.60"
    assert score["Roughness"].passes == "at most 0.45"
    assert score["Steps"].passes == "at least 0.20"
    assert any("music by people" in row.verdict for row in score.values())


def test_what_is_not_known_is_not_judged() -> None:
    quiet = replace(listening(), bars=tuple(replace(bar, notes=()) for bar in listening().bars))
    assert all(not row.fails for row in score_rows(quiet))
    held = [replace(bar, notes=tuple(n for n in bar.notes if n.layer is Layer.PAD)) for bar in listening().bars]
    unsung = {row.name: row for row in score_rows(replace(listening(), bars=tuple(held)))}
    assert unsung["Leaps"].value == "–"
    assert unsung["Leaps"].verdict == "not known: there is nothing to measure"
    assert not unsung["Leaps"].fails


def test_the_loudness_that_is_asked_for_follows_the_levels() -> None:
    steady = replace(listening(), bars=tuple(replace(bar, level_db=-4.0) for bar in listening().bars))
    assert steady.asked_lufs == pytest.approx(-27.0)
    assert replace(steady, target_lufs=None).asked_lufs is None
    assert replace(steady, bars=()).asked_lufs == -23.0


def test_sound_alone_is_a_page_without_notes(tmp_path: Path) -> None:
    whole = listening()
    read = Read(write_listening(Listening("file.wav", "A file.", sound=whole.sound, curves=whole.curves), tmp_path))
    assert [image["src"] for image in read.all("img")] == ["loudness.png", "spectrogram.png"]
    assert len(read.all("table")) == 1


def test_a_score_alone_is_a_page_without_sound(tmp_path: Path) -> None:
    read = Read(write_listening(replace(listening(), sound=None, curves=None, asked=()), tmp_path))
    names = [image["src"] for image in read.all("img")]
    assert "loudness.png" not in names and "roll.png" in names
    assert "valence" not in str(read.all("img")[-1]["alt"])


def test_nothing_is_a_page_too(tmp_path: Path) -> None:
    silent = tuple(replace(bar, notes=(), chord="", key="", section="silence", textures={}) for bar in listening().bars)
    for empty in (Listening("Nothing", "There is nothing."), Listening("Rest", "Only rests.", silent)):
        assert " long" in "".join(Read(write_listening(empty, tmp_path)).words)


def test_measures_for_programs_hold_no_value_that_json_does_not_know() -> None:
    import json

    told = json.loads(json.dumps(listening().as_dict(), allow_nan=False))
    assert told["bars"] == 24
    assert told["sound"]["clicks"] == 1
    assert told["score"]["steps"] == pytest.approx(listening().measures["steps"])
    assert 0.0 <= told["form"]["returns"] <= 1.0
    assert json.loads(json.dumps(Listening("Nothing", "").as_dict(), allow_nan=False))["form"] is None


def test_windows_are_of_three_minutes() -> None:
    long = replace(listening(), bars=listening().bars[:22] * 12)
    assert [round(window.seconds / 60.0) for window in windows(long.piece)] == [3, 3, 3, 3, 3]
    assert len(long.windows) == 5
    assert len(listening().windows) == 1


def test_a_plan_is_noted_and_a_sink_measures_and_passes_on() -> None:
    told: list[Directive] = []
    plan = noting(lambda t: directive(int(t)), told)
    assert plan(3.0) is told[0]
    beside = MeterSink(RATE)
    sink = MeterSink(RATE, beside=beside)
    sink.write(np.full((RATE, 2), 0.1, dtype=np.float32))
    sink.close()
    assert sink.meter.finish()[0] == beside.meter.finish()[0]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_listening(listening(), tmp_path / "file" / "page")
