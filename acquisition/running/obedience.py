"""What the engine does when it is told something: it obeys or refuses, and writes down which and why."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from acquisition.errors import InputError
from acquisition.loop import Loop
from acquisition.planning.plan_edit import EditKind, PlanEdit, RunningPlan, apply, indices_to_retire
from acquisition.readings import AFTER_POINT, AFTER_SWEEP, PAUSE_OFF, PAUSED_BY_COMMAND, PAUSING, Event
from acquisition.run_writer import RunFileWriter
from acquisition.running.command_file import BadLine, Command, CommandFile, CommandKind, CommandRefusedError
from acquisition.running.control import Control, PauseWish
from acquisition.running.diary import continued, entry_text
from acquisition.running.rehearsal import set_speed, speed_text, switch_fault
from acquisition.running.safeguard import Safeguard
from acquisition.running.wire_log import WireLog

LONGEST_NOTE = 10_000
LONGEST_SHOWN = 4000
"""Of an argument in table `command`; what an appended recipe says is in table `plan_edit`."""


class Obedience:
    """Deals with the commands that come in.

    Parameters
    ----------
    loop : Loop
        Whose plan may be changed.
    control : Control
        Where wishes for a pause or an abort are put.
    writer : RunFileWriter
        Takes each command with its outcome.
    commands : CommandFile
        Where they come from.
    on_event : callable
        Takes notes as events.
    on_plan : callable
        Told of a changed plan.
    safeguard : Safeguard
        Whose alarms are acknowledged.
    """

    def __init__(
        self,
        loop: Loop,
        control: Control,
        writer: RunFileWriter,
        commands: CommandFile,
        on_event: Callable[[Event], None],
        on_plan: Callable[[RunningPlan], None],
        safeguard: Safeguard,
    ) -> None:
        self._loop = loop
        self._control = control
        self._writer = writer
        self._commands = commands
        self._on_event = on_event
        self._on_plan = on_plan
        self._safeguard = safeguard
        self._wire_log = WireLog(writer.path)

    def close(self) -> None:
        """Let go of the wires, if they were listened to."""
        self._wire_log.switch(False)

    def obey_all(self) -> None:
        """Obey or refuse every command that is new, in order."""
        for command in self._commands.read_new():
            self._control.hear()
            if isinstance(command, BadLine):
                outcome = f"refused: {command.reason}"
            else:
                try:
                    outcome = f"accepted: {self._obey(command)}"
                except (CommandRefusedError, InputError) as error:
                    outcome = f"refused: {error}"
                    self._happened("refused", f"{command.command.value}: {error}")
            self._record(command, outcome)

    def refuse_all(self, outcome: str, known: frozenset[str] = frozenset()) -> None:
        """Give every command that is new the same outcome, leaving out those whose ids are known."""
        for command in self._commands.read_new():
            if not command.id or command.id not in known:
                self._record(command, outcome)

    def _record(self, command: Command | BadLine, outcome: str) -> None:
        now_s = self._loop.now_s()
        if isinstance(command, BadLine):
            self._writer.record_command(now_s, "?", command.text, outcome, command.id)
            return
        argument = json.dumps(dict(command.argument))[:LONGEST_SHOWN]
        self._writer.record_command(now_s, command.command.value, argument, outcome, command.id)

    def _obey(self, command: Command) -> str:
        match command.command:
            case CommandKind.PAUSE:
                return self._pause(is_after_sweep=command.argument.get("after") == "sweep")
            case CommandKind.CONTINUE:
                return self._continue()
            case CommandKind.ABORT:
                self._control.request_abort(f"aborted by command: {command.argument.get('reason', 'no reason given')}")
                return "going to the safe state"
            case CommandKind.NOTE:
                return self._note(command.argument.get("text"))
            case CommandKind.DIARY:
                self._writer.set("history", continued(self._writer.path, command.argument))
                return self._happened("diary", entry_text(command.argument))
            case CommandKind.ACKNOWLEDGE:
                return self._acknowledge()
            case CommandKind.APPEND:
                return self._append(command.argument.get("recipe"))
            case CommandKind.RETIRE:
                return self._retire(self._to_retire(command.argument))
            case CommandKind.FAULT:
                return self._happened("fault", switch_fault(self._control.simulation, command.argument))
            case CommandKind.SPEED:
                return self._set_speed(set_speed(self._control.simulation, command.argument))
            case CommandKind.WIRE:
                return self._wire_log.obey(command.argument)
            case CommandKind.SET | CommandKind.DO:
                raise CommandRefusedError("a run owns the rack; nothing is set by hand")

    def _happened(self, kind: str, message: str) -> str:
        self._on_event(Event(self._loop.now_s(), kind, message))
        return message

    def _set_speed(self, factor: float | None) -> str:
        self._control.pace = factor
        self._writer.set("speed", factor)  # by which a resumed run goes on
        return self._happened("speed", speed_text(factor))

    def _pause(self, *, is_after_sweep: bool) -> str:
        if self._control.is_paused:
            raise CommandRefusedError("it is paused already")
        pending = self._control.pause_wish
        if pending is not None and not pending.is_after_sweep:  # an interlock's, or somebody else's: the sooner counts
            raise CommandRefusedError("it pauses after this point already")
        wish = PauseWish(PAUSED_BY_COMMAND, is_after_sweep)
        words = AFTER_SWEEP if is_after_sweep else AFTER_POINT
        if wish != pending:
            self._happened(PAUSING, words)
        self._control.pause_wish = wish
        return f"pausing {words}"

    def _continue(self) -> str:
        if self._control.pause_wish is None and self._control.is_paused:  # told twice, before it could
            return "going on already"
        if self._control.pause_wish is None:
            raise CommandRefusedError("it is not paused")
        if alarms := self._safeguard.holds_back:
            raise CommandRefusedError(f"an interlock has tripped; see to it and acknowledge it first: {alarms[0]}")
        self._control.pause_wish = None
        return "going on" if self._control.is_paused else self._happened(PAUSE_OFF, "the pause is called off")

    def _acknowledge(self) -> str:
        alarms = self._safeguard.acknowledge()
        if not alarms:
            raise CommandRefusedError("nothing waits for an acknowledgement")
        names = "; ".join(str(one.rule) for one in alarms)
        self._on_event(Event(self._loop.now_s(), "acknowledged", names))
        return f"acknowledged: {names}"

    def _note(self, text: object) -> str:
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_NOTE:
            raise CommandRefusedError(f"expected a text of up to {LONGEST_NOTE} characters")
        self._on_event(Event(self._loop.now_s(), "note", text))
        return "noted"

    def _append(self, recipe: object) -> str:
        if not isinstance(recipe, dict):
            raise CommandRefusedError("expected a recipe")
        before = self._loop.running.plan
        self._edit(PlanEdit(EditKind.APPEND, recipe))
        after = self._loop.running.plan
        return (
            f"isotherms {len(before.isotherms)} to {len(after.isotherms) - 1} appended, "
            f"plan indices {before.points} to {after.points - 1}"
        )

    def _to_retire(self, argument: Mapping[str, Any]) -> list[int]:
        """Return the plan indices named, or what is left of ``{"rest_of_isotherm": 3}`` at this moment."""
        loop = self._loop
        rest = argument.get("rest_of_isotherm")
        if rest is None:
            return indices_to_retire(loop.running.plan, argument)
        left = [
            index
            for index in indices_to_retire(loop.running.plan, {"isotherm": rest})
            if not loop.is_measured(index) and index != loop.under_way and index not in loop.running.retired
        ]
        if not left:
            raise CommandRefusedError(f"nothing is left of isotherm {rest}")
        return left

    def _retire(self, indices: list[int]) -> str:
        loop = self._loop
        for index in indices:
            if loop.is_measured(index) or index == loop.under_way:
                raise CommandRefusedError(f"plan index {index} is measured already, or just now")
            if index in loop.running.retired:
                raise CommandRefusedError(f"plan index {index} is retired already")
        self._edit(PlanEdit(EditKind.RETIRE, indices))
        return f"{len(indices)} points retired, {loop.running.points} remain in all"

    def _edit(self, edit: PlanEdit) -> None:
        """Change the plan: in the file first, so that a plan index once given out is given out for ever."""
        running = apply(self._loop.running, edit)
        self._writer.record_edit(self._loop.now_s(), edit)
        self._writer.set("planned_points", running.points)
        self._writer.set("planned_duration_s", running.plan.duration_s)
        self._loop.running = running
        self._on_plan(running)
