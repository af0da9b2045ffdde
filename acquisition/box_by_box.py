"""What is done box by box, whatever is wrong with another one: to make it safe, and to ask it how it is."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from acquisition.clock import RealClock, Wall
from acquisition.connectors import connectors_of
from acquisition.running.channels import read_magnet
from acquisition.safety import SafeState
from acquisition.station_file import Station
from instruments.errors import InstrumentError
from instruments.lockin_sr830 import SR830
from instruments.lockin_sr860 import SR860
from instruments.magnet_ami430 import AMI430
from instruments.magnet_ips120 import IPS120
from instruments.magnet_mercuryips import MercuryiPS
from instruments.roles import Instrument, MagnetState
from instruments.temperature_itc503 import ITC503
from instruments.temperature_lakeshore336 import LakeShore336
from instruments.temperature_lakeshore372 import LakeShore372


@dataclass(frozen=True)
class SafeStep:
    """What became of one box on the way to idle-safe: nothing in `trouble` if it got there."""

    role: str
    name: str
    trouble: str = ""


def safe_steps(station: Station, wall: Wall, only: Collection[str] | None = None) -> Iterator[SafeStep]:
    """Bring box after box to idle-safe, each on its own: connected, made safe, given back, then the next.

    The source first, since it is what can hurt the contact. No box that is absent, silent or in a bad state keeps the
    next one from being made safe. With `only`, the roles to see to, as `SafeStep.role` names them.
    """
    for role, connect in connectors_of(station, station.station.visa_library, RealClock(wall)).each():
        if only is not None and role not in only:
            continue
        try:
            with closing(connect()) as box:
                box.make_safe()
                yield SafeStep(role, box.name)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one box, the others must be made safe
            yield SafeStep(role, "", str(error) if isinstance(error, InstrumentError) else f"{role}: {error!r}")


def safe_station(station: Station, wall: Wall) -> SafeState:
    """Bring every box that answers to idle-safe and say which did not; see `safe_steps`."""
    steps = list(safe_steps(station, wall))
    return SafeState(
        tuple(step.name for step in steps if not step.trouble), tuple(step.trouble for step in steps if step.trouble)
    )


@dataclass(frozen=True)
class BoxReport:
    """What a box says of itself; `identity` is empty if it could not be connected, `trouble` if all is well."""

    role: str
    identity: str
    reads: Mapping[str, str | float | int | bool]
    trouble: str


def check_boxes(station: Station, wall: Wall) -> list[BoxReport]:
    """Connect to each box on its own, identify it, read its channels and settings; changes nothing."""
    connectors = connectors_of(station, station.station.visa_library, RealClock(wall))
    return [_report(role, connect) for role, connect in connectors.each()]


def _report(role: str, connect: Callable[[], Instrument]) -> BoxReport:
    identity, reads, trouble = "", {}, ""
    try:
        with closing(connect()) as box:
            identity = box.identity
            channels, trouble = _channels(box)
            reads = channels | dict(box.settings())
    except InstrumentError as error:
        trouble = str(error)
    return BoxReport(role, identity, reads, trouble)


def _channels(box: Instrument) -> tuple[dict[str, str | float | int | bool], str]:
    """Return the readings of a box and what is wrong with them; a source meter measures nothing until it is set up."""
    match box:
        case SR830() | SR860():
            lock_in = box.read()
            status = str(lock_in.status.name) if lock_in.status else ""
            return {"x_V": lock_in.x_V, "y_V": lock_in.y_V}, status
        case LakeShore336() | LakeShore372() | ITC503():
            thermometer = box.read()
            return {"temperature_K": thermometer.temperature_K, "age_s": thermometer.age_s}, thermometer.fault
        case AMI430() | IPS120() | MercuryiPS():
            magnet = read_magnet(box)
            quench = "the magnet has quenched" if magnet.word == MagnetState.QUENCH.value else ""
            return dict(magnet.channels) | {"state": magnet.word}, quench
        case _:
            return {}, ""
