"""The bench: a rack without a run. Reads every channel, sets by hand within the station's limits, and ends safe.

It is an engine like that of a run: a process of its own that owns the boxes under the same locks, takes commands from a
command file, writes into a run file of the same schema, has a guard, and brings what it has touched to idle-safe
however it ends. Boxes are connected one by one, so that one that is switched off keeps no other from being read.
"""

import json
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from acquisition.by_hand import is_trouble
from acquisition.circuit import conductance, input_referred_V
from acquisition.clock import Wall
from acquisition.errors import AbortedError, AcquisitionError, InterlockError
from acquisition.readings import Event, Monitor
from acquisition.run_header import versions
from acquisition.run_outcome import RunOutcome
from acquisition.run_schema import RunState
from acquisition.run_writer import RunFileWriter, new_run_path
from acquisition.running import channels
from acquisition.running.channels import Boxes, BoxSays
from acquisition.running.command_file import Action, BadLine, Command, CommandFile, CommandKind, CommandRefusedError
from acquisition.running.control import Control
from acquisition.running.hand import Hand
from acquisition.running.interlocks import Interlocks
from acquisition.running.journal import WriteJournal
from acquisition.running.lock import FileLock, lock_path
from acquisition.running.rehearsal import set_speed, speed_text, switch_fault
from acquisition.running.safeguard import Safeguard
from acquisition.running.vital_signs import VitalSigns
from acquisition.running.watch import GuardStarter, Watch, watched
from acquisition.running.wire_log import WireLog
from acquisition.safety import SafeState, go_further, make_safe
from acquisition.station import BenchRack
from acquisition.station_file import Station
from instruments.errors import InstrumentError

READ_EVERY_S = 1.0
"""Wall time between two rounds of readings."""

PATIENCE_S = 12 * 3600.0
"""Wall time without a word after which the contact is left without current: nobody is there, as after a run's pause."""


def run_bench(
    station: Station,
    rack: BenchRack,
    *,
    out: Path,
    wall: Wall,
    control: Control,
    provenance: Mapping[str, Any],
    on_started: Callable[[Path], None],
    journal: WriteJournal | None = None,
    start_guard: GuardStarter | None = None,
) -> RunOutcome:
    """Keep a rack on the bench until told to end, and leave it idle-safe if anything was set.

    Parameters
    ----------
    station : Station
        Whose limits hold.
    rack : BenchRack
        Its boxes, not connected yet.
    out : Path
        Folder for the run file.
    wall : Wall
        Wall time itself, not an attentive one.
    control : Control
        Attended to wherever the bench waits; an abort is its ordinary end.
    provenance : mapping
        What else belongs into table `run`: simulated sample, seed, speed.
    on_started : callable
        Told of the run file once it is there.
    journal : WriteJournal, optional
        What the drivers tell of their writes to.
    start_guard : callable, optional
        Starts the guard of the run file named.

    Raises
    ------
    RunFileError, GuardError
        If no run file can be made or no guard be started; nothing was touched then.
    """
    path = new_run_path(out, "bench", wall)
    with FileLock(lock_path(path), f"run file {path.name}", wall) as lock, watched(lock, path, start_guard) as watch:
        header = {
            "kind": "bench",
            "state": RunState.RUNNING,
            "name": "bench",
            "sample": str(provenance.get("simulated") or ""),
            "note": "",
            "started": wall.now().isoformat(timespec="seconds"),
            "station": station.to_dict(),
            "planned_points": 0,
            "versions": versions(),
            "clock_origin_s": rack.clock.now_s(),
        }
        writer = RunFileWriter.create(path, header | dict(provenance), wall)
        on_started(path)
        return Bench(station, rack, writer, wall, control, journal or WriteJournal(), watch).run()


class Bench:
    """A rack on the bench; see `run_bench`."""

    def __init__(
        self,
        station: Station,
        rack: BenchRack,
        writer: RunFileWriter,
        wall: Wall,
        control: Control,
        journal: WriteJournal,
        watch: Watch,
    ) -> None:
        self._station, self._connectors, self._clock = station, rack.connectors, rack.clock
        self._writer, self._wall, self._control, self._watch = writer, wall, control, watch
        self._journal = journal
        self._origin_s = rack.clock.now_s()
        journal.now_s = self._now_s
        self._boxes = Boxes()
        self._words: dict[str, str] = {}
        self._orders: deque[Command] = deque()
        self._heard_s = wall.monotonic_s()
        self._commands, self._wire_log = CommandFile(writer.path), WireLog(writer.path)
        self._temperature_K = station.temperature.minimum_K  # until it is read: the colder, the slower the field
        self._hand = Hand(
            station, self._boxes, is_simulated=control.simulation is not None, before_each=self._will_touch
        )
        signs = VitalSigns(lambda: float(shutil.disk_usage(writer.path.parent).free))
        self._safeguard = Safeguard(Interlocks(station.interlock_rules), signs, control, self._record_event)

    # --- from beginning to end --------------------------------------------------------------------------------------

    def run(self) -> RunOutcome:
        """Read and obey until told to end; end safe, close the file."""
        state, message = RunState.FAILED, "internal error; the log of the engine has its traceback"
        stop: InterlockError | None = None
        try:
            self._control.attach(listen=self._listen, beat=self._watch.beat)
            self._connect()
            self._live()
        except AbortedError as error:
            state, message = RunState.COMPLETE, str(error)
        except InterlockError as error:
            state, message, stop = RunState.SAFETY_STOP, str(error), error
        except (InstrumentError, AcquisitionError) as error:
            message = str(error)
        finally:
            state, message = self._end(state, message, stop)
        return RunOutcome(self._writer.path, state, 0, message)

    def _live(self) -> None:
        """Obey, read, wait; until one of them raises what ends the bench."""
        while True:
            while self._orders:
                self._heard_s = self._wall.monotonic_s()
                self._obey(self._orders.popleft())
            self._rest_if_left_alone()
            self._read_all()
            due_s = self._wall.monotonic_s() + READ_EVERY_S
            while self._wall.monotonic_s() < due_s and not self._orders:
                self._control.idle(self._clock)
                self._writer.flush_if_due()

    def _rest_if_left_alone(self) -> None:
        """Go idle-safe once nobody has said a word for long, if anything was set; the bench goes on."""
        if self._watch.is_rack_safe or self._wall.monotonic_s() - self._heard_s < PATIENCE_S:
            return
        self._heard_s = self._wall.monotonic_s()
        done = self._hand.do({"action": Action.IDLE_SAFE})
        self._happened(Action.IDLE_SAFE.value, f"nobody said a word for {PATIENCE_S / 3600.0:g} h; {done}")

    def _end(self, state: RunState, message: str, stop: InterlockError | None) -> tuple[RunState, str]:
        self._control.detach()
        said, message = self._make_safe(message, stop)
        for box in self._boxes.connected.values():
            box.close()
        try:
            self._happened(state.value, message)
            for line in said:
                self._happened("safe-state", line)
            for command in [*self._orders, *self._commands.read_new()]:
                self._record(command, f"refused: the bench has ended ({state.value})")
            self._wire_log.switch(False)
            self._writer.set("ended", self._wall.now().isoformat(timespec="seconds"))
            self._writer.set("elapsed_s", self._now_s())
            self._writer.set("state", state.value)
            self._writer.close()
        except AcquisitionError as error:
            return RunState.FAILED, message or str(error)
        return state, message

    def _make_safe(self, message: str, stop: InterlockError | None) -> tuple[list[str], str]:
        """Bring what was touched to idle-safe; return what was done, and the message with what could not be."""
        if self._watch.is_rack_safe:
            return ["nothing was set: the rack is left as it was found"], message
        safe: SafeState = make_safe(self._boxes, self._control.beat)
        said = [str(safe)]
        if stop is not None:
            said += go_further(
                self._boxes.temperature,
                self._boxes.magnet,
                is_heater_to_go_off=stop.is_heater_to_go_off,
                ramp_down_T_per_min=self._station.magnet.rate_T_per_min if stop.is_field_to_go_down else None,
            )
        self._watch.is_rack_safe = not safe.unreachable
        return said, f"{message} {safe}".strip() if safe.unreachable else message

    def _will_touch(self) -> None:
        """From now on the rack is not as it was found, and a guard would see to it."""
        self._watch.is_rack_safe = False
        self._control.beat()

    def _now_s(self) -> float:
        return self._clock.now_s() - self._origin_s

    # --- boxes ------------------------------------------------------------------------------------------------------

    def _connect(self) -> str:
        """Connect to what is not connected yet, and say what is."""
        for role, connect in self._connectors.items():
            if role in self._boxes.connected:
                continue
            try:
                self._boxes.connected[role] = connect()
            except InstrumentError as error:
                self._take_word(role, f"not connected: {error}")
            else:
                self._take_word(role, "connected")
        self._writer.set("instruments", {box.name: box.identity for box in self._boxes.connected.values()})
        return f"{len(self._boxes.connected)} of {len(self._connectors)} boxes connected"

    def _read_all(self) -> None:
        """Read every channel of every box that is connected, and keep it."""
        boxes, monitor = self._boxes, {"temperature_K": None, "field_T": None}
        self._read(channels.LOCK_IN, boxes.lock_in, self._read_lock_in)
        if self._hand.is_set_up:  # before, it measures nothing
            self._read(channels.SOURCE, boxes.source, channels.read_source)
        elif boxes.source is not None:
            self._take_word(channels.SOURCE, "not set up")
        monitor |= self._read(channels.TEMPERATURE, boxes.temperature, channels.read_temperature)
        monitor |= self._read(channels.MAGNET, boxes.magnet, channels.read_magnet)
        self._read(channels.VOLTMETER, boxes.voltmeter, channels.read_voltmeter)
        self._temperature_K = monitor["temperature_K"] or self._temperature_K
        if (helium_fraction := monitor.get("helium_fraction")) is not None:
            self._safeguard.helium_read(self._now_s(), helium_fraction)
        one = Monitor(self._now_s(), monitor["temperature_K"], monitor["field_T"])
        self._writer.append_monitor(one)
        if boxes.temperature is not None:
            self._safeguard.monitored(one)

    def _read(self, role: str, box: Any, read: Callable[[Any], BoxSays]) -> dict[str, float]:
        """Read one box; what is wrong with it is a word on it, not the end."""
        if box is None:
            return {}
        try:
            says = read(box)
        except InstrumentError as error:
            self._take_word(role, f"trouble: {error}")
            return {}
        self._take_word(role, says.word or "ok")
        self._writer.append_channels(self._now_s(), role, says.channels)
        return dict(says.channels)

    def _read_lock_in(self, box: Any) -> BoxSays:
        """Read the lock-in, and the contact's conductance as soon as the excitation is known."""
        says, oscillator_Vrms, circuit = channels.read_lock_in(box), self._hand.oscillator_Vrms, self._station.circuit
        if oscillator_Vrms is None or says.word:
            return says
        x_V, y_V = (input_referred_V(says.channels[name], circuit) for name in ("x_V", "y_V"))
        try:
            found = conductance(x_V, y_V, oscillator_Vrms, circuit)
        except InterlockError:  # nothing that a contact could say: the filter has not settled, or there is none
            return BoxSays(says.channels, "no conductance in this signal")
        self._hand.measured(found.conductance_S)
        return BoxSays(dict(says.channels) | {"conductance_S": found.conductance_S})

    def _take_word(self, role: str, word: str) -> None:
        before = self._words.get(role, "")
        if before == word:
            return
        self._words[role] = word
        self._writer.set("boxes", self._words)
        if is_trouble(word) != is_trouble(before):
            self._happened("trouble" if is_trouble(word) else "well again", f"{role}: {word.removeprefix('trouble: ')}")

    # --- commands ---------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Take new commands; an end and a safety stop take effect at once, all else when the hand is free."""
        self._writer.flush_if_due()
        for command in self._commands.read_new():
            if isinstance(command, BadLine):
                self._record(command, f"refused: {command.reason}")
            elif command.command is CommandKind.ABORT:
                self._control.request_abort(f"ended by command: {command.argument.get('reason', 'no reason given')}")
                self._record(command, "accepted: going to the safe state")
            else:
                self._orders.append(command)

    def _obey(self, command: Command) -> None:
        try:
            outcome = f"accepted: {self._done(command)}"
        except (CommandRefusedError, InstrumentError) as error:
            outcome = f"refused: {error}"
            self._happened("refused", f"{command.command.value}: {error}")
        self._record(command, outcome)

    def _done(self, command: Command) -> str:
        argument, simulation = command.argument, self._control.simulation
        match command.command:
            case CommandKind.SET:
                return self._happened("set", self._hand.set(argument, self._temperature_K))
            case CommandKind.DO if argument.get("action") == Action.CONNECT:
                return self._happened("connect", self._connect())
            case CommandKind.DO:
                return self._happened(str(argument.get("action")), self._hand.do(argument))
            case CommandKind.NOTE:
                return self._happened("note", str(argument.get("text", "")))
            case CommandKind.FAULT:
                return self._happened("fault", switch_fault(simulation, argument))
            case CommandKind.SPEED:
                self._control.pace = set_speed(simulation, argument)
                self._writer.set("speed", self._control.pace)
                return self._happened("speed", speed_text(self._control.pace))
            case CommandKind.WIRE:
                done = self._wire_log.obey(argument)
                self._writer.set("is_wire_logged", argument.get("is_on") is True)
                return self._happened("wire", done)
            case other:
                raise CommandRefusedError(f"{other.value} is for a run; this is a bench")

    def _record(self, command: Command | BadLine, outcome: str) -> None:
        if isinstance(command, BadLine):
            self._writer.record_command(self._now_s(), "?", command.text, outcome, command.id)
        else:
            argument = json.dumps(dict(command.argument))
            self._writer.record_command(self._now_s(), command.command.value, argument, outcome, command.id)

    def _happened(self, kind: str, message: str) -> str:
        self._record_event(Event(self._now_s(), kind, message))
        return message

    def _record_event(self, event: Event) -> None:
        if entries := self._journal.take():
            self._writer.record_writes(entries)
        self._journal.cause = f"{event.kind}: {event.message}"
        self._writer.record(event)
