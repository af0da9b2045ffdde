"""What goes wrong in a run: the rack ends safe by its own account, the file says why, and the run goes on if it may."""

import itertools
import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from small_runs import SMALL, QuickWall

from acquisition.engine import run_plan
from acquisition.plan import make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import UNTRUSTED, Event, PointFlag
from acquisition.recipe import parse_recipe
from acquisition.run_outcome import RunOutcome
from acquisition.run_schema import RunState
from acquisition.running.alerts import Alerts, AlertSettings
from acquisition.running.command_file import CommandKind, write_command
from acquisition.running.control import AttentiveWall, Control
from acquisition.running.journal import WriteJournal
from acquisition.station import open_simulated
from acquisition.station_file import Station, simulated_station
from simulators.fault_panel import FaultPanel, Order
from simulators.faults import Fault
from simulators.rack import LOCKIN_ADDRESS, MAGNET_ADDRESS, MERCURY_ADDRESS, Rack, find_rack

SIZE = 27
"""Points of one isotherm of it."""

WARM_K = 4.225
"""Where the simulated cryostat does not come while it is cooled, and does within minutes while it is not."""


@dataclass
class Night:
    """A run during which something happens, and what can be seen of it."""

    folder: Path
    wall: QuickWall = field(default_factory=QuickWall)
    events: list[Event] = field(default_factory=list)
    run_file: Path = Path()
    on_point: Callable[["Night", int], None] = lambda _night, _index: None
    on_event: Callable[["Night", Event], None] = lambda _night, _event: None

    def started(self, run_file: Path, running: RunningPlan, measured: int, /) -> None:
        self.run_file = run_file

    def committed(self, seq: int, plan_index: int, /) -> None:
        self.on_point(self, plan_index)

    def happened(self, event: Event, /) -> None:
        self.events.append(event)
        self.on_event(self, event)

    def planned(self, running: RunningPlan, /) -> None:
        return

    def say(self, command: CommandKind, **argument: Any) -> None:
        write_command(self.run_file, command, argument, wall=self.wall)

    def break_(self, fault: Fault, model: str = "", for_s: float | None = None, press: str = "") -> None:
        FaultPanel(self.rack).carry_out(Order(fault, model, for_s, press))

    def run(
        self,
        station: Station | None = None,
        recipe: str = SMALL,
        *,
        is_unattended: bool = False,
        alerts: Alerts | None = None,
    ) -> RunOutcome:
        station = station or simulated_station()
        control, journal = Control(self.wall, is_unattended=is_unattended), WriteJournal()
        with open_simulated(
            station, "cu1", 1, None, AttentiveWall(self.wall, control), on_write=self.note_write(journal)
        ) as rack:
            self.rack: Rack = find_rack(rack.visa_library.partition("@")[0])
            outcome = run_plan(
                make_plan(parse_recipe(recipe, "interlocks"), station),
                rack.roles,
                rack.clock,
                out=self.folder,
                wall=self.wall,
                control=control,
                observer=self,
                provenance={"simulated": "cu1", "seed": 1, "speed": None},
                journal=journal,
                alerts=alerts,
            )
            wiring, now_s = self.rack.world.wiring, self.rack.clock.now_s()
            self.is_idle = abs(wiring.source_A.target) < 0.5e-6 and wiring.oscillator_Vrms.target < 0.0042
            self.rate_A_per_s = self.rack.coil.rate_A_per_s(now_s)
            return outcome

    def note_write(self, journal: WriteJournal) -> Callable[[str, str], None]:
        self.writes: list[tuple[str, str]] = []

        def note(instrument: str, message: str) -> None:
            self.writes.append((instrument, message))
            journal.note(instrument, message)

        return note

    def messages(self, kind: str) -> list[str]:
        return [event.message for event in self.events if event.kind == kind]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.run_file) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def station(*rules: dict[str, Any]) -> Station:
    complete = [{"guidance": "see to it"} | rule for rule in rules]
    return Station.from_dict(simulated_station().to_dict() | {"interlock": complete}, "mine.toml")


def at(index: int, fault: Fault, **options: Any) -> Callable[[Night, int], None]:
    def strike(night: Night, plan_index: int) -> None:
        if plan_index == index:
            night.break_(fault, **options)

    return strike


# --- stops ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.LEAD_BROKEN, Fault.CONTACT_DESTROYED])
def test_contact_that_is_lost_stops_the_run_safe(night: Night, fault: Fault) -> None:
    night.on_point = at(5, fault)
    outcome = night.run(is_unattended=True)
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert night.is_idle


@pytest.mark.parametrize("fault", [Fault.LEAD_BROKEN, Fault.CONTACT_DESTROYED])
def test_contact_that_is_lost_before_the_first_point_of_an_isotherm_leaves_no_good_one(
    night: Night, fault: Fault
) -> None:
    night.on_event = lambda night, event: night.break_(fault) if event.kind == "settling" else None
    outcome = night.run(is_unattended=True)
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert all(flags & UNTRUSTED for (flags,) in night.rows("SELECT flags FROM point"))
    assert night.is_idle


def test_quench_in_a_sweep_stops_the_run_and_nothing_is_sent_to_the_magnet(night: Night) -> None:
    night.on_point = at(5, Fault.QUENCH)
    recipe = SMALL.replace("[bias]", "fields_T = [0.2]\n[bias]")
    outcome = night.run(recipe=recipe)
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert "quench" in outcome.message
    assert night.is_idle
    assert "heater off" in night.messages("safe-state")
    sent = [place for place, (name, _) in enumerate(night.writes) if "AMI" in name]
    quenched = next(
        place for place, (name, message) in enumerate(night.writes) if "RANGE" in message and place > sent[-1]
    )
    assert sent[-1] < quenched


def test_quench_that_is_only_a_garbled_reply_does_not_end_the_run(night: Night) -> None:
    def garble(night: Night, plan_index: int) -> None:
        if plan_index == 5:
            wire, state, replies = night.rack.wires[MAGNET_ADDRESS], b"7", iter(range(3))
            carry = wire.carry

            def garbled(reply: bytes, terminator: bytes, sent_s: float) -> tuple[float, bytes] | None:
                is_state = next(replies, 0) == 2  # field, voltage, state
                return carry(state if is_state else reply, terminator, sent_s)

            wire.carry = garbled  # type: ignore[method-assign]

    night.on_point = garble
    outcome = night.run()
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE), outcome.message
    assert "quench" in night.messages("recovering")[0]


def test_digit_that_is_changed_on_the_wire_does_not_become_a_conductance(night: Night, tmp_path: Path) -> None:
    def garble(night: Night, plan_index: int) -> None:
        if plan_index == 5:
            wire, replies = night.rack.wires[LOCKIN_ADDRESS], iter(range(1))
            carry = wire.carry

            def garbled(reply: bytes, terminator: bytes, sent_s: float) -> tuple[float, bytes] | None:
                if b"," in reply and next(replies, None) is not None:  # X and Y: one percent more of X
                    x_V, y_V = map(float, reply.split(b","))
                    reply = b"%.6e,%.6e" % (1.01 * x_V, y_V)
                return carry(reply, terminator, sent_s)

            wire.carry = garbled  # type: ignore[method-assign]

    night.on_point = garble
    plain = Night(tmp_path / "plain")
    assert (night.run().state, plain.run().state) == (RunState.COMPLETE, RunState.COMPLETE)
    query = "SELECT conductance_S FROM point ORDER BY plan_index"
    here, there = ([value for (value,) in one.rows(query)] for one in (night, plain))
    assert here == pytest.approx(there, rel=5e-4)


def test_cooling_that_is_lost_stops_the_run_by_a_rule_of_the_station_with_the_heater_off(night: Night) -> None:
    rule = {"on": "temperature_K", "above": WARM_K, "for_s": 20.0, "action": "idle-safe"}
    night.on_event = lambda night, event: night.break_(Fault.COOLING_LOST) if event.kind == "prepared" else None
    outcome = night.run(station(rule))
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert f"temperature_K above {WARM_K} for 20 s" in outcome.message
    assert "see to it" in outcome.message
    assert night.is_idle
    assert "heater off" in night.messages("safe-state")
    assert outcome.message in night.messages("safety-stop")


def test_heater_that_is_open_ends_the_run_safe_and_named(night: Night) -> None:
    night.on_point = at(5, Fault.HEATER_OPEN)
    outcome = night.run(is_unattended=True)
    assert outcome.exit_status in (3, 4)
    assert "heater" in outcome.message
    assert night.is_idle


def test_ramp_down_rule_sends_the_field_to_zero_from_the_idle_safe_state(night: Night) -> None:
    recipe = SMALL.replace("[bias]", "fields_T = [0.2]\n[bias]")
    outcome = night.run(station({"on": "field_T", "above": 0.15, "for_s": 60.0, "action": "ramp-down"}), recipe)
    assert outcome.exit_status == 3
    assert night.messages("safe-state")[-1] == "field going to 0 T at 0.2 T/min"
    assert night.is_idle
    assert night.rate_A_per_s < 0.0


def test_nearly_full_disk_stops_the_run_before_it_is_full(night: Night) -> None:
    outcome = night.run(station({"on": "disk_free_bytes", "below": 1e18, "action": "idle-safe"}))
    assert outcome.exit_status == 3
    assert "disk_free_bytes below 1e+18" in outcome.message


# --- pauses ---------------------------------------------------------------------------------------------------------


def test_pause_by_an_interlock_waits_for_the_acknowledgement_before_it_continues(night: Night) -> None:
    def on_event(night: Night, event: Event) -> None:
        if event.kind == "paused":
            night.say(CommandKind.CONTINUE)
            night.say(CommandKind.ACKNOWLEDGE)
            night.say(CommandKind.CONTINUE)

    night.on_point = at(5, Fault.COMPLIANCE, for_s=30.0)
    night.on_event = on_event
    outcome = night.run()
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    first, second, third = (outcome for (outcome,) in night.rows("SELECT outcome FROM command ORDER BY seq")[:3])
    assert first.startswith("refused: an interlock has tripped; see to it and acknowledge it first: compliance")
    assert second == "accepted: acknowledged: compliance"
    assert third == "accepted: going on"
    assert night.messages("interlock")[0].startswith("compliance: it is 1 -> pause")


def test_pause_by_an_interlock_is_a_stop_where_nobody_is_there(night: Night) -> None:
    night.on_point = at(5, Fault.COMPLIANCE)
    outcome = night.run(is_unattended=True)
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert "nobody is there" in outcome.message
    assert night.is_idle


def test_rule_is_watched_in_a_pause_too(night: Night) -> None:
    def on_event(night: Night, event: Event) -> None:
        if event.kind == "paused":
            night.break_(Fault.COOLING_LOST)
            night.rack.clock.sleep(3600.0)

    night.on_point = lambda night, index: night.say(CommandKind.PAUSE) if index == 5 else None
    night.on_event = on_event
    outcome = night.run(station({"on": "temperature_K", "above": WARM_K, "action": "idle-safe"}))
    assert outcome.exit_status == 3
    assert night.messages("paused") == ["paused by command"]


# --- flags and repeats ----------------------------------------------------------------------------------------------


def test_flag_rule_flags_points_and_the_run_goes_on(night: Night) -> None:
    outcome = night.run(station({"on": "temperature_K", "above": 4.15, "action": "flag"}))
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    flagged = [
        index for index, flags in night.rows("SELECT plan_index, flags FROM point") if flags & PointFlag.INTERLOCK
    ]
    assert flagged == list(range(SIZE))
    assert len(night.messages("interlock")) == 1


def test_point_that_a_rule_wants_repeated_is_measured_again_and_the_bias_is_as_if_once(
    night: Night, tmp_path: Path
) -> None:
    wanted = {"on": "temperature_K", "above": 4.15, "action": "repeat"}
    night.run(station(wanted))
    plain = Night(tmp_path / "plain")
    plain.run()
    here, there = (one.rows("SELECT bias_V FROM point ORDER BY plan_index") for one in (night, plain))
    assert len(here) == 2 * SIZE
    assert [bias_V for (bias_V,) in here] == pytest.approx([bias_V for (bias_V,) in there], abs=2e-7)
    assert len(night.messages("interlock")) > SIZE


# --- recovery -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["SR830", "Keithley2400", "LakeShore372", "AMI430"])
def test_lost_session_costs_no_point(night: Night, model: str) -> None:
    night.on_point = at(5, Fault.DEAD_SESSION, model=model)
    outcome = night.run()
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE), outcome.message


def test_box_that_is_away_for_a_while_is_waited_for_and_set_up_anew(night: Night) -> None:
    night.on_point = at(5, Fault.POWER_CYCLE, model="Keithley2400", for_s=10.0)
    outcome = night.run()
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE), outcome.message
    assert night.messages("recovering")
    assert night.messages("recovered")


@pytest.mark.parametrize("model", ["SR830", "Keithley2400", "LakeShore372"])
def test_failure_of_the_power_for_three_seconds_costs_no_point(night: Night, model: str) -> None:
    def on_event(night: Night, event: Event) -> None:
        if event.kind == "paused":  # the first reading of a lock-in that comes up again trips the contact guard
            night.say(CommandKind.ACKNOWLEDGE)
            night.say(CommandKind.CONTINUE)

    night.on_point, night.on_event = at(5, Fault.POWER_CYCLE, model=model), on_event
    outcome = night.run()
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE), outcome.message
    good_S = [
        conductance_S
        for conductance_S, flags in night.rows("SELECT conductance_S, flags FROM point")
        if not flags & UNTRUSTED
    ]
    assert max(good_S) / min(good_S) < 1.03


def test_wire_that_stays_dead_ends_the_run_and_names_the_box(night: Night) -> None:
    night.on_point = at(5, Fault.LOST_REPLY, model="SR830", for_s=86400.0)
    outcome = night.run()
    assert (outcome.state, outcome.exit_status) == (RunState.FAILED, 4)
    assert "SR830" in outcome.message
    assert "NOT SAFE" in outcome.message


def test_hand_at_the_front_panel_in_the_last_isotherm_is_noticed_too(night: Night) -> None:
    night.on_point = at(2 * SIZE - 2, Fault.FRONT_PANEL, model="SR830", press="PHAS 1")
    assert night.run().state is RunState.COMPLETE
    assert "phase_deg was 0.0, is 1.0" in night.messages("settings-changed")[0]


def test_hand_at_the_front_panel_is_noticed_and_undone(night: Night) -> None:
    def on_event(night: Night, event: Event) -> None:
        if event.kind == "settling" and len(night.messages("settling")) == 2:
            night.break_(Fault.FRONT_PANEL, "SR830", press="PHAS 90")

    night.on_event = on_event
    outcome = night.run()
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    (message,) = night.messages("settings-changed")
    assert "phase_deg was 0.0, is 90.0" in message
    assert not any(flags for (flags,) in night.rows("SELECT flags FROM point"))


# --- alerts ---------------------------------------------------------------------------------------------------------


def test_alert_tells_of_the_pause_and_of_the_end(night: Night, tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"import os; open({str(told)!r}, 'a').write(os.environ['ZEROBIAS_OCCASION'] + chr(10))"
    alerts = Alerts(AlertSettings.from_dict({"command": {"arguments": [sys.executable, "-c", script]}}, "alerts.toml"))

    def on_event(night: Night, event: Event) -> None:
        if event.kind == "paused":
            night.say(CommandKind.ACKNOWLEDGE)
            night.say(CommandKind.CONTINUE)

    night.on_point, night.on_event = at(5, Fault.COMPLIANCE, for_s=30.0), on_event
    assert night.run(alerts=alerts).state is RunState.COMPLETE
    assert alerts.wait() == []
    assert sorted(set(told.read_text().split())) == ["complete", "paused"]


def test_rules_are_in_the_run_file(night: Night) -> None:
    night.run(station({"on": "field_T", "above": 8.0, "action": "pause"}))
    ((text,),) = night.rows("SELECT value FROM run WHERE key = 'station'")
    assert json.loads(text)["interlock"][0]["on"] == "field_T"


def with_level_meter() -> Station:
    station = simulated_station()
    magnet = {"model": "MercuryiPS", "address": "TCPIP0::mercury::7020::SOCKET", "level_board": "DB5.L1"}
    content = station.to_dict()
    return Station.from_dict(content | {"magnet": content["magnet"] | magnet}, "mercury.toml")


def test_helium_that_runs_out_brings_the_field_down_and_stands_in_the_run_file(night: Night) -> None:
    night.on_point = at(5, Fault.HELIUM_LOW)
    recipe = SMALL.replace("[bias]", "fields_T = [0.05]\n[bias]").replace("points = 11", "points = 201")
    outcome = night.run(with_level_meter(), recipe)
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert "helium_fraction below 0.2 for 300 s: it is 0.049" in outcome.message
    assert "transfer" in outcome.message
    assert "field going to 0 T" in " ".join(night.messages("safe-state"))
    levels = night.rows("SELECT time_s, value FROM channel WHERE name = 'helium_fraction' ORDER BY seq")
    assert 0.89 < levels[0][1] <= 0.9
    assert levels[-1][1] == pytest.approx(0.05, abs=1e-3)
    assert all(59.0 < later - earlier < 90.0 for (earlier, _), (later, _) in itertools.pairwise(levels))


def test_level_meter_that_answers_nothing_is_an_alarm(night: Night) -> None:
    def silence(night: Night, plan_index: int) -> None:
        if plan_index == 5:
            box = night.rack.boxes[MERCURY_ADDRESS]
            answer = box.answer
            box.answer = lambda line: "STAT:DEV:DB5.L1:NOT_FOUND" if "LVL" in line else answer(line)  # type: ignore[method-assign]

    night.on_point = silence
    recipe = SMALL.replace("points = 11", "points = 201")
    outcome = night.run(with_level_meter(), recipe)
    assert "helium_fraction below 0.2 for 300 s: it is not known" in outcome.message
