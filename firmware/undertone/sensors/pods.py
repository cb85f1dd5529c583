"""Up to eight pods on one bus, of which one that hangs costs the others nothing.

Theory of operation. `poll` reads one pod a call, the one that has waited longest, so that the moment at which it is read is
noted right before its transfers, and so that pods share the bus fairly when there is not enough of it. Each pod has a reader of
its own, hence stamps and a clock of its own.

A pod that holds a wire makes the transfer with it time out after 50 ms. The bus is freed (by a reset of the bus switch if that
is wired), the pod's channel stays off, and all of that is over long before another pod's FIFO of 320 ms is full. One second
later, then two, four … sixty, the pod is tried again: its channel is switched on, and one look at the wires says whether it
still holds one. If so, it gets the clocks that it may be waiting for, three at a time, because clocks reach a pod only while
it is connected, and nobody can be read meanwhile. Everybody else's FIFO is emptied right before such an attempt.

Three things can be wrong that are not a sensor's: a pod hangs; the bus switch does not answer; the bus cannot be freed. Each is
one fault, told once when it begins and once when it ends. What the pod's sensors would have to say of it by themselves is left
out. After the second and the third, every pod is tried again, one at a time.

Source: hardware.md §4.2, §4.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from undertone.errors import BusTimeout, ChipMissing, ChipWrong, ConfigError, SensorError
from undertone.flow import Block, Fault, FaultKind
from undertone.sensors.bus import Bus
from undertone.sensors.max3010x import PulseSettings
from undertone.sensors.mux import CHANNELS, PodBus, Tca9548a
from undertone.sensors.pulse import READINGS
from undertone.sensors.reader import Reader
from undertone.sensors.recovery import CLOCKS, Freed, Recovery
from undertone.sensors.skin import SkinSettings
from undertone.sensors.trouble import Lasting, Ledger

__all__ = ["Pods"]

_EARLY = 1e-6
"""Seconds by which a poll may come early: less than any clock's grain."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Back-off, seconds, of a pod that hangs among others."""
_CLOCKS_AT_ONCE = 3
_BETWEEN_CLOCKS = 0.25
"""Seconds from three clocks to the next three, in which the others are read."""
_ATTEMPTS = CLOCKS // _CLOCKS_AT_ONCE + 1
"""In a row: for all the clocks, and one to see what they have done."""
_LONGEST_PAUSE_OF_ALL = 8.0
"""Where nothing can be read at all, waiting spares nobody."""
_STEADY_SECONDS = 10.0
"""So long without a hang, and as long as it was last kept away, before a pod's pauses begin anew."""
_LONGEST_CLEARING = 1.0
"""Seconds that an attempt waits for everybody else's FIFO to be empty. On a bus that is too slow for all, it never is."""
_QUIET_SECONDS = 10.0
"""So long without another one before a brown-out of the switch is over."""

_BROWN_OUT = (
    "The bus switch lost its power for a moment and forgot which pod it was connected with. Check its plug and its supply."
)


class Pods:
    """Reads up to eight pods, each as `Reader` does, in the form of `Polled`.

    bus: the bus; only `poll` uses it. pods: the pulse sensor and the skin sensor of pod 0, 1 …; None for a sensor that is not
    there. mux: address of the TCA9548A, with pod n on its channel n; None for a single pod without one.
    recovery: frees the bus by its wires; None where they cannot be reached.

    Counts: of each pod ("pod 3: pulse samples lost"), of all together ("pulse samples lost"), and of the bus.
    Raises ConfigError for more pods than there can be.
    """

    def __init__(
        self,
        bus: Bus,
        pods: Sequence[tuple[PulseSettings | None, SkinSettings | None]],
        *,
        mux: int | None = None,
        recovery: Recovery | None = None,
    ) -> None:
        if not 1 <= len(pods) <= (1 if mux is None else CHANNELS):
            raise ConfigError(f"There can be one pod, or with a bus switch up to {CHANNELS}, but not {len(pods)}.")
        self.name = "pods" if len(pods) > 1 else "pod 0"
        """See `Polled.name`."""
        self._switch = Tca9548a(bus, mux) if mux is not None else None
        self._pods = [_Pod(bus, self._switch, number, *sensors) for number, sensors in enumerate(pods)]
        self._recovery = recovery
        self._timeouts = 0
        self._outage = _Outage()
        self._ledgers = {name: Ledger(name) for name in ("bus", "bus switch", "bus recovery")}
        self._forgetting = Lasting(0.0, _QUIET_SECONDS)
        self._brown_outs = 0

    @property
    def due(self) -> float:
        """When `poll` is wanted next, seconds; −inf before the first one, inf where there is nothing to read."""
        if self._outage.lasts:
            return self._outage.retry_at
        return min(pod.due for pod in self._pods)

    @property
    def counts(self) -> Mapping[str, int]:
        """See `Polled.counts`."""
        each = {f"pod {pod.number}: {name}": count for pod in self._pods for name, count in pod.counts.items()}
        together: Counter[str] = Counter()
        for pod in self._pods:
            # Every name is there from the beginning, also with 0.
            together.update({name: count for name, count in pod.counts.items() if name not in READINGS})
        together["bus time-outs"] = self._timeouts
        together["bus recoveries"] = self._recovery.attempts if self._recovery is not None else 0
        together["bus switch brown-outs"] = self._switch.brown_outs if self._switch is not None else 0
        together["bus switch retries"] = self._switch.retries if self._switch is not None else 0
        return {**together, **each}

    def poll(self, now: float) -> list[Block | Fault]:
        """What there is to tell of the pod that has waited longest; of none where none is due. See `Polled.poll`."""
        if self._outage.lasts:
            return self._end_outage(now) if self._outage.retry_at <= now + _EARLY else []
        pod = self._next(now)
        if pod is None:
            return []
        on_trial, freed = pod.held, None
        out: list[Block | Fault] = []
        if on_trial:
            freed, told = self._connect(pod, now)
            out += [*told, *pod.begin(now)]
        else:
            out += pod.poll(now)
        trouble = pod.bus.trouble
        if trouble is None:
            out += self._reached(now)
            out += self._brown_out(now)
            if on_trial:
                out += pod.ledger.end(now, FaultKind.BUS, f"Pod {pod.number} lets go of the bus again.")
        elif pod.bus.switch_failed:
            out += self._begin_outage(now, trouble)
        else:
            out += self._hung(pod, now, freed, on_trial=on_trial)
        return out

    # ------------------------------------------------------------------------------------------------------ whose turn it is

    def _next(self, now: float) -> _Pod | None:
        """The pod to be read now. One that has hung comes after all others, and these are read once more before it."""
        live = [pod for pod in self._pods if not pod.held]
        tried = min((pod for pod in self._pods if pod.held and pod.due <= now + _EARLY), key=_due, default=None)
        if tried is not None and tried.pause and not tried.cleared:
            tried.cleared = True
            for pod in live:
                pod.reader.hasten(now)
        waiting = min(live, key=_due, default=None)
        patient = tried is None or now - tried.due < _LONGEST_CLEARING
        return waiting if waiting is not None and waiting.due <= now + _EARLY and patient else tried

    # ------------------------------------------------------------------------------------------------------- when a pod hangs

    def _connect(self, pod: _Pod, now: float) -> tuple[Freed | None, list[Fault]]:
        """Switch a pod's channel on again. For one that has hung, clocks come before any transfer: that saves a time-out.

        Returns how that ended, None where there was no need of it, and what to tell.
        """
        pod.admit(now)
        if not pod.pause or self._recovery is None or pod.bus.trouble is not None:
            return None, []
        # Who is alone keeps nobody waiting.
        freed, told = self._free(now, clocks_first=True, clocks=_CLOCKS_AT_ONCE if self._switch is not None else CLOCKS)
        if freed in (Freed.BY_RESET, Freed.NOT):
            pod.bus.give_up(BusTimeout(f"Pod {pod.number} still holds the bus."))
        return freed, told

    def _hung(self, pod: _Pod, now: float, freed: Freed | None, *, on_trial: bool) -> list[Block | Fault]:
        """Free the bus and leave the pod off. Where that fails, it is the whole bus that is out of order.

        freed: how freeing it has ended, if that has been tried.
        """
        told: list[Fault] = []
        shared = self._switch is not None
        if freed in (None, Freed.BY_ITSELF, Freed.BY_CLOCKS, Freed.UNKNOWN):
            # A transfer was tried, and it timed out.
            self._timeouts += 1
            freed, told = self._free(now, clocks_first=not shared)
        out: list[Block | Fault] = [*told]
        if self._switch is not None:
            try:
                self._switch.deselect()
            except SensorError as error:
                return out + self._begin_outage(now, error, during=pod.number)
            out += self._reached(now)
        soon: float | None = None
        if freed is Freed.BY_CLOCKS:
            soon = 0.0
        elif on_trial and freed is Freed.BY_RESET:
            soon = _BETWEEN_CLOCKS
        out += pod.hang(now, soon=soon, longest=_LONGEST_PAUSE if shared else _LONGEST_PAUSE_OF_ALL)
        spared = " and has been cut off; the others are read on." if shared else "."
        message = f"Pod {pod.number} holds the I²C bus{spared}"
        advice = "Unplug it for a few seconds, and check its cable and its supply if that happens again."
        return [*out, *pod.ledger.begin(now, FaultKind.BUS, f"{message} {advice}")]

    def _free(self, now: float, *, clocks_first: bool, clocks: int = CLOCKS) -> tuple[Freed, list[Fault]]:
        """Try to free the bus by its wires. Returns how that ended, and what to tell."""
        if self._recovery is None:
            return Freed.UNKNOWN, []
        freed = self._recovery.free(clocks_first=clocks_first, clocks=clocks)
        ledger, trouble = self._ledgers["bus recovery"], self._recovery.trouble
        told = ledger.settle(
            now, FaultKind.BUS, trouble is not None, begins=trouble or "", ends="The wires of the bus can be reached again."
        )
        return freed, told

    # ------------------------------------------------------------------------------------ when the switch or the bus is out

    def _begin_outage(self, now: float, error: SensorError, *, during: int | None = None) -> list[Block | Fault]:
        """Nothing can be read. during: the pod that was being read when the bus got stuck."""
        out: list[Block | Fault] = []
        for pod in self._pods:
            out += pod.hold(now, until=float("-inf"))
        self._outage.put_off(now, stuck=isinstance(error, BusTimeout))
        return out + self._tell_outage(now, error, during)

    def _end_outage(self, now: float) -> list[Block | Fault]:
        """Try whether the bus and the switch are there again. It is over when a pod could be reached."""
        assert self._switch is not None
        out: list[Block | Fault] = []
        if self._outage.stuck:
            _, told = self._free(now, clocks_first=True)
            out += told
        try:
            self._switch.deselect()
        except SensorError as error:
            self._outage.put_off(now, stuck=isinstance(error, BusTimeout))
            self._timeouts += self._outage.stuck
            return out + self._tell_outage(now, error)
        self._outage.lasts = False
        return out

    def _tell_outage(self, now: float, error: SensorError, during: int | None = None) -> list[Fault]:
        """One fault for what it is at the moment, and the end of what it was."""
        bus, switch = self._ledgers["bus"], self._ledgers["bus switch"]
        if isinstance(error, BusTimeout):
            told = _all_over(switch, now, "The bus switch cannot be asked: the I²C bus itself is held low now.")
            first = "Unplug the pods one by one" if during is None else f"Unplug pod {during} first, then the others one by one"
            return told + bus.begin(now, FaultKind.BUS, f"The I²C bus is held low, and nothing frees it. {first}.")
        told = bus.end(now, FaultKind.BUS, "The I²C bus is free again.")
        kinds = ((ChipMissing, FaultKind.CHIP_MISSING), (ChipWrong, FaultKind.CHIP_WRONG))
        kind = next((kind for cause, kind in kinds if isinstance(error, cause)), FaultKind.BUS)
        return told + switch.begin(now, kind, str(error))

    def _reached(self, now: float) -> list[Fault]:
        """The bus and the switch do what they should."""
        if not self._outage.pause:
            return []
        self._outage.pause = 0.0
        told = self._ledgers["bus"].end(now, FaultKind.BUS, "The I²C bus is free again.")
        return told + _all_over(self._ledgers["bus switch"], now, "The bus switch answers again.")

    def _brown_out(self, now: float) -> list[Fault]:
        """Whether the switch has forgotten its selection since we last looked."""
        if self._switch is None:
            return []
        forgotten, self._brown_outs = self._switch.brown_outs > self._brown_outs, self._switch.brown_outs
        if not forgotten and not self._forgetting.holds:
            return []
        holds = self._forgetting.push(now, forgotten)
        ledger = self._ledgers["bus switch"]
        return ledger.settle(now, FaultKind.BROWN_OUT, holds, begins=_BROWN_OUT, ends="The bus switch keeps its selection.")


class _Outage:
    """A time in which no pod can be reached."""

    def __init__(self) -> None:
        self.lasts = False
        self.stuck = False
        """Whether it is the wires; else it is the switch."""
        self.retry_at = float("-inf")
        self.pause = 0.0
        """Seconds between the last two attempts; 0 once a pod has been reached."""

    def put_off(self, now: float, *, stuck: bool) -> None:
        """It goes on: wait for the next attempt, longer each time."""
        self.lasts, self.stuck = True, stuck
        self.pause = min(max(_FIRST_PAUSE, 2.0 * self.pause), _LONGEST_PAUSE_OF_ALL)
        self.retry_at = now + self.pause


class _Pod:
    """One pod: its reader, its view of the bus, and whether it is kept off the bus at the moment."""

    def __init__(
        self, bus: Bus, switch: Tca9548a | None, number: int, pulse: PulseSettings | None, skin: SkinSettings | None
    ) -> None:
        self.number = number
        self.bus = PodBus(bus, switch, number)
        self.reader = Reader(self.bus, pulse=pulse, skin=skin, pod=number)
        self.ledger = Ledger(f"pod {number}")
        self.held = True
        """Whether it is kept off the bus; at first, until its turn to be tried comes."""
        self.pause = 0.0
        """Seconds for which it was kept off the last time; 0 for one that has not hung lately."""
        self.cleared = False
        """Whether the others have been read once more for the attempt that is due."""
        self._empty = pulse is None and skin is None
        self._retry_at = float("-inf")
        self._admitted_at = float("-inf")
        self._attempts = 0
        self._hangs = 0
        self._hidden: set[str] = set()

    @property
    def due(self) -> float:
        """When it is wanted next: to be read or, where it is kept off, to be tried."""
        if self._empty:
            return float("inf")
        return self._retry_at if self.held else self.reader.due

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted, by plain names."""
        return {**self.reader.counts, "hangs": self._hangs}

    def poll(self, now: float) -> list[Block | Fault]:
        """Read it."""
        return self._heard(self.reader.poll(now))

    def admit(self, now: float) -> None:
        """Let it onto the bus again, on trial: nothing is read yet."""
        self.cleared, self._admitted_at = False, now
        self.bus.open()
        self.bus.connect()

    def begin(self, now: float) -> list[Block | Fault]:
        """Read all of it for the first time since it was let onto the bus."""
        if self.bus.trouble is None:
            self.bus.verify()
        if self.bus.trouble is not None:
            return []
        self.held = False
        self.reader.hasten(now)
        return self.poll(now)

    def hang(self, now: float, *, soon: float | None, longest: float) -> list[Block | Fault]:
        """It holds the bus: keep it off for a while, longer each time up to `longest` seconds.

        soon: seconds after which to try it again already, unless that has been done often enough; None for not yet.
        """
        self._hangs += not self.held
        if now - self._admitted_at >= max(_STEADY_SECONDS, self.pause):
            self.pause = 0.0
        self._attempts += 1
        if soon is not None and self._attempts < _ATTEMPTS:
            return self.hold(now, until=now + soon)
        self._attempts = 0
        self.pause = min(max(_FIRST_PAUSE, 2.0 * self.pause), longest)
        return self.hold(now, until=now + self.pause)

    def hold(self, now: float, *, until: float) -> list[Block | Fault]:
        """Keep it off the bus, and let its sensors know that they must be set up anew."""
        self._retry_at, self.cleared = until, False
        if self.held:
            return []
        self.held = True
        self.bus.close()
        self.reader.hasten(now)
        return self.poll(now)

    def _heard(self, told: list[Block | Fault]) -> list[Block | Fault]:
        """Without what its sensors say of a bus that is not theirs to complain of."""
        out: list[Block | Fault] = []
        kept_off = self.held or self.bus.trouble is not None
        for item in told:
            if isinstance(item, Fault) and item.kind is FaultKind.BUS:
                if item.over and item.source in self._hidden:
                    self._hidden.remove(item.source)
                    continue
                if not item.over and kept_off:
                    self._hidden.add(item.source)
                    continue
            out.append(item)
        return out


def _due(pod: _Pod) -> float:
    return pod.due


def _all_over(ledger: Ledger, now: float, message: str) -> list[Fault]:
    """The end of whatever the switch had."""
    kinds = (FaultKind.CHIP_MISSING, FaultKind.CHIP_WRONG, FaultKind.BUS)
    return [fault for kind in kinds for fault in ledger.end(now, kind, message)]
