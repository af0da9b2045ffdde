"""One run, from a checked plan to a closed run file: the only writer, and the only way out, which is the safe state."""

import math
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acquisition.clock import Wall
from acquisition.errors import AbortedError, AcquisitionError, InterlockError, RunFileError
from acquisition.loop import Loop
from acquisition.plan import Plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import QUENCH, Event, Monitor, Reading
from acquisition.resume import Unfinished, past_of
from acquisition.run_header import run_header
from acquisition.run_outcome import RunOutcome
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.run_writer import RunFileWriter, new_run_path
from acquisition.running.alerts import Alert, Alerts, Occasion
from acquisition.running.command_file import CommandFile
from acquisition.running.control import Control
from acquisition.running.disk_space import DiskSpace
from acquisition.running.interlocks import Interlocks, Tripped, Watched
from acquisition.running.journal import WriteJournal
from acquisition.running.lock import FileLock, lock_path
from acquisition.running.obedience import Obedience
from acquisition.running.observer import Observer, Teller
from acquisition.running.past import Past
from acquisition.running.run_folder import synchronised_by
from acquisition.running.safeguard import Safeguard
from acquisition.running.vital_signs import VitalSigns
from acquisition.running.watch import GuardStarter, Watch, watched
from acquisition.safety import Roles, go_further, make_safe
from instruments.errors import InstrumentError, QuenchError
from instruments.roles import Clock

FOLDER_WARNING = (
    "the run file is in a synchronised folder ({}): what is copied from there while the run goes on is worthless"
)

JOURNAL_S = 10.0
"""Wall time after which what was sent to the instruments is written down at the latest."""


def run_plan(
    plan: Plan,
    roles: Roles,
    clock: Clock,
    *,
    out: Path,
    wall: Wall,
    control: Control,
    observer: Observer,
    provenance: Mapping[str, Any],
    journal: WriteJournal | None = None,
    start_guard: GuardStarter | None = None,
    alerts: Alerts | None = None,
    checklist: str = "",
) -> RunOutcome:
    """Measure a plan into a new run file and leave the rack idle-safe, whatever happens.

    Parameters
    ----------
    plan : Plan
        What to measure, checked.
    roles : Roles
        The four instruments, connected; they stay open.
    clock : Clock
        The experiment clock.
    out : Path
        Folder for the run file.
    wall : Wall
        Wall time itself, not an attentive one.
    control : Control
        What the outside wants; attended to wherever the run waits.
    observer : Observer
        Who is told of its progress.
    provenance : mapping
        What else belongs into table `run`: simulated sample, seed, speed.
    journal : WriteJournal, optional
        What the drivers tell of their writes to.
    start_guard : callable, optional
        Starts the guard of the run file named.
    alerts : Alerts, optional
        Who is alerted when the run stops, pauses for an interlock, or is done.
    checklist : str
        What of the connection checklist was confirmed, and how; empty where there is nothing to be asked.

    Raises
    ------
    RunFileError, GuardError
        If no run file can be made or no guard be started; nothing was touched then.
    """
    path = new_run_path(out, plan.recipe.run.name, wall)
    with (
        FileLock(lock_path(path), f"run file {path.name}", wall) as lock,
        watched(lock, path, start_guard) as watch,
    ):
        header = run_header(plan, roles, wall, {"clock_origin_s": clock.now_s()} | dict(provenance))
        tell, running = Teller(observer), RunningPlan(plan)
        writer = RunFileWriter.create(path, header, wall, tell.committed)
        journal, alerts = journal or WriteJournal(), alerts or Alerts(None)
        engine = _Engine(running, roles, clock, writer, wall, control, tell, Past(), journal, alerts)
        tell.started(path, running, 0)
        engine.note_checklist(checklist)
        return engine.run(watch)


def resume_run(
    unfinished: Unfinished,
    roles: Roles,
    clock: Clock,
    lock: FileLock,
    *,
    elapsed_s: float,
    wall: Wall,
    control: Control,
    observer: Observer,
    is_change_accepted: bool = False,
    journal: WriteJournal | None = None,
    start_guard: GuardStarter | None = None,
    alerts: Alerts | None = None,
    checklist: str = "",
) -> RunOutcome:
    """Measure what is missing in a run file and leave the rack idle-safe, whatever happens.

    Parameters
    ----------
    unfinished : Unfinished
        The run, read under `lock`.
    lock : FileLock
        The lock of the run file, held.
    elapsed_s : float
        Experiment time since the start of the run.
    is_change_accepted : bool
        Whether to go on with a contact that is not what it was.

    The others are as in `run_plan`, and so are the errors.
    """
    tell, past = Teller(observer), past_of(unfinished, elapsed_s, is_change_accepted=is_change_accepted)
    with watched(lock, unfinished.run_file, start_guard) as watch:
        writer = RunFileWriter(unfinished.run_file, wall, tell.committed, unfinished.again)
        journal, alerts = journal or WriteJournal(), alerts or Alerts(None)
        engine = _Engine(unfinished.running, roles, clock, writer, wall, control, tell, past, journal, alerts)
        tell.started(unfinished.run_file, unfinished.running, len(unfinished.measured))
        engine.note_checklist(checklist)
        return engine.run(watch, unfinished)


class _Engine:
    """The run under way: loop, run file, commands and observer, tied together."""

    def __init__(
        self,
        running: RunningPlan,
        roles: Roles,
        clock: Clock,
        writer: RunFileWriter,
        wall: Wall,
        control: Control,
        tell: Teller,
        past: Past,
        journal: WriteJournal,
        alerts: Alerts,
    ) -> None:
        self._roles = roles
        self._writer = writer
        self._wall = wall
        self._control = control
        self._tell = tell
        self._journal = journal
        self._further: InterlockError | None = None
        self._has_quenched = False
        self._alerts = alerts
        self._station = running.plan.station
        self._safeguard = Safeguard(
            Interlocks(self._station.interlock_rules),
            VitalSigns(DiskSpace(writer.path.parent, wall).free_bytes),
            control,
            self._happened,
            self._alarmed,
        )
        self._loop = Loop(running, roles, clock, control, past, self._monitored, self._safeguard.judge, self._slow_read)
        self._journal_due_s = wall.monotonic_s() + JOURNAL_S
        journal.now_s = self._loop.now_s
        commands = CommandFile(writer.path)
        self._obedience = Obedience(
            self._loop, control, writer, commands, self._happened, tell.planned, self._safeguard
        )

    def note_checklist(self, checklist: str) -> None:
        """Write down what was confirmed before the rack is touched."""
        if checklist:
            self._happened(Event(self._loop.now_s(), "checklist", checklist))

    def run(self, watch: Watch, unfinished: Unfinished | None = None) -> RunOutcome:
        """Walk the plan, end idle-safe, close the file."""
        watch.is_rack_safe = False
        state, message = RunState.FAILED, "internal error; its traceback is in the run file"
        try:
            if unfinished is not None:
                self._go_on(unfinished)
            self._control.attach(listen=self._listen, beat=watch.beat)
            self._control.beat()
            if maker := synchronised_by(self._writer.path):
                self._happened(Event(self._loop.now_s(), "folder", FOLDER_WARNING.format(maker)))
            state, message = self._walk()
        finally:
            state, message = self._end(state, message, watch)
            self._alert_of(state, message)
        return RunOutcome(self._writer.path, state, self._tell.points, message, watch.is_rack_safe)

    def _go_on(self, unfinished: Unfinished) -> None:
        """Note the gap, and leave aside what was told to the engine that died."""
        with RunFileReader(self._writer.path) as reader:
            known = reader.command_ids()
        self._obedience.refuse_all("refused: the engine that it was meant for had ended", known)
        seen = unfinished.last_seen
        self._happened(
            Event(
                self._loop.now_s(),
                "resumed",
                f"the run was {unfinished.state.value} and stood still for {unfinished.gap_s / 3600.0:.3f} h; "
                f"last known {seen.temperature_K or 0.0:.6g} K, {seen.field_T or 0.0:.6g} T at {seen.time_s:.1f} s; "
                f"{len(unfinished.measured)} of {unfinished.running.points} points are measured",
            )
        )
        self._writer.set("state", RunState.RUNNING)

    def _walk(self) -> tuple[RunState, str]:
        try:
            self._record_settings("start")
            for item in self._loop.walk():
                if isinstance(item, Reading):
                    self._writer.append(item)
                else:
                    self._happened(item)
                    if item.kind == "sweeping":
                        self._record_settings(item.message)
            self._writer.flush()
        except AbortedError as error:
            return RunState.ABORTED, str(error)
        except InterlockError as error:
            self._further = error
            return RunState.SAFETY_STOP, str(error)
        except QuenchError as error:
            self._has_quenched = True
            self._further = InterlockError(str(error), is_heater_to_go_off=True)
            return RunState.SAFETY_STOP, str(error)
        except (InstrumentError, AcquisitionError) as error:
            return RunState.FAILED, str(error)
        except Exception:
            # The rack first; the traceback is for us, later, when the terminal is long gone.
            self._control.detach()
            make_safe(self._roles, self._control.beat)
            self._happened(Event(self._loop.now_s(), "traceback", traceback.format_exc()))
            raise
        return RunState.COMPLETE, ""

    def _end(self, state: RunState, message: str, watch: Watch) -> tuple[RunState, str]:
        """Make the rack safe first, then see to the file, which may be what failed."""
        self._control.detach()
        self._journal.cause = state.value
        safe_state = make_safe(self._roles, self._control.beat)
        further = self._go_further()
        watch.is_rack_safe = not safe_state.unreachable
        if safe_state.unreachable:
            message = f"{message} {safe_state}".strip()
        try:
            if self._has_quenched:
                self._happened(Event(self._loop.now_s(), QUENCH, "the field of the magnet is lost, or on its way"))
            if message:
                self._happened(Event(self._loop.now_s(), state.value, message))
            self._happened(Event(self._loop.now_s(), "safe-state", str(safe_state)))
            for said in further:
                self._happened(Event(self._loop.now_s(), "safe-state", said))
            self._record_settings("end")
            self._obedience.refuse_all(f"refused: the run has ended ({state.value})")
            self._obedience.close()
            self._writer.set("ended", self._wall.now().isoformat(timespec="seconds"))
            self._writer.set("elapsed_s", self._loop.now_s())
            self._writer.set("state", state.value)
            self._writer.close()
        except RunFileError as error:
            return RunState.FAILED, message or str(error)
        return state, message

    def _go_further(self) -> list[str]:
        """Do what an interlock wants beside the idle-safe state, and return what was done."""
        if self._further is None:
            return []
        return go_further(
            self._roles.temperature,
            self._roles.magnet,
            is_heater_to_go_off=self._further.is_heater_to_go_off,
            ramp_down_T_per_min=self._station.magnet.rate_T_per_min if self._further.is_field_to_go_down else None,
        )

    def _alert_of(self, state: RunState, message: str) -> None:
        """Alert whoever wants to know how the run ended; the rack is safe and the file closed by now."""
        if state is not RunState.ABORTED:  # who aborted knows
            self._alerts.send(Alert(Occasion(state.value), self._writer.path.name, message or state.value))

    def _alarmed(self, tripped: Tripped) -> None:
        self._alerts.send(Alert(Occasion.PAUSED, self._writer.path.name, str(tripped)))

    def _listen(self) -> None:
        """Do what is to be done every few wall milliseconds, whatever the loop is waiting for."""
        self._writer.flush_if_due()
        self._obedience.obey_all()
        if self._wall.monotonic_s() >= self._journal_due_s:
            self._write_journal()

    def _happened(self, event: Event) -> None:
        self._write_journal()
        self._journal.cause = f"{event.kind}: {event.message}"
        self._writer.record(event)
        if event.kind == "paused":
            self._writer.set("patience_s", self._control.patience_s)
            self._writer.set("state", RunState.PAUSED)
        elif event.kind == "continued":
            self._writer.set("state", RunState.RUNNING)
        self._tell.happened(event)

    def _monitored(self, monitor: Monitor) -> None:
        self._writer.append_monitor(monitor)
        self._safeguard.monitored(monitor)

    def _slow_read(self, role: str, name: str, value: float) -> None:
        time_s = self._loop.now_s()
        if not math.isnan(value):
            self._writer.append_channels(time_s, role, {name: value})
        if name == Watched.HELIUM_FRACTION:
            self._safeguard.helium_read(time_s, value)

    def _write_journal(self) -> None:
        """Write down what was sent to the instruments since the last time."""
        self._journal_due_s = self._wall.monotonic_s() + JOURNAL_S
        if entries := self._journal.take():
            self._writer.record_writes(entries)

    def _record_settings(self, cause: str) -> None:
        """Write down what each box is set to; one that does not answer is written down as such."""
        for instrument in self._roles.each():
            self._control.beat()  # a dead box takes nearly as long to give up as a heart may stand still
            try:
                settings = instrument.settings()
            except InstrumentError as error:
                settings = {"unreadable": str(error)}
            self._writer.record_settings(self._loop.now_s(), cause, instrument.name, settings)
