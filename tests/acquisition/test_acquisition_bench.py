"""A rack on the bench: read, set by hand within limits, and left safe however it ends."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_runs import QuickWall

from acquisition.bench import run_bench
from acquisition.by_hand import limits_of
from acquisition.checklist import BEFORE
from acquisition.readings import Event
from acquisition.run_outcome import RunOutcome
from acquisition.run_reader import RunFileReader
from acquisition.running.command_file import Action, CommandKind, Quantity, write_command
from acquisition.running.control import Control
from acquisition.running.wire_log import wire_log_path
from acquisition.station import BenchRack, open_simulated_bench, open_station_bench
from acquisition.station_file import Station, simulated_station
from instruments.errors import ConnectionFailedError
from simulators.fault_panel import FaultPanel, Order
from simulators.faults import Fault
from simulators.rack import LOCKIN_ADDRESS, SOURCEMETER_ADDRESS, Rack, close_rack, open_rack


@pytest.fixture
def rack() -> Iterator[Rack]:
    opened = open_rack("cu1", 1)
    yield opened
    close_rack(opened)


@pytest.fixture
def station(rack: Rack) -> Station:
    """Return the station of a simulated rack, told as if it were a real one."""
    data = simulated_station().to_dict()
    data["station"]["visa_library"] = rack.visa_library
    return Station.from_dict(data, "test")


class Hand:
    """A bench in this process, and the commands given to it one after the other, each after the one before is done."""

    def __init__(self, folder: Path, station: Station, rack: BenchRack, *, is_simulated: bool = True) -> None:
        self.wall, self.folder, self.station, self.rack = QuickWall(), folder, station, rack
        self.control = Control(self.wall, None, is_unattended=True)
        self.control.simulation = rack.simulation if is_simulated else None
        self.outcomes: list[str] = []

    def run(self, *orders: tuple[CommandKind, dict[str, Any]], then: Callable[[], None] | None = None) -> RunOutcome:
        todo = list(orders)

        def started(run_file: Path) -> None:
            for kind, argument in todo:
                write_command(run_file, kind, argument, wall=self.wall)
            self._end_when_done(len(todo), then)

        outcome = run_bench(
            self.station,
            self.rack,
            out=self.folder,
            wall=self.wall,
            control=self.control,
            provenance={"simulated": "cu1"},
            on_started=started,
        )
        with sqlite3.connect(outcome.run_file) as connection:
            self.outcomes = [row[0] for row in connection.execute("SELECT outcome FROM command ORDER BY seq")]
        return outcome

    def _end_when_done(self, orders: int, then: Callable[[], None] | None) -> None:
        """Let the bench live a few rounds beyond the last order, then end it."""
        rounds, idle = [0], self.control.idle

        def counting(clock: Any) -> None:
            idle(clock)
            rounds[0] += 1
            if rounds[0] == 40 * (orders + 1) and then is not None:
                then()
            if rounds[0] == 80 * (orders + 1):
                self.control.request_abort("the test is over")

        self.control.idle = counting  # type: ignore[method-assign]


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Hand]:
    station = simulated_station()
    wall = QuickWall()
    with open_simulated_bench(station, "cu1", 1, None, wall) as rack:
        yield Hand(tmp_path, station, rack)


def set_to(quantity: Quantity, value: object) -> tuple[CommandKind, dict[str, Any]]:
    return CommandKind.SET, {"quantity": quantity, "value": value}


SET_UP = (CommandKind.DO, {"action": Action.SET_UP})


def channels(run_file: Path) -> dict[tuple[str, str], list[float]]:
    found: dict[tuple[str, str], list[float]] = {}
    with RunFileReader(run_file) as reader:
        for _, _, instrument, name, value in reader.channels():
            found.setdefault((instrument, name), []).append(value)
    return found


def events_of(outcome: RunOutcome) -> list[Event]:
    with RunFileReader(outcome.run_file) as reader:
        return reader.events()


def test_bench_that_only_reads_changes_nothing(tmp_path: Path, station: Station, rack: Rack) -> None:
    rack.boxes[LOCKIN_ADDRESS].answer("SLVL 1.0")
    with open_station_bench(station, QuickWall()) as own:
        outcome = Hand(tmp_path, station, own, is_simulated=False).run()
    assert (outcome.state, outcome.exit_status) == ("complete", 0)
    assert rack.boxes[LOCKIN_ADDRESS].answer("SLVL?") == "1.000"
    found = channels(outcome.run_file)
    assert {("lock-in", "x_V"), ("temperature controller", "temperature_K"), ("magnet", "field_T")} <= found.keys()
    assert found["temperature controller", "temperature_K"][0] == pytest.approx(4.2, rel=0.02)
    with RunFileReader(outcome.run_file) as reader:
        assert "left as it was found" in reader.events()[-1].message
        assert reader.header()["boxes"]["magnet"] == "paused"


def test_what_is_set_by_hand_arrives_and_the_contact_is_measured(hand: Hand) -> None:
    outcome = hand.run(
        SET_UP,
        set_to(Quantity.SENSITIVITY_V, 0.1),
        set_to(Quantity.EXCITATION_Vrms, 200e-6),
        set_to(Quantity.BIAS_V, 1e-3),
        set_to(Quantity.FIELD_T, 0.05),
    )
    assert all(said.startswith("accepted") for said in hand.outcomes), hand.outcomes
    found = channels(outcome.run_file)
    assert found["source meter", "current_A"][-1] == pytest.approx(1e-3 * 0.1096, rel=0.02)
    assert found["lock-in", "conductance_S"][-1] == pytest.approx(0.1096, rel=0.02)
    assert max(found["magnet", "field_T"]) > 0.0


def test_it_ends_safe_after_anything_was_set(tmp_path: Path, station: Station, rack: Rack) -> None:
    confirmed = [item.name for item in BEFORE]
    with open_station_bench(station, QuickWall()) as own:
        bench = Hand(tmp_path, station, own, is_simulated=False)
        bench.run(
            (CommandKind.DO, {"action": "set-up", "confirmed": confirmed}),
            set_to(Quantity.BIAS_V, 0.5e-3),
            set_to(Quantity.EXCITATION_Vrms, 200e-6),
        )
    assert all(said.startswith("accepted") for said in bench.outcomes), bench.outcomes
    assert float(rack.boxes[SOURCEMETER_ADDRESS].answer(":SOUR:CURR?") or "nan") == 0.0
    assert rack.boxes[LOCKIN_ADDRESS].answer("SLVL?") == "0.004"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (set_to(Quantity.BIAS_V, 6e-3), "bias -0.005 to 0.005 V"),
        (set_to(Quantity.FIELD_T, 9.1), "field -9 to 9 T"),
        (set_to(Quantity.TEMPERATURE_K, 300.0), "temperature 0.02 to 10 K"),
        (set_to(Quantity.TEMPERATURE_K, "warm"), "refused: allowed is"),
        (set_to(Quantity.BIAS_V, 1e-3), "not set up"),
        ((CommandKind.SET, {"quantity": "volume", "value": 1}), "expected one of"),
        ((CommandKind.DO, {"action": "explode"}), "expected one of"),
        ((CommandKind.PAUSE, {}), "is for a run"),
    ],
)
def test_what_breaks_a_limit_is_refused_and_touches_nothing(hand: Hand, order: Any, reason: str) -> None:
    outcome = hand.run(order)
    (said,) = hand.outcomes
    assert said.startswith("refused") and reason in said
    with RunFileReader(outcome.run_file) as reader:
        assert "left as it was found" in reader.events()[-1].message
        assert any(event.kind == "refused" for event in reader.events())


def test_bias_and_excitation_together_keep_the_limit(hand: Hand) -> None:
    hand.run(SET_UP, set_to(Quantity.EXCITATION_Vrms, 300e-6), set_to(Quantity.BIAS_V, 4.8e-3))
    assert hand.outcomes[1].startswith("accepted")
    assert hand.outcomes[2].startswith("refused") and "together" in hand.outcomes[2]


def test_real_rack_wants_the_checklist_confirmed_before_it_is_set_up(tmp_path: Path, station: Station) -> None:
    with open_station_bench(station, QuickWall()) as own:
        bench = Hand(tmp_path, station, own, is_simulated=False)
        bench.run((CommandKind.DO, {"action": "set-up", "confirmed": [item.name for item in BEFORE[:-1]]}))
    assert bench.outcomes == ["refused: the connection checklist is not confirmed: The grounding switch is open."]


def test_box_that_is_absent_keeps_no_other_from_being_read_and_can_be_connected_later(hand: Hand) -> None:
    connectors = dict(hand.rack.connectors)
    tries = iter([False, True])

    def sometimes() -> Any:
        if not next(tries):
            raise ConnectionFailedError("AMI 430", "silent")
        return connectors["magnet"]()

    hand.rack = BenchRack(dict(hand.rack.connectors) | {"magnet": sometimes}, hand.rack.clock, hand.rack.simulation)
    outcome = hand.run(set_to(Quantity.FIELD_T, 0.1), (CommandKind.DO, {"action": "connect"}))
    assert "magnet is not connected" in hand.outcomes[0]
    assert hand.outcomes[1] == "accepted: 4 of 4 boxes connected"
    found = channels(outcome.run_file)
    assert ("lock-in", "x_V") in found and ("magnet", "field_T") in found


def test_dead_wire_is_a_word_on_its_box_and_the_others_are_read_on(
    tmp_path: Path, station: Station, rack: Rack
) -> None:
    def cut() -> None:
        FaultPanel(rack).carry_out(Order(Fault.DEAD_SESSION, "LakeShore372", for_s=1e6))

    with open_station_bench(station, QuickWall()) as own:
        outcome = Hand(tmp_path, station, own, is_simulated=False).run(then=cut)
    assert outcome.state == "complete"
    with RunFileReader(outcome.run_file) as reader:
        assert reader.header()["boxes"]["temperature controller"].startswith("trouble: Lake Shore 372")
        assert reader.header()["boxes"]["lock-in"] == "ok"
        (told,) = (event.message for event in reader.events() if event.kind == "trouble")
        assert told.startswith("temperature controller: Lake Shore 372")


def test_quench_by_a_fault_button_is_seen_and_the_field_refused(hand: Hand) -> None:
    outcome = hand.run((CommandKind.FAULT, {"name": "quench"}), set_to(Quantity.FIELD_T, 0.1))
    assert hand.outcomes[0] == "accepted: quench"
    assert hand.outcomes[1].startswith("refused") and "quench" in hand.outcomes[1]
    with RunFileReader(outcome.run_file) as reader:
        assert reader.header()["boxes"]["magnet"] == "quench"


def test_wires_are_listened_to_on_demand(hand: Hand) -> None:
    outcome = hand.run((CommandKind.WIRE, {"is_on": True}))
    assert "<< SNAP?" in wire_log_path(outcome.run_file).read_text()
    with RunFileReader(outcome.run_file) as reader:
        assert reader.header()["is_wire_logged"] is True


def test_power_cycle_is_noticed_before_a_bias_is_set_again(hand: Hand) -> None:
    power_cycle = (CommandKind.FAULT, {"name": "power-cycle", "box": "Keithley2400"})
    excite = set_to(Quantity.EXCITATION_Vrms, 200e-6), set_to(Quantity.SENSITIVITY_V, 0.1)
    outcome = hand.run(SET_UP, *excite, power_cycle, set_to(Quantity.BIAS_V, 2e-3), SET_UP)
    assert "a power cycle, or a hand at the panel? Set up again" in hand.outcomes[4]
    assert hand.outcomes[5].startswith("accepted")
    assert ("lock-in", "conductance_S") not in channels(outcome.run_file)
    assert "bias 2 mV" not in " ".join(event.message for event in events_of(outcome))


def test_what_nobody_speaks_to_goes_idle_safe_after_half_a_day(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquisition.bench.PATIENCE_S", 2.0)
    outcome = hand.run(SET_UP, set_to(Quantity.BIAS_V, 1e-3))
    assert any(event.message.startswith("nobody said a word") for event in events_of(outcome))
    assert channels(outcome.run_file)["source meter", "current_A"][-1] == pytest.approx(0.0, abs=1e-6)
    assert outcome.state == "complete"  # the bench itself went on until it was ended


def test_every_quantity_has_limits() -> None:
    station = simulated_station()
    for quantity in Quantity:
        limits = limits_of(quantity, station)
        assert limits.minimum < limits.maximum
