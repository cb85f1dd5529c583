"""The configuration: one file becomes settings, or one error with every mistake in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from undertone.config import Settings, explained_yaml, load
from undertone.config.options import options
from undertone.config.pins import BUS_PINS, BUS_SWITCH_RESET
from undertone.errors import ConfigError
from undertone.flow import Goal
from undertone.guidance import GOALS, Guide
from undertone.music.styles import STYLES
from undertone.sensors.max3010x import PulseSettings

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration and gives its path."""

    def written(text: str) -> Path:
        path = tmp_path / "undertone.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def mistakes(path: Path) -> list[str]:
    """What the one error says, a mistake a line, without its head."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    head, *lines = str(caught.value).split("\n  ")
    assert head.startswith(str(path)) and head.endswith("and try again:")
    return lines


def leaves(cls: type, prefix: str = "") -> list[str]:
    """Every option by its path."""
    found: list[str] = []
    for option in options(cls):
        name = prefix + option.name
        found += leaves(option.kind, f"{name}.") if option.section else [name]
    return found


# ----------------------------------------------------------------------------------------------------------------- good files


def test_without_a_file_everything_has_its_default() -> None:
    settings = load(None)
    assert settings == Settings()
    assert (settings.guidance.goal, settings.guidance.minutes, settings.audio.loudness_lufs) == (Goal.CALM, None, -23.0)


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "audio:\n", "audio: ~\nsensors:\n  pulse:\n"])
def test_what_is_left_out_or_left_empty_has_its_default(write: Write, text: str) -> None:
    assert load(write(text)) == Settings()


def test_every_value_arrives_as_its_own_type(write: Write) -> None:
    settings = load(
        write(
            "sensors:\n  bus: 3\n  pulse: {chip: MAX30105, infrared_ma: 12, swap_channels: true}\n  skin: {enabled: false}\n"
            "guidance: {goal: sleep, minutes: 45, contrast: yes}\n"
            "music: {seed: 7, style: harp}\n"
            "audio: {device: 'USB Audio', rate_hz: 44100, volume_db: -6}\n"
        )
    )
    assert settings.sensors.pulse.chip == "MAX30105"
    assert settings.sensors.pulse.swap_channels is True
    assert settings.sensors.skin.enabled is False
    assert settings.guidance.goal is Goal.SLEEP
    assert settings.guidance.contrast is True
    assert (settings.music.seed, settings.music.style) == (7, "harp")
    assert (settings.audio.device, settings.audio.rate_hz) == ("USB Audio", 44100)
    for value, kind in (
        (settings.sensors.bus, int),
        (settings.sensors.pulse.infrared_ma, float),
        (settings.guidance.minutes, float),
    ):
        assert type(value) is kind


def test_paths_are_meant_from_the_folder_of_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    path = write("audio: {soundfont: fonts/soft.sf2}\nstorage: {folder: ~/journal}\nservice: {socket: /tmp/u.sock}\n")
    settings = load(str(path))
    assert settings.audio.soundfont == path.parent / "fonts/soft.sf2"
    assert settings.storage.folder == Path("/home/someone/journal")
    assert settings.service.socket == Path("/tmp/u.sock")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().audio.volume_db = 0.0  # type: ignore[misc]


# --------------------------------------------------------------------------------------------------------- the explained file


def test_the_explained_file_gives_the_defaults(write: Write) -> None:
    assert load(write(explained_yaml())) == Settings()


def test_the_explained_file_holds_every_option_with_its_meaning_and_what_is_allowed() -> None:
    text = explained_yaml()
    for path in leaves(Settings):
        name = path.rpartition(".")[2]
        assert re.search(rf"^ +# .*(\n +# .*)*Allowed:(.*\n +# )?.*\n +{name}: ", text, re.MULTILINE), path
    assert max(len(line) for line in text.splitlines()) <= 100


def test_every_option_is_explained_with_a_sentence() -> None:
    found = re.findall(r"^((?: *# .*\n)+) +\w+: \S", explained_yaml(), re.MULTILINE)
    assert len(found) == len(leaves(Settings))
    for comment in found:
        words = " ".join(line.strip(" #") for line in comment.splitlines())
        assert re.match(r"[A-Z].{10,}\. Allowed: .+\.$", words), words


def test_the_explained_file_is_read_back_when_every_comment_is_taken_away(write: Write) -> None:
    bare = "\n".join(line for line in explained_yaml().splitlines() if not line.strip().startswith("#"))
    assert load(write(bare)) == Settings()


def test_changing_each_line_of_the_explained_file_changes_the_settings(write: Write) -> None:
    other = {
        "true": "false",
        "false": "true",
        "calm": "focus",
        "piano": "bells",
        "MAX30102": "MAX30101",
        "48000": "44100",
        "0x57": "0x58",
        "0x70": "0x71",
        "23": "24",
        "built": "grove",
        "220000": "219000",
        "78000": "79000",
        "3.3": "5",
    }
    other |= {
        "0x48": "0x49",
        "7": "8",
        "1": "2",
        "-23": "-24",
        "0": "-1",
        "0.5": "0.75",
        "/run/undertone/control.sock": "/tmp/s",
        "/var/lib/undertone": "/tmp/u",
        "composed": "pieces",
        '"22:00-07:00"': "21:00-06:00",
        "5": "4",
        "65": "60",
        "45": "40",
    }
    nulls = {"model": "m.tflite", "minutes": "30", "seed": "1", "device": "x", "soundfont": "s.sf2", "folder": "f"}
    nulls |= {"open_volts": "2.6", "calibration_dba": "60", "style_file": "s.toml", "melody": "m.mid"}
    lines = explained_yaml().splitlines()
    changed = 0
    for i, line in enumerate(lines):
        if match := re.fullmatch(r"( +)(\w+): (\S+)", line):
            indent, name, value = match.groups()
            new = [*lines[:i], f"{indent}{name}: {nulls[name] if value == 'null' else other[value]}", *lines[i + 1 :]]
            assert load(write("\n".join(new))) != Settings(), line
            changed += 1
    assert changed == len(leaves(Settings))


# ------------------------------------------------------------------------------------------------------------------- mistakes


def test_all_mistakes_come_at_once_each_with_its_place_and_what_is_allowed(write: Write) -> None:
    path = write("sensor: 1\nguidance:\n  goal: clam\n  minutes: 0\n  goal: calm\naudio:\n  rate: 48000\n")
    assert mistakes(path) == [
        "sensor (line 1): there is no such option; did you mean 'sensors'?",
        "guidance.goal (line 3): found 'clam'; allowed: calm, sleep, focus, uplift; did you mean 'calm'?",
        "guidance.minutes (line 4): found '0'; allowed: a number from 1 to 1440, or null",
        "guidance.goal (line 5): stands here a second time; keep one of the two",
        "audio.rate (line 7): there is no such option; did you mean 'rate_hz'?",
    ]
    with pytest.raises(ConfigError, match="has 5 mistakes; correct them"):
        load(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sensors: {bus: one}", "sensors.bus (line 1): found 'one'; allowed: a whole number from 0 to 255"),
        ("sensors: {bus: 1.0}", "sensors.bus (line 1): found '1.0'; allowed: a whole number from 0 to 255"),
        ("sensors: {bus: true}", "sensors.bus (line 1): found 'true'; allowed: a whole number from 0 to 255"),
        ("sensors: {bus: 256}", "sensors.bus (line 1): found '256'; allowed: a whole number from 0 to 255"),
        ("sensors: {bus: -1}", "sensors.bus (line 1): found '-1'; allowed: a whole number from 0 to 255"),
        ("sensors: {bus: }", "sensors.bus (line 1): found nothing; allowed: a whole number from 0 to 255"),
        ("sensors: [1, 2]", "sensors (line 1): found a list; allowed: options with values, as `name: value`"),
        ("sensors: {pulse: on}", "sensors.pulse (line 1): found 'on'; allowed: options with values, as `name: value`"),
        ("sensors: {pulse: {enabled: 1}}", "sensors.pulse.enabled (line 1): found '1'; allowed: true or false"),
        ("sensors: {pulse: {chip: max30102}}", "allowed: MAX30101, MAX30102, MAX30105; did you mean 'MAX30102'?"),
        ("sensors: {pulse: {address: 0x99}}", "found '0x99'; allowed: a whole number from 0x8 to 0x77"),
        ("sensors: {skin: {address: 0x4c}}", "found '0x4c'; allowed: a whole number from 0x48 to 0x4b"),
        ("sensors: {pods: 9}", "sensors.pods (line 1): found '9'; allowed: a whole number from 1 to 8"),
        ("sensors: {pods: 0}", "sensors.pods (line 1): found '0'; allowed: a whole number from 1 to 8"),
        ("sensors: {mux_address: 0x57}", "found '0x57'; allowed: a whole number from 0x70 to 0x77"),
        ("sensors: {mux_reset_pin: 2}", "found '2'; allowed: 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 22, 23,"),
        ("sensors: {mux_reset_pin: 18}", "24, 25, 26, 27, or null"),
        ("sensors: {mux_reset_pins: 4}", "there is no such option; did you mean 'mux_reset_pin'?"),
        ("sensors: {skin: {front_end: groove}}", "allowed: built, grove; did you mean 'grove'?"),
        ("sensors: {skin: {feedback_ohms: 220}}", "found '220'; allowed: a number from 10000 to 10000000"),
        ("sensors: {skin: {series_ohms: null}}", "found nothing; allowed: a number from 1000 to 1000000"),
        ("sensors: {skin: {supply_volts: 12}}", "found '12'; allowed: a number from 2.7 to 5.5"),
        ("sensors: {skin: {open_volts: 0}}", "found '0'; allowed: a number from 0.1 to 5.5, or null"),
        ("sensors: {skin: {output_resistor_bypassed: 10}}", "found '10'; allowed: true or false"),
        ("sensors: {pulse: {automatic: 1}}", "found '1'; allowed: true or false"),
        ("sensors: {pulse: {infrared_ma: .nan}}", "found '.nan'; allowed: a number from 0.2 to 50"),
        ("sensors: {pulse: {infrared_ma: .inf}}", "found '.inf'; allowed: a number from 0.2 to 50"),
        ("guidance: {goal: null}", "guidance.goal (line 1): found nothing; allowed: calm, sleep, focus, uplift"),
        ("guidance: {goal: 3}", "guidance.goal (line 1): found '3'; allowed: calm, sleep, focus, uplift"),
        ("guidance: {goal: [calm]}", "guidance.goal (line 1): found a list; allowed: calm, sleep, focus, uplift"),
        ("guidance: {minutes: 1e9999}", "found '1e9999'; allowed: a number from 1 to 1440, or null"),
        (f"guidance: {{minutes: {'9' * 5000}}}", f"found '{'9' * 39}…'; allowed: a number from 1 to 1440, or null"),
        (f"guidance: {{minutes: {'9' * 400}}}", f"found '{'9' * 39}…'; allowed: a number from 1 to 1440, or null"),
        ("guidance: {minutes: !!int many}", "found 'many'; allowed: a number from 1 to 1440, or null"),
        ("guidance: {minutes: !!float ''}", "found ''; allowed: a number from 1 to 1440, or null"),
        ("guidance: {contrast: !!bool maybe}", "found 'maybe'; allowed: true or false"),
        ("guidance: {minutes: !!python/object:os.system x}", "found 'x'; allowed: a number from 1 to 1440, or null"),
        ("music: {seed: -1}", "music.seed (line 1): found '-1'; allowed: a whole number from 0 to 4294967295, or null"),
        ("music: {style: pianno}", "'pianno'; allowed: bells, guitar, harp, lullaby, piano, strings; did you mean 'piano'?"),
        ("audio: {rate_hz: '48000'}", "audio.rate_hz (line 1): found '48000'; allowed: 44100, 48000"),
        ("audio: {rate_hz: 8000}", "audio.rate_hz (line 1): found '8000'; allowed: 44100, 48000"),
        ("audio: {device: 3}", "audio.device (line 1): found '3'; allowed: text, or null"),
        ("audio: {volume_db: 3}", "audio.volume_db (line 1): found '3'; allowed: a number from -60 to 0"),
        ("audio: {soundfont: {a: b}}", "audio.soundfont (line 1): found options; allowed: a path, or null"),
        ("audio: {soundfont: 7}", "audio.soundfont (line 1): found '7'; allowed: a path, or null"),
        ("audio: {soundfont: ' '}", "audio.soundfont (line 1): found ' '; allowed: a path, or null"),
        ("storage: {folder: \"a\\0b\"}", "allowed: a path, or null"),
        ("service: {socket: ~}", "service.socket (line 1): found nothing; allowed: a path"),
        ("service: {socket: ~nobody-of-that-name/x}", "found '~nobody-of-that-name/x'; allowed: a path"),
        ("audio: {[1]: 2}", "audio.a list (line 1): there is no such option; there are device, soundfont, rate_hz"),
        ("xyz: 1", "xyz (line 1): there is no such option; there are sensors, affect, guidance, music,"),
        ("<<: {audio: {rate_hz: 1}}", "<< (line 1): there is no such option"),
        ("just words", "the file (line 1): found 'just words'; allowed: options with values, as `name: value`"),
        ("- a\n- b", "the file (line 1): found a list; allowed: options with values, as `name: value`"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_a_sentence(write: Write, text: str, says: str) -> None:
    told = mistakes(write(text))
    assert len(told) == 1
    assert says in told[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("audio:\n  volume_db: [1", r"is not YAML: line 2, column 16: .+\. `undertone config` prints one"),
        ("audio:\n\tvolume_db: 1", r"is not YAML: line 2, column 1: "),
        ("audio: {}\n---\nmusic: {}", r"is not YAML: line 2, column 1: but found another document"),
        ("audio: *nowhere", r"is not YAML: line 1, column 8: found undefined alias"),
        ("audio: \x01", r"is not YAML: special characters are not allowed"),
        ("[" * 2000, r"is nested too deeply"),
    ],
)
def test_what_is_not_yaml_is_told_with_line_and_column(write: Write, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(write(text))


def test_many_references_to_one_thing_cost_nothing(write: Write) -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{b}: &{b} [{', '.join(f'*{a}' for _ in range(9))}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert len(mistakes(write(bomb))) == 9


def test_a_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no configuration .*none\.yaml\. `undertone config > .*` writes one"):
        load(tmp_path / "none.yaml")


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a file"):
        load(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a file"):
        load(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("")

    def refuse(*args: object, **named: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigError, match=r"cannot be read \(Permission denied\)\. Give this user the right to read it"):
        load(path)


def test_a_path_through_a_file_is_not_a_matter_of_rights(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(Not a directory\)\. Check its path\.$"):
        load(write("") / "more.yaml")


def test_bytes_that_are_not_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"audio: \xff\xfe\x80")
    with pytest.raises(ConfigError, match="is not text in UTF-8"):
        load(tmp_path / "x.yaml")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.yaml").open("wb") as file:
        file.truncate(2_000_000)
    with pytest.raises(ConfigError, match="is too large for a configuration"):
        load(tmp_path / "x.yaml")


def test_without_pyyaml_the_defaults_still_work_and_a_file_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert load(None) == Settings()
    with pytest.raises(ConfigError, match="needs PyYAML: install it with `sudo apt install python3-yaml`"):
        load(path)


# ------------------------------------------------------------------------------------------------------ what the rooms honour


def test_the_defaults_are_what_the_rooms_take() -> None:
    settings = Settings()
    pulse = settings.sensors.pulse
    PulseSettings(
        address=pulse.address,
        chip=pulse.chip,
        red_ma=pulse.red_ma,
        infrared_ma=pulse.infrared_ma,
        swap_channels=pulse.swap_channels,
    )
    Guide(settings.guidance.goal, minutes=settings.guidance.minutes, contrast=settings.guidance.contrast)
    assert settings.music.style in STYLES


@pytest.mark.parametrize("end", [0, 1])
def test_the_ends_of_the_ranges_are_what_the_rooms_take(end: int) -> None:
    limits = {option.name: option.range for section in options(Settings) for option in options(section.kind)}
    pulse = {option.name: option.range for option in options(type(Settings().sensors.pulse))}

    def at(found: Any) -> float:
        return float((found.low, found.high)[end])

    PulseSettings(infrared_ma=at(pulse["infrared_ma"]), red_ma=at(pulse["red_ma"]))
    for goal in GOALS:
        Guide(goal, minutes=at(limits["minutes"]))


def test_no_pin_of_a_bus_can_reset_the_bus_switch() -> None:
    pin = next(option for option in options(type(Settings().sensors)) if option.name == "mux_reset_pin")
    assert pin.choices is not None
    assert not BUS_PINS & set(pin.choices.values())
    assert Settings().sensors.mux_reset_pin == BUS_SWITCH_RESET in pin.choices.values()


def test_a_number_is_never_guessed_at(write: Write) -> None:
    told = mistakes(write("audio: {rate_hz: 4800}\nsensors: {mux_reset_pin: 2}"))
    assert len(told) == 2
    assert not any("did you mean" in line for line in told)


def test_choices_and_ranges_hold_for_every_default() -> None:
    def walk(settings: Any) -> None:
        for option in options(type(settings)):
            value: Any = getattr(settings, option.name)
            if option.section:
                assert is_dataclass(value)
                walk(value)
            elif value is None:
                assert option.nullable
            else:
                assert isinstance(value, option.kind)
                assert option.choices is None or value in option.choices.values()
                assert option.range is None or option.range.low <= getattr(settings, option.name) <= option.range.high

    walk(Settings())
    assert len(fields(Settings)) == 8
