"""The composition root: a station becomes four connected roles and a clock; the one file that knows real and simulated.

On a station file the rack is real, or served over sockets, and so is time. On a simulated sample the rack lives in this
process behind PyVISA, and time is its virtual clock, paced by the wall if a speed is asked for.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from acquisition.clock import PacedClock, RealClock, Wall
from acquisition.connectors import connectors_of
from acquisition.running.command_file import CommandRefusedError
from acquisition.running.rehearsal import Simulation
from acquisition.safety import Roles
from acquisition.station_file import CircuitKind, CircuitSection, Station
from instruments.roles import Clock, Instrument
from instruments.transport import WriteObserver
from instruments.visa_adapter import TIMEOUT_S
from simulators.control import book_fault, switch_fault
from simulators.fault_panel import RefusedFaultError
from simulators.rack import START_K, Circuit, Options, Switch, close_rack, open_rack
from simulators.rack import Rack as SimulatedRack

LONGEST_TIMEOUT_S = TIMEOUT_S
"""Longest wait for one reply of any box."""

_Box = TypeVar("_Box", bound=Instrument)


@dataclass(frozen=True)
class Rack:
    """Four connected roles, the clock that they live by, and the VISA library by which others reach the same boxes.

    `simulation` has the handles of a simulated rack; a real one has none.
    """

    roles: Roles
    clock: Clock
    visa_library: str = ""
    simulation: Simulation | None = None


@dataclass(frozen=True)
class BenchRack:
    """A rack whose boxes are connected to one by one: connectors by role, in the order in which boxes are made safe."""

    connectors: Mapping[str, Callable[[], Instrument]]
    clock: Clock
    simulation: Simulation | None = None


@dataclass(frozen=True)
class Start:
    """Where a simulated world goes on: its time, and the temperature (None: not known) and field last seen."""

    time_s: float
    temperature_K: float | None
    field_T: float


@contextmanager
def open_station(station: Station, wall: Wall, *, on_write: WriteObserver | None = None) -> Iterator[Rack]:
    """Connect the boxes of a real (or served) rack; gives the wires back on leaving, and changes nothing by itself.

    Told of every message that changes a box: `on_write`.

    Raises
    ------
    ConnectionFailedError
        If a box is absent, silent, or not the one named; those already connected are closed again.
    """
    with _connected(station, station.station.visa_library, RealClock(wall), on_write) as rack:
        yield rack


@contextmanager
def open_simulated(
    station: Station,
    sample: str,
    seed: int,
    speed: float | None,
    wall: Wall,
    *,
    start: Start | None = None,
    dummy_ohm: float | None = None,
    on_write: WriteObserver | None = None,
) -> Iterator[Rack]:
    """Build the simulated rack with `sample` in it and connect to it as to a real one.

    Parameters
    ----------
    station : Station
        The station to connect with. The rack has its models, in the places where the simulated ones stand, and its
        circuit, about; `station_file.simulated_station` describes the usual one.
    sample : str
        A simulated sample's name.
    seed : int
        Seed of its world.
    speed : float or None
        Virtual seconds a wall second; None for as fast as it goes.
    start : Start, optional
        Where its world goes on; a fresh one if left out.
    dummy_ohm : float, optional
        A resistor in the place of the sample.
    on_write : callable, optional
        Told of every message that changes a box.
    """
    with _simulated(station, sample, seed, start or Start(0.0, None, 0.0), dummy_ohm) as simulated:
        clock = PacedClock(simulated.clock, speed, wall)
        with _connected(_moved(station, simulated.models), simulated.visa_library, clock, on_write) as rack:
            yield replace(rack, simulation=_SimulatedWorld(simulated, clock))


@contextmanager
def _simulated(
    station: Station, sample: str, seed: int, start: Start, dummy_ohm: float | None = None
) -> Iterator[SimulatedRack]:
    """Build the simulated rack that a station describes, and forget it on leaving."""
    simulated = open_rack(
        sample,
        seed,
        simulated_models(station),
        start_s=start.time_s,
        start_K=START_K if start.temperature_K is None else start.temperature_K,
        start_T=start.field_T,
        options=replace(simulated_options(station), dummy_ohm=dummy_ohm),
    )
    try:
        yield simulated
    finally:
        close_rack(simulated)


@dataclass(frozen=True)
class _SimulatedWorld:
    """Fills `acquisition.running.rehearsal.Simulation`."""

    rack: SimulatedRack
    clock: PacedClock

    def switch_fault(self, request: Mapping[str, Any]) -> None:
        try:
            switch_fault(self.rack, request)
        except RefusedFaultError as error:
            raise CommandRefusedError(str(error)) from error

    def book_fault(self, time_s: float, request: Mapping[str, Any]) -> None:
        try:
            book_fault(self.rack, time_s, request)
        except RefusedFaultError as error:
            raise CommandRefusedError(str(error)) from error

    def set_speed(self, factor: float | None) -> None:
        self.clock.set_factor(factor)


@contextmanager
def open_station_bench(station: Station, wall: Wall, *, on_write: WriteObserver | None = None) -> Iterator[BenchRack]:
    """Make ready to connect to the boxes of a real (or served) rack one by one; connects to none."""
    clock = RealClock(wall)
    yield BenchRack(dict(connectors_of(station, station.station.visa_library, clock, on_write).each()), clock)


@contextmanager
def open_simulated_bench(
    station: Station, sample: str, seed: int, speed: float | None, wall: Wall, *, on_write: WriteObserver | None = None
) -> Iterator[BenchRack]:
    """Build the simulated rack as `open_simulated` does, and make ready to connect to its boxes one by one."""
    with _simulated(station, sample, seed, Start(0.0, None, 0.0)) as simulated:
        clock = PacedClock(simulated.clock, speed, wall)
        connectors = connectors_of(_moved(station, simulated.models), simulated.visa_library, clock, on_write)
        yield BenchRack(dict(connectors.each()), clock, _SimulatedWorld(simulated, clock))


def simulated_options(station: Station) -> Options:
    """Return what a station says of its simulated rack, besides its boxes."""
    said = station.simulation
    return Options(
        remanence_T=said.remanence_T,
        thermometer_shift_per_T=said.thermometer_shift_per_T,
        switch=Switch() if said.persistent_switch else None,
        circuit=_circuit(station.circuit),
        eddy_W_per_T2_s2=said.eddy_W_per_T2_s2,
        insert=said.insert,
    )


def simulated_models(station: Station) -> tuple[str, ...]:
    """Return the models of a station's boxes, as a simulated rack knows them."""
    return tuple(getattr(station, role).model.value for role in station.addresses)


def _moved(station: Station, addresses: Mapping[str, str]) -> Station:
    """Return the station with its boxes where a simulated rack has them; `addresses` by model."""
    boxes = {role: getattr(station, role) for role in station.addresses}
    moved = {role: box.model_copy(update={"address": addresses[box.model.value]}) for role, box in boxes.items()}
    return station.model_copy(update=moved)


def _circuit(section: CircuitSection) -> Circuit:
    """Return a station's circuit as a simulated rack knows it; that one always has the low-pass."""
    common = {field.name: getattr(section, field.name) for field in fields(Circuit) if hasattr(section, field.name)}
    return Circuit(
        **common
        | {
            "divider_ohm": section.divider_ohm or math.inf,
            "is_two_wire": section.kind is CircuitKind.CURRENT_BIAS_2_WIRE,
            "filter_Hz": section.filter_Hz or Circuit().filter_Hz,
        }
    )


@contextmanager
def _connected(station: Station, visa_library: str, clock: Clock, on_write: WriteObserver | None) -> Iterator[Rack]:
    with ExitStack() as opened:

        def connect(connector: Callable[[], _Box]) -> _Box:
            box = connector()
            opened.callback(box.close)
            return box

        connectors = connectors_of(station, visa_library, clock, on_write)
        roles = Roles(
            lock_in=connect(connectors.lock_in),
            source=connect(connectors.source),
            temperature=connect(connectors.temperature),
            magnet=connect(connectors.magnet),
            voltmeter=connect(connectors.voltmeter) if connectors.voltmeter else None,
        )
        yield Rack(roles, clock, visa_library)
