"""The composition root: a station becomes four connected roles and a clock; the one file that knows real and simulated.

On a station file the rack is real, or served over sockets, and so is time. On a simulated sample the rack lives in this
process behind PyVISA, and time is its virtual clock, paced by the wall if a speed is asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from acquisition.clock import PacedClock, RealClock, Wall
from acquisition.safety import Roles
from acquisition.station_file import LockInModel, MagnetModel, SourceMeterModel, Station, TemperatureModel
from instruments.lockin_sr830 import SR830
from instruments.magnet_ami430 import AMI430
from instruments.roles import Clock, Instrument
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.temperature_lakeshore372 import LakeShore372
from simulators.rack import close_rack, open_rack

_LOCK_INS = {LockInModel.SR830: SR830}
_SOURCE_METERS = {SourceMeterModel.KEITHLEY_2400: Keithley2400}
_TEMPERATURE_CONTROLLERS = {TemperatureModel.LAKESHORE_372: LakeShore372}
_MAGNETS = {MagnetModel.AMI_430: AMI430}


_Box = TypeVar("_Box", bound=Instrument)


@dataclass(frozen=True)
class Rack:
    """Four connected roles, the clock that they live by, and the VISA library by which others reach the same boxes."""

    roles: Roles
    clock: Clock
    visa_library: str = ""


@contextmanager
def open_station(station: Station, wall: Wall) -> Iterator[Rack]:
    """Connect the boxes of a real (or served) rack; gives the wires back on leaving, and changes nothing by itself.

    Raises
    ------
    ConnectionFailedError
        If a box is absent, silent, or not the one named; those already connected are closed again.
    """
    with _connected(station, station.station.visa_library, RealClock(wall)) as rack:
        yield rack


@contextmanager
def open_simulated(station: Station, sample: str, seed: int, speed: float | None, wall: Wall) -> Iterator[Rack]:
    """Build the simulated rack with `sample` in it and connect to it as to a real one.

    Parameters
    ----------
    station : Station
        The station to connect with; `station_file.simulated_station` describes this rack.
    sample : str
        A simulated sample's name.
    seed : int
        Seed of its world.
    speed : float or None
        Virtual seconds a wall second; None for as fast as it goes.
    """
    simulated = open_rack(sample, seed)
    clock = simulated.clock if speed is None else PacedClock(simulated.clock, speed, wall)
    try:
        with _connected(station, simulated.visa_library, clock) as rack:
            yield rack
    finally:
        close_rack(simulated)


@contextmanager
def _connected(station: Station, visa_library: str, clock: Clock) -> Iterator[Rack]:
    with ExitStack() as opened:

        def connect(driver: Callable[..., _Box], address: str, **limits: Any) -> _Box:
            box = driver(address, visa_library=visa_library, clock=clock, **limits)
            opened.callback(box.close)
            return box

        contact, cryostat, magnet = station.contact, station.temperature, station.magnet
        roles = Roles(
            lock_in=connect(_LOCK_INS[station.lockin.model], station.lockin.address),
            source=connect(
                _SOURCE_METERS[station.sourcemeter.model],
                station.sourcemeter.address,
                maximum_A=contact.maximum_current_A,
                maximum_V=station.sourcemeter.compliance_V,
                safe_rate_A_per_s=contact.maximum_bias_rate_V_per_s * contact.expected_conductance_S,
            ),
            temperature=connect(
                _TEMPERATURE_CONTROLLERS[cryostat.model],
                cryostat.address,
                channel=cryostat.channel,
                minimum_K=cryostat.minimum_K,
                maximum_K=cryostat.maximum_K,
            ),
            magnet=connect(
                _MAGNETS[magnet.model],
                magnet.address,
                maximum_T=magnet.maximum_T,
                maximum_rate_T_per_min=magnet.rate_T_per_min,
            ),
        )
        yield Rack(roles, clock, visa_library)
