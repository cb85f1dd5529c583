"""`undertone calibrate skin`: from test resistors to a configuration, and everything that can go wrong on the way."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from undertone.cli import main, parser
from undertone.cli.calibrate import Bench, calibrate
from undertone.cli.main import COMMANDS
from undertone.config import load
from undertone.errors import ChipMissing, ConfigError, UndertoneError
from undertone.sensors import FrontEnd
from undertone.sim import Ads1115Chip, EmulatedBus
from undertone.timeline import VirtualClock

Captured = pytest.CaptureFixture[str]
CONFIG = """\
# My device, beside the bed.
sensors:
  skin:  # built in May
    address: 0x48  # ADDR at ground
guidance: {goal: sleep}
"""


class Hands:
    """A bench on which somebody connects what is wanted after two seconds, unless `wrong` says what else, and when."""

    def __init__(self, front_end: FrontEnd, *, wrong: Callable[[float], Sequence[tuple[float, float]]] | None = None) -> None:
        self.clock = VirtualClock()
        self._front_end = front_end
        self._wrong = wrong
        self._plugged: list[tuple[float, float]] = [(-1.0, math.inf)]
        chip = Ads1115Chip(None, self.clock.now, inputs=self._inputs)
        self.bench = Bench(self.clock, EmulatedBus({0x48: chip}, now=self.clock.now), self._connect)

    def _inputs(self, t: float) -> Sequence[float]:
        ohms = next(ohms for since, ohms in reversed(self._plugged) if since <= t)
        return (*self._front_end.volts(1e6 / ohms if ohms else math.inf), 0.0, 0.0)

    def _connect(self, ohms: float) -> None:
        for after, connected in self._wrong(ohms) if self._wrong else [(2.0, ohms)]:
            self._plugged.append((self.clock.now() + after, connected))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "undertone.yaml"
    path.write_text(CONFIG)
    return path


def said(capsys: Captured) -> str:
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return out + err


def ask(*arguments: str, bench: Bench | None = None) -> int:
    return calibrate(parser.build(COMMANDS).parse_args(["calibrate", "skin", *arguments]), bench=bench)


@pytest.mark.parametrize(("feedback", "series"), [(220_000.0, 78_000.0), (224_400.0, 76_400.0), (213_000.0, 80_000.0)])
def test_what_was_built_is_found_and_written(feedback: float, series: float, file: Path, capsys: Captured) -> None:
    assert ask("--config", str(file), "--yes", bench=Hands(FrontEnd(feedback, series)).bench) == 0
    skin = load(file).sensors.skin
    assert skin.feedback_ohms == pytest.approx(feedback, rel=1e-3)
    assert skin.series_ohms == pytest.approx(series, rel=2e-3)
    text = said(capsys)
    for step in ("1 of 3  Connect 100 kΩ", "2 of 3  Connect 1 MΩ", "3 of 3  Connect 47 kΩ"):
        assert step in text
    assert f"{feedback / 220_000.0 - 1.0:+.1%} from the 220 kΩ" in text or feedback == 220_000.0
    written = file.read_text()
    for kept in ("# My device, beside the bed.", "skin:  # built in May", "address: 0x48  # ADDR at ground", "{goal: sleep}"):
        assert kept in written
    assert "# calibrated 20" in written


def test_it_asks_before_it_writes(file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, changed in (("n", False), ("", False), ("y", True)):
        monkeypatch.setattr(builtins, "input", lambda question, answer=answer: answer)
        assert ask("--config", str(file), bench=Hands(FrontEnd(222_000.0)).bench) == 0
        assert (file.read_text() != CONFIG) == changed
        assert ("Nothing was changed." in said(capsys)) != changed


def test_without_a_configuration_it_says_what_to_write(capsys: Captured) -> None:
    assert ask(bench=Hands(FrontEnd(222_000.0)).bench) == 0
    text = said(capsys)
    assert "sensors:\n  skin:\n    feedback_ohms: 22" in text


def test_another_resistor_than_the_wanted_one_is_recognised_and_waited_out(file: Path, capsys: Captured) -> None:
    def exchanged(ohms: float) -> Sequence[tuple[float, float]]:
        other = {100e3: 1e6, 1e6: 100e3, 47e3: 0.0}[ohms]
        return [(1.0, other), (12.0, math.inf), (14.0, ohms)]

    assert ask("--config", str(file), "--yes", bench=Hands(FrontEnd(), wrong=exchanged).bench) == 0
    text = said(capsys)
    assert "This is the 1 MΩ resistor: 100 kΩ is wanted." in text
    assert "This is the 100 kΩ resistor: 1 MΩ is wanted." in text
    assert "touch each other: part them" in text
    assert load(file).sensors.skin.feedback_ohms == pytest.approx(220_000.0, rel=1e-3)


@pytest.mark.parametrize(
    ("connected", "complaint"),
    [
        (lambda ohms: [(0.0, math.inf)], "Nothing is connected yet: 100 kΩ is wanted"),
        (lambda ohms: [(k * 0.5, 100e3 * (1.0 + 0.05 * (k % 2))) for k in range(700)], "Nothing steady came within 5 minutes"),
    ],
    ids=["nothing", "restless"],
)
def test_what_never_comes_to_rest_ends_in_a_sentence(
    connected: Callable[[float], Sequence[tuple[float, float]]], complaint: str, file: Path
) -> None:
    with pytest.raises(UndertoneError, match="Nothing was changed") as error:
        ask("--config", str(file), "--yes", bench=Hands(FrontEnd(), wrong=connected).bench)
    assert complaint in str(error.value)
    assert file.read_text() == CONFIG


def test_a_check_that_does_not_hold_changes_nothing(file: Path, capsys: Captured) -> None:
    off = Hands(FrontEnd(), wrong=lambda ohms: [(2.0, 52e3 if ohms == 47e3 else ohms)])
    assert ask("--config", str(file), "--yes", bench=off.bench) == 1
    assert "That is too much" in said(capsys)
    assert file.read_text() == CONFIG


def test_a_front_end_that_cannot_be_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="resistance would be"):
        ask("--config", str(file), "--yes", bench=Hands(FrontEnd(180_000.0)).bench)
    assert file.read_text() == CONFIG


def test_without_the_converter_it_says_what_to_do(file: Path) -> None:
    clock = VirtualClock()
    with pytest.raises(ChipMissing, match="No chip answers at 0x48"):
        ask("--config", str(file), bench=Bench(clock, EmulatedBus({}, now=clock.now)))


def test_ctrl_c_changes_nothing(file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **named: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("undertone.cli.calibrate._built", interrupted)
    assert main(["calibrate", "skin", "--rehearse", "--config", str(file)]) == 130
    assert "nothing was changed" in said(capsys)
    assert file.read_text() == CONFIG


@pytest.mark.parametrize("extra", [[], ["--grove"]])
def test_a_rehearsal_says_that_it_is_one_and_writes_nothing(extra: list[str], file: Path, capsys: Captured) -> None:
    assert main(["calibrate", "skin", "--rehearse", "--yes", "--config", str(file), *extra]) == 0
    text = said(capsys)
    assert text.startswith("A rehearsal on an emulated converter: nothing real is measured")
    assert "nothing was written" in text
    assert file.read_text() == CONFIG


def test_of_a_grove_board_the_open_voltage_is_written(file: Path, capsys: Captured) -> None:
    clock = VirtualClock()
    chip = Ads1115Chip(None, clock.now, inputs=lambda t: (2.615, 0.0, 0.0, 0.0))
    bench = Bench(clock, EmulatedBus({0x48: chip}, now=clock.now))
    assert ask("--grove", "--config", str(file), "--yes", bench=bench) == 0
    skin = load(file).sensors.skin
    assert skin.front_end == "grove" and skin.open_volts == pytest.approx(2.615, abs=1e-3)
    with pytest.raises(ConfigError, match="--grove"):
        ask("--config", str(file), bench=bench)


def test_a_voltage_that_no_open_grove_board_has_is_refused(file: Path, capsys: Captured) -> None:
    clock = VirtualClock()
    chip = Ads1115Chip(None, clock.now, inputs=lambda t: (0.4, 0.0, 0.0, 0.0))
    bench = Bench(clock, EmulatedBus({0x48: chip}, now=clock.now))
    assert ask("--grove", "--config", str(file), "--yes", bench=bench) == 1
    assert "Are they off" in said(capsys)
    assert file.read_text() == CONFIG


def test_a_pod_that_there_is_not_is_refused(capsys: Captured) -> None:
    assert main(["calibrate", "skin", "--pod", "3"]) == 1
    assert "There is no pod 3" in said(capsys)
