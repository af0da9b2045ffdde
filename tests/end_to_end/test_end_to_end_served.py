"""The rack in another process, as a laboratory has it: any client at its sockets, and engines that die beside it.

What must hold after a death is read from the served world itself, never from a driver.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymeasure.instruments.ami import AMI430
from pymeasure.instruments.keithley import Keithley2400
from pymeasure.instruments.srs import SR830

from acquisition.clock import RealClock, WallClock
from acquisition.run_reader import RunFileReader
from acquisition.terminal.rack_commands import ask_served
from instruments.errors import CommunicationError
from instruments.lockin_sr830 import SR830 as OurSR830

ROOT = Path(__file__).parents[2]
STATION = ROOT / "acquisition" / "stations" / "simulated.toml"
ADDRESSES = {
    "SR830": "GPIB0::8::INSTR",
    "Keithley2400": "GPIB0::24::INSTR",
    "LakeShore372": "GPIB0::12::INSTR",
    "AMI430": "TCPIP0::ami430::7180::SOCKET",
}
DEAD_PORT = "TCPIP0::127.0.0.1::9::SOCKET"
WALL = WallClock()

RECIPE = """
[run]
name = "short"
sample = "cu1"
[[series]]
temperatures_K = [4.0]
fields_T = [FIELD]
[bias]
maximum_V = 3e-3
points = 41
dense_V = 1e-3
[lockin]
time_constant_s = 0.01
[settling]
temperature_band_fraction = 0.2
temperature_drift_fraction_per_10min = 100.0
dwell_above_1K_s = 0.5
temperature_deadline_s = 30.0
field_dwell_s = 0.5
anchor_gap_s = 0.2
anchor_agreement_sigma = 100.0
jump_settle_s = 0.1
"""

QUICKLY_ALARMED = """
import functools, sys
from acquisition import cli, guard
guard.start_guard = functools.partial(guard.start_guard, hang_s=3.0)
sys.exit(cli.main(sys.argv[1:]))
"""

FAILING = """
import sys
from pathlib import Path
from acquisition import cli
from acquisition.running.bias_walk import BiasWalk
measure = BiasWalk.measure
def failing(walk, place):
    if place == 12:
        Path("MARK").touch()
        raise ZeroDivisionError("a fault of our own")
    return measure(walk, place)
BiasWalk.measure = failing
sys.exit(cli.main(sys.argv[1:]))
"""


def wait_for(is_so: Callable[[], object], patience_s: float) -> float:
    """Wait until something is so, and return how long it took."""
    start_s = WALL.monotonic_s()
    while not is_so():
        assert WALL.monotonic_s() - start_s < patience_s, f"not so within {patience_s} s"
        WALL.sleep(0.02)
    return WALL.monotonic_s() - start_s


class Laboratory:
    """A served rack, a folder, and engines that are started in it."""

    def __init__(
        self, folder: Path, addresses: dict[str, str], control: str, environment: dict[str, str], server_pid: int = 0
    ) -> None:
        self.server_pid = server_pid
        self.folder = folder
        self.addresses = addresses
        self.control = control
        self.environment = environment
        self.engines: list[subprocess.Popen[str]] = []

    def state(self) -> dict[str, Any]:
        return ask_served({"do": "state"}, self.control)

    def is_safe(self) -> bool:
        state = self.state()
        return abs(state["source_current_A"]) < 1e-6 and state["oscillator_Vrms"] < 4.1e-3

    def station(self, **other: str) -> Path:
        text = STATION.read_text(encoding="utf-8")
        for model, address in ADDRESSES.items():
            text = text.replace(address, other.get(model, self.addresses[model]))
        text = text.replace('name = "simulated"', 'name = "served"\nvisa_library = "@py"')
        path = self.folder / "station.toml"
        path.write_text(text.replace("read_overhead_s = 0.2", "read_overhead_s = 0.1"), encoding="utf-8")
        return path

    def command(self, *words: str, status: int = 0) -> tuple[dict[str, Any], str]:
        """Run a command to its end and return its JSON and what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "acquisition", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}, done.stderr

    def start_engine(self, *program: str, field_T: float = 0.0) -> subprocess.Popen[str]:
        recipe = self.folder / "short.toml"
        recipe.write_text(RECIPE.replace("FIELD", str(field_T)), encoding="utf-8")
        words = ["run", str(recipe), "--station", str(self.station()), "--yes", "--out", str(self.folder)]
        engine = subprocess.Popen(
            [sys.executable, *(program or ("-m", "acquisition")), *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.engines.append(engine)
        return engine

    def wait_for_bias(self) -> None:
        wait_for(lambda: abs(self.state()["source_current_A"]) > 5e-5, 40.0)

    def run_file(self) -> Path:
        (found,) = self.folder.glob("*.zerobias.sqlite")
        return found

    def events(self) -> list[str]:
        with RunFileReader(self.run_file()) as reader:
            return [event.message for event in reader.events() if event.kind == "guard"]

    def happened(self, kind: str) -> bool:
        with RunFileReader(self.run_file()) as reader:
            return any(event.kind == kind for event in reader.events())

    def run_state(self) -> str:
        with RunFileReader(self.run_file()) as reader:
            return reader.header()["state"]


@contextmanager
def laboratory(folder: Path, *options: str, is_killed: bool = False) -> Iterator[Laboratory]:
    environment = os.environ | {"XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    server = subprocess.Popen(
        [sys.executable, "-m", "acquisition", "serve", "cu1", "--json", *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    addresses = json.loads(server.stdout.readline())
    known = json.loads((folder / "zerobias" / "served" / f"{server.pid}.json").read_text(encoding="utf-8"))
    opened = Laboratory(folder, addresses, known["control"], environment, server.pid)
    try:
        yield opened
    finally:
        for engine in opened.engines:
            engine.terminate()  # a kill would leave a guard that looks for its rack for minutes
            engine.wait(30)
        server.send_signal(signal.SIGTERM)
        _, complaints = server.communicate(timeout=10)
        assert is_killed or (server.returncode, complaints) == (0, "")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("bench")) as opened:
        yield opened


@pytest.fixture
def quick_bench(tmp_path: Path) -> Iterator[Laboratory]:
    with laboratory(tmp_path, "--speed", "10") as opened:
        yield opened


# --- clients of others ---


def test_every_model_has_a_loopback_address(bench: Laboratory) -> None:
    assert set(bench.addresses) == set(ADDRESSES)
    assert all(address.startswith("TCPIP0::127.0.0.1::") for address in bench.addresses.values())


def test_server_listens_on_this_machine_only(bench: Laboratory) -> None:
    listening = [
        one.laddr.ip
        for one in psutil.Process(bench.server_pid).net_connections(kind="inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= len(ADDRESSES)
    assert set(listening) == {"127.0.0.1"}


def test_stock_lock_in_driver_reads_the_contact(bench: Laboratory) -> None:
    lock_in = SR830(bench.addresses["SR830"], visa_library="@py", read_termination="\n", write_termination="\n")
    lock_in.frequency, lock_in.time_constant, lock_in.input_config = 137.7, 0.01, "A - B"
    lock_in.sine_voltage, lock_in.sensitivity = 1.0, 20e-3
    WALL.sleep(0.3)
    # 1 V over 100 kohm through about 9.1 ohm, times 100
    assert lock_in.x == pytest.approx(9.1e-3, rel=0.03)
    lock_in.sine_voltage = 0.004
    lock_in.adapter.close()


def test_stock_source_meter_driver_sources_and_measures(bench: Laboratory) -> None:
    source = Keithley2400(
        bench.addresses["Keithley2400"], visa_library="@py", read_termination="\n", write_termination="\n"
    )
    source.source_mode = "current"
    source.source_current_range = 1e-3
    source.compliance_voltage = 12.0
    source.enable_source()
    source.source_current = 2e-4
    WALL.sleep(0.2)
    assert source.measure_all()["voltage"] == pytest.approx(2e-4 * 10_013.0, rel=5e-3)
    assert bench.state()["source_current_A"] == pytest.approx(2e-4, abs=3e-7)
    source.source_current = 0.0
    source.disable_source()
    assert source.check_errors() == []
    source.adapter.close()


def test_stock_magnet_driver_is_greeted_and_ramps(bench: Laboratory) -> None:
    magnet = AMI430(bench.addresses["AMI430"], visa_library="@py")
    magnet.write("CONF:FIELD:UNITS 0")
    magnet.ramp_rate_current = 0.1
    magnet.target_current = 1.0
    magnet.ramp()
    WALL.sleep(0.3)
    assert magnet.magnet_status == "RAMPING"
    assert 0.01 < float(magnet.ask("CURR:MAG?")) < 0.5
    magnet.pause()
    magnet.adapter.close()


# --- check, safe, fault ---


def test_check_reads_every_box_and_changes_nothing(bench: Laboratory) -> None:
    before = bench.state()
    reports, _ = bench.command("check", "--station", str(bench.station()), "--json")
    assert [bool(report["identity"]) for report in reports.values()] == [True] * 4
    assert not any(report["trouble"] for report in reports.values())
    assert reports["temperature controller"]["reads"]["temperature_K"] == pytest.approx(4.0, abs=0.4)
    after = bench.state()
    for quantity in ("source_current_A", "oscillator_Vrms", "field_T"):
        assert after[quantity] == pytest.approx(before[quantity], abs=1e-9)


def test_safe_turns_everything_down(bench: Laboratory) -> None:
    lock_in = SR830(bench.addresses["SR830"], visa_library="@py", read_termination="\n", write_termination="\n")
    lock_in.sine_voltage = 1.0
    lock_in.adapter.close()
    done, said = bench.command("safe", "--station", str(bench.station()), "--json")
    assert (len(done["safe"]), done["unreachable"]) == (4, [])
    assert bench.is_safe()
    assert "warning" not in said.lower()


@pytest.mark.parametrize("model", ADDRESSES)
def test_one_missing_box_is_named_and_the_others_are_made_safe(bench: Laboratory, model: str) -> None:
    done, _ = bench.command("safe", "--station", str(bench.station(**{model: DEAD_PORT})), "--json", status=4)
    assert len(done["safe"]) == 3
    (unreachable,) = done["unreachable"]
    assert DEAD_PORT in unreachable


def test_fault_is_switched_from_another_terminal(bench: Laboratory) -> None:
    _, said = bench.command("fault", "dead-session", "--box", "LakeShore372", "--for", "5")
    assert "dead-session at" in said
    reports, _ = bench.command("check", "--station", str(bench.station()), "--json", status=4)
    assert "Lake Shore 372" in reports["temperature controller"]["trouble"]
    assert reports["magnet"]["trouble"] == ""


def test_unknown_fault_is_refused_with_the_known_ones_named(bench: Laboratory) -> None:
    _, said = bench.command("fault", "flood", status=2)
    assert "no fault 'flood'" in said
    assert "lost-reply" in said


def test_fault_without_a_served_rack_says_how_to_serve_one(bench: Laboratory, tmp_path: Path) -> None:
    elsewhere = Laboratory(tmp_path, {}, "", bench.environment | {"XDG_STATE_HOME": str(tmp_path)})
    _, said = elsewhere.command("fault", "quench", status=2)
    assert "zerobias serve" in said


# --- death and hang of the engine ---


def test_rack_that_goes_away_is_an_error_and_no_hang(tmp_path: Path) -> None:
    with pytest.raises(CommunicationError), laboratory(tmp_path, is_killed=True) as served:
        lock_in = OurSR830(served.addresses["SR830"], visa_library="@py", clock=RealClock(WALL))
        psutil.Process(served.server_pid).kill()
        start_s = WALL.monotonic_s()
        try:
            lock_in.read()
        finally:
            assert WALL.monotonic_s() - start_s < 15.0
            lock_in.close()


def test_killed_engine_leaves_the_rack_safe_and_the_run_interrupted(quick_bench: Laboratory) -> None:
    engine = quick_bench.start_engine()
    quick_bench.wait_for_bias()
    engine.kill()
    # 3 s, and 3 mV at 1 mV/s
    took_s = wait_for(quick_bench.is_safe, 3.0 + 3.0)
    wait_for(lambda: quick_bench.run_state() == "interrupted", 5.0)
    wait_for(lambda: not quick_bench.run_file().with_name(quick_bench.run_file().name + "-wal").exists(), 5.0)
    log = quick_bench.run_file().with_name(quick_bench.run_file().name + ".guard.log").read_text(encoding="utf-8")
    assert [line.count("idle-safe") for line in log.splitlines()].count(1) == 4, log
    assert any("the engine died" in message for message in quick_bench.events())
    sys.stdout.write(f"death to safe: {took_s:.2f} s\n")


def test_killed_engine_leaves_the_field_where_it_is(tmp_path: Path) -> None:
    with laboratory(tmp_path) as laboratory_:
        engine = laboratory_.start_engine(field_T=0.5)
        wait_for(lambda: laboratory_.state()["field_rate_T_per_s"] > 0.0, 40.0)
        engine.kill()
        took_s = wait_for(lambda: laboratory_.state()["field_rate_T_per_s"] == 0.0, 3.0)
        held_T = laboratory_.state()["field_T"]
        WALL.sleep(0.5)
        assert 0.0 < laboratory_.state()["field_T"] == held_T
        sys.stdout.write(f"death to field held: {took_s:.2f} s\n")


def test_hanging_engine_is_killed_and_the_rack_made_safe(quick_bench: Laboratory) -> None:
    engine = quick_bench.start_engine("-c", QUICKLY_ALARMED)
    quick_bench.wait_for_bias()
    engine.send_signal(signal.SIGSTOP)
    took_s = wait_for(quick_bench.is_safe, 3.0 + 3.0 + 3.0)
    assert engine.wait(10) == -signal.SIGKILL
    wait_for(lambda: any("no heartbeat" in message for message in quick_bench.events()), 5.0)
    sys.stdout.write(f"hang to safe: {took_s:.2f} s, of which 3 s are the alarm\n")


def test_engine_that_fails_by_a_fault_of_our_own_leaves_the_rack_safe(quick_bench: Laboratory, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    engine = quick_bench.start_engine("-c", FAILING.replace("MARK", str(mark)))
    wait_for(mark.exists, 40.0)
    took_s = wait_for(quick_bench.is_safe, 3.0 + 3.0)
    assert engine.wait(10) == 1
    assert quick_bench.run_state() == "failed"
    assert quick_bench.happened("traceback")
    sys.stdout.write(f"unhandled exception to safe: {took_s:.2f} s\n")


@pytest.mark.parametrize("fault", ["lost-reply", "dead-session"])
def test_wire_that_carries_nothing_makes_the_rest_of_the_rack_safe(quick_bench: Laboratory, fault: str) -> None:
    engine = quick_bench.start_engine()
    quick_bench.wait_for_bias()
    quick_bench.command("fault", fault, "--box", "LakeShore372", "--for", "1000")  # of the rack: 100 s of ours
    wait_for(lambda: quick_bench.happened("recovering"), 20.0)
    took_s = wait_for(quick_bench.is_safe, 3.0 + 3.0)
    engine.send_signal(signal.SIGTERM)
    assert engine.wait(40) in (4, 5)
    assert quick_bench.is_safe()
    sys.stdout.write(f"{fault} to safe: {took_s:.2f} s after its detection\n")


def test_rack_with_an_engine_at_it_is_neither_checked_nor_made_safe_nor_measured_with(quick_bench: Laboratory) -> None:
    engine = quick_bench.start_engine()
    quick_bench.wait_for_bias()
    recipe = str(quick_bench.folder / "short.toml")
    for command in (["check"], ["safe"], ["run", recipe, "--yes", "--out", str(quick_bench.folder)]):
        _, said = quick_bench.command(*command, "--station", str(quick_bench.station()), status=2)
        assert f"process {engine.pid}" in said
    assert engine.poll() is None


def test_killed_guard_is_replaced_and_the_run_goes_on(quick_bench: Laboratory) -> None:
    engine = quick_bench.start_engine()
    quick_bench.wait_for_bias()
    (guard,) = psutil.Process(engine.pid).children()
    guard.kill()
    wait_for(lambda: [child.pid for child in psutil.Process(engine.pid).children()] not in ([], [guard.pid]), 10.0)
    quick_bench.wait_for_bias()
    assert engine.poll() is None


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_run_that_is_stopped_ends_safe_and_sends_its_guard_home(quick_bench: Laboratory, name: str) -> None:
    engine = quick_bench.start_engine()
    quick_bench.wait_for_bias()
    guards = psutil.Process(engine.pid).children()
    engine.send_signal(signal.Signals[name])
    took_s = wait_for(quick_bench.is_safe, 3.0 + 3.0)
    assert engine.wait(30) == 5
    assert quick_bench.is_safe()
    assert quick_bench.run_state() == "aborted"
    sys.stdout.write(f"{name} to safe: {took_s:.2f} s\n")
    psutil.wait_procs(guards, timeout=5)
    assert not any(guard.is_running() for guard in guards)
    assert not list(quick_bench.folder.glob("*.guard.log"))
