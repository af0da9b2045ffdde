"""Racks of simulated instruments: one world, one clock, one box a role at its address.

`open_rack` makes a fresh one under a name of its own, with the usual four boxes or with others from `BOXES`. A VISA
client that only knows a sample's name gets that sample's standing rack (`find_rack`), seed 1, made at the first call
and kept until closed.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from simulators.circuit import Circuit
from simulators.clock import VirtualClock
from simulators.cryogenics import helium3_insert, helium4_insert, refrigerator
from simulators.cryogenics.cryostat import EDDY_W_PER_T2_S2, Cryostat
from simulators.cryogenics.helium_bath import HeliumBath
from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.magnet_circuit import Switch
from simulators.cryogenics.regulation import Insert
from simulators.dialect import Box
from simulators.faults import Wire
from simulators.lockin_sr830 import SR830
from simulators.lockin_sr860 import SR860
from simulators.magnet_ami430 import AMI430
from simulators.magnet_ips120 import IPS120, Variant
from simulators.magnet_mercuryips import LevelBoard, MercuryiPS
from simulators.sample import dummy_resistor, make_contact, samples
from simulators.sourcemeter_keithley2400 import Keithley2400
from simulators.sourcemeter_keithley2450 import Keithley2450
from simulators.sourcemeter_yokogawags200 import YokogawaGS200
from simulators.temperature_itc503 import ITC503
from simulators.temperature_lakeshore336 import LakeShore336
from simulators.temperature_lakeshore372 import LakeShore372
from simulators.voltmeter_keithley2182a import Keithley2182A
from simulators.wiring import FOUR_WIRE_CURRENT_BIAS, Wiring
from simulators.world import World

BACKEND: Final = "zerobias"
START_K: Final = 4.2

LOCKIN_ADDRESS: Final = "GPIB0::8::INSTR"
SOURCEMETER_ADDRESS: Final = "GPIB0::24::INSTR"
TEMPERATURE_ADDRESS: Final = "GPIB0::12::INSTR"
MAGNET_ADDRESS: Final = "TCPIP0::ami430::7180::SOCKET"
VOLTMETER_ADDRESS: Final = "GPIB0::7::INSTR"
IPS120_ADDRESS: Final = "GPIB0::25::INSTR"
MERCURY_ADDRESS: Final = "TCPIP0::mercury::7020::SOCKET"
LEVEL_BOARD: Final = "DB5.L1"


@dataclass(frozen=True, slots=True)
class Options:
    """What is not ideal about a rack, or fitted besides the usual; nothing if left out.

    Attributes
    ----------
    remanence_T
        Largest remanent field of the magnet; a few millitesla are class-typical.
    thermometer_shift_per_T
        How much the sample's thermometer reads too low in a field, as a fraction of T a tesla; 0.01 is class-typical
        for ruthenium oxide without correction.
    switch
        The persistent switch of a magnet on an AMI 430, which has none as a rule; the other supplies' magnets have one
        anyhow.
    circuit
        How the contact is wired.
    dummy_ohm
        A resistor in the place of the sample.
    eddy_W_per_T2_s2
        Heat of a ramp on the sample stage, over the square of its rate in tesla per second.
    insert
        The refrigerator, one of `INSERTS`; None for the one that the temperature controller comes with.
    """

    remanence_T: float = 0.0
    thermometer_shift_per_T: float = 0.0
    switch: Switch | None = None
    circuit: Circuit = FOUR_WIRE_CURRENT_BIAS
    dummy_ohm: float | None = None
    eddy_W_per_T2_s2: float = EDDY_W_PER_T2_S2
    insert: str | None = None


IDEAL: Final = Options()

INSERTS: Final[Mapping[str, Insert]] = {"dilution": refrigerator, "helium3": helium3_insert, "helium4": helium4_insert}
"""Every refrigerator there is."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the boxes of one rack share: clock, world with its cryostat, coil and bath, the seed and the options."""

    clock: VirtualClock
    world: World
    cryostat: Cryostat
    coil: MagnetCoil
    bath: HeliumBath
    seed: int
    options: Options = IDEAL


@dataclass(frozen=True, slots=True)
class Fitting:
    """A model that a rack can hold.

    Attributes
    ----------
    address
        Where it stands, one address a role.
    make
        How it is made.
    instead_of
        Address of the usual box of its role, if it stands elsewhere.
    insert
        The refrigerator that a temperature controller comes with.
    """

    address: str
    make: Callable[[Parts], Box]
    instead_of: str = ""
    insert: Insert = refrigerator


BOXES: Final[dict[str, Fitting]] = {
    "SR830": Fitting(LOCKIN_ADDRESS, lambda parts: SR830(parts.clock, parts.world, parts.seed)),
    "SR860": Fitting(LOCKIN_ADDRESS, lambda parts: SR860(parts.clock, parts.world, parts.seed)),
    "SR865A": Fitting(LOCKIN_ADDRESS, lambda parts: SR860(parts.clock, parts.world, parts.seed, "SR865A")),
    "Keithley2400": Fitting(SOURCEMETER_ADDRESS, lambda parts: Keithley2400(parts.clock, parts.world, parts.seed)),
    "Keithley2450": Fitting(SOURCEMETER_ADDRESS, lambda parts: Keithley2450(parts.clock, parts.world, parts.seed)),
    "YokogawaGS200": Fitting(SOURCEMETER_ADDRESS, lambda parts: YokogawaGS200(parts.clock, parts.world, parts.seed)),
    "Keithley2182A": Fitting(VOLTMETER_ADDRESS, lambda parts: Keithley2182A(parts.clock, parts.world, parts.seed)),
    "LakeShore372": Fitting(TEMPERATURE_ADDRESS, lambda parts: LakeShore372(*_thermal(parts))),
    "LakeShore336": Fitting(TEMPERATURE_ADDRESS, lambda parts: LakeShore336(*_thermal(parts)), insert=helium3_insert),
    "ITC503": Fitting(TEMPERATURE_ADDRESS, lambda parts: ITC503(*_thermal(parts)), insert=helium4_insert),
    "AMI430": Fitting(MAGNET_ADDRESS, lambda parts: AMI430(parts.clock, parts.coil, parts.options.switch)),
    "IPS120": Fitting(IPS120_ADDRESS, lambda parts: _ips(parts, Variant.IPS120_10), instead_of=MAGNET_ADDRESS),
    "PS120": Fitting(IPS120_ADDRESS, lambda parts: _ips(parts, Variant.PS120_10), instead_of=MAGNET_ADDRESS),
    "MercuryiPS": Fitting(
        MERCURY_ADDRESS,
        lambda parts: _mercury(parts),
        instead_of=MAGNET_ADDRESS,
    ),
    "MercuryiPSLegacy": Fitting(IPS120_ADDRESS, lambda parts: _ips(parts, Variant.MERCURY), instead_of=MAGNET_ADDRESS),
}
"""Every model there is a simulator for."""

MODELS: Final = {model: BOXES[model].address for model in ("SR830", "Keithley2400", "LakeShore372", "AMI430")}
"""The models in a rack of which nothing else is asked -> where they are found."""


def _thermal(parts: Parts) -> tuple[VirtualClock, Cryostat, int, float]:
    return parts.clock, parts.cryostat, parts.seed, parts.options.thermometer_shift_per_T


def _ips(parts: Parts, variant: Variant) -> IPS120:
    return IPS120(parts.clock, parts.coil, parts.options.switch or Switch(), variant)


def _mercury(parts: Parts) -> MercuryiPS:
    boards = {LEVEL_BOARD: LevelBoard(parts.clock, parts.bath)}
    return MercuryiPS(parts.clock, {"Z": parts.coil}, parts.options.switch or Switch(), level_boards=boards)


class UnknownRackError(Exception):
    """No rack and no sample of this name."""


class UnknownModelError(Exception):
    """No simulator for this model."""


@dataclass(frozen=True, slots=True)
class Rack:
    """A simulated rack.

    Attributes
    ----------
    name
        Unique among the open racks.
    clock
        The virtual time of everything in it.
    world
        The truth behind the boxes.
    cryostat, coil, bath
        Its parts that have states and faults of their own.
    boxes
        VISA address -> box.
    wires
        VISA address -> cable to it.
    models
        Model -> VISA address.
    undo
        What takes back the faults that were switched on; each does so once.
    """

    name: str
    clock: VirtualClock
    world: World
    cryostat: Cryostat
    coil: MagnetCoil
    bath: HeliumBath
    boxes: Mapping[str, Box]
    wires: Mapping[str, Wire]
    models: Mapping[str, str]
    undo: list[Callable[[], None]] = field(default_factory=list)

    @property
    def visa_library(self) -> str:
        """Return what `pyvisa.ResourceManager` takes to reach this rack."""
        return f"{self.name}@{BACKEND}"


# PyVISA hands a backend nothing but a name, so names must lead to racks
_open_racks: dict[str, Rack] = {}
_numbers = itertools.count(1)


def open_rack(
    sample: str,
    seed: int = 1,
    models: Sequence[str] = (),
    *,
    start_s: float = 0.0,
    start_K: float = START_K,
    start_T: float = 0.0,
    options: Options = IDEAL,
) -> Rack:
    """Make a rack with a fresh world, or with one that goes on where another stopped: same seed, later.

    Parameters
    ----------
    sample
        What is in the cryostat.
    seed
        Of the world and the boxes.
    models
        Boxes from `BOXES`, each in the place of the usual one of its role, or besides the usual ones.
    start_s, start_K, start_T
        Time, temperature and field at which the world goes on; the boxes have just been switched on.
    options
        What is not ideal about it.

    Raises
    ------
    UnknownRackError
        If there is no such sample.
    UnknownModelError
        If there is no simulator for one of the models.
    """
    rack = _make_rack(f"{sample}#{next(_numbers)}", sample, seed, models, start_s, start_K, start_T, options)
    _open_racks[rack.name] = rack
    return rack


def find_rack(name: str) -> Rack:
    """Return the open rack of this name, or the standing rack of the sample of this name.

    Raises
    ------
    UnknownRackError
        If there is neither.
    """
    if name not in _open_racks:
        _open_racks[name] = _make_rack(name, name, seed=1)
    return _open_racks[name]


def close_rack(rack: Rack) -> None:
    """Forget a rack; may be called twice."""
    _open_racks.pop(rack.name, None)


def _make_rack(
    name: str,
    sample: str,
    seed: int,
    models: Sequence[str] = (),
    start_s: float = 0.0,
    start_K: float = START_K,
    start_T: float = 0.0,
    options: Options = IDEAL,
) -> Rack:
    if sample not in samples():
        raise UnknownRackError(f"no simulated sample or open rack is named {sample!r}; known: {', '.join(samples())}")
    if strangers := [model for model in models if model not in BOXES]:
        raise UnknownModelError(f"there is no simulated {strangers[0]!r}; there are {', '.join(BOXES)}")
    clock = VirtualClock(start_s)
    model_at = _placed(models)
    insert = INSERTS[options.insert] if options.insert else BOXES[model_at[TEMPERATURE_ADDRESS]].insert
    start_s = clock.now_s()  # in whole nanoseconds, as all inputs
    cryostat = Cryostat(seed, start_K, insert, start_s, options.eddy_W_per_T2_s2)
    coil = MagnetCoil(seed, options.remanence_T, start_T)
    coil.watch(cryostat.feel_ramp)
    bath = HeliumBath(start_s, start_T)
    coil.watch_field(bath.feel_field)
    if options.thermometer_shift_per_T:
        coil.watch_field(cryostat.feel_field)
    contact = make_contact(sample, seed) if options.dummy_ohm is None else dummy_resistor(options.dummy_ohm)
    parts = Parts(
        clock,
        World(contact, Wiring(seed, options.circuit), cryostat, coil),
        cryostat,
        coil,
        bath,
        seed,
        options,
    )
    boxes = {address: BOXES[model].make(parts) for address, model in model_at.items()}
    generators = np.random.default_rng(seed).spawn(len(boxes))
    wires = {address: Wire(generator) for address, generator in zip(boxes, generators, strict=True)}
    placed = {model: address for address, model in model_at.items()}
    return Rack(name, clock, parts.world, cryostat, coil, bath, boxes, wires, placed)


def _placed(models: Sequence[str]) -> dict[str, str]:
    """Return address -> model of the usual boxes, with others in their places or besides them."""
    model_at = {BOXES[model].address: model for model in (*MODELS, *models)}
    for model in models:
        model_at.pop(BOXES[model].instead_of, None)
    return model_at
