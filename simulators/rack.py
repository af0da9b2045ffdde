"""Racks of simulated instruments: one world, one clock, four boxes at their addresses.

`open_rack` makes a fresh one under a name of its own. A VISA client that only knows a sample's name gets that sample's
standing rack (`find_rack`), seed 1, made at the first call and kept until closed.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.clock import VirtualClock
from simulators.cryostat import Cryostat
from simulators.dialect import Box
from simulators.faults import Wire
from simulators.lockin_sr830 import SR830
from simulators.magnet import MagnetCoil
from simulators.magnet_ami430 import AMI430
from simulators.sample import make_contact, samples
from simulators.sourcemeter_keithley2400 import Keithley2400
from simulators.temperature_lakeshore372 import LakeShore372
from simulators.wiring import Wiring
from simulators.world import World

BACKEND: Final = "zerobias"
START_K: Final = 4.2

LOCKIN_ADDRESS: Final = "GPIB0::8::INSTR"
SOURCEMETER_ADDRESS: Final = "GPIB0::24::INSTR"
TEMPERATURE_ADDRESS: Final = "GPIB0::12::INSTR"
MAGNET_ADDRESS: Final = "TCPIP0::ami430::7180::SOCKET"

MODELS: Final = {
    "SR830": LOCKIN_ADDRESS,
    "Keithley2400": SOURCEMETER_ADDRESS,
    "LakeShore372": TEMPERATURE_ADDRESS,
    "AMI430": MAGNET_ADDRESS,
}
"""The models in every rack -> where they are found."""


class UnknownRackError(Exception):
    """No rack and no sample of this name."""


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
    boxes
        VISA address -> box.
    wires
        VISA address -> cable to it.
    """

    name: str
    clock: VirtualClock
    world: World
    boxes: Mapping[str, Box]
    wires: Mapping[str, Wire]

    @property
    def visa_library(self) -> str:
        """Return what `pyvisa.ResourceManager` takes to reach this rack."""
        return f"{self.name}@{BACKEND}"


# PyVISA hands a backend nothing but a name, so names must lead to racks
_open_racks: dict[str, Rack] = {}
_numbers = itertools.count(1)


def open_rack(sample: str, seed: int = 1) -> Rack:
    """Make a rack with a fresh world at time zero.

    Raises
    ------
    UnknownRackError
        If there is no such sample.
    """
    rack = _make_rack(f"{sample}#{next(_numbers)}", sample, seed)
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


def _make_rack(name: str, sample: str, seed: int) -> Rack:
    if sample not in samples():
        raise UnknownRackError(f"no simulated sample or open rack is named {sample!r}; known: {', '.join(samples())}")
    clock = VirtualClock()
    cryostat = Cryostat(seed, START_K)
    coil = MagnetCoil(seed)
    coil.watch(cryostat.feel_ramp)
    world = World(make_contact(sample), Wiring(seed), cryostat, coil)
    boxes: dict[str, Box] = {
        LOCKIN_ADDRESS: SR830(clock, world, seed),
        SOURCEMETER_ADDRESS: Keithley2400(clock, world, seed),
        TEMPERATURE_ADDRESS: LakeShore372(clock, cryostat, seed),
        MAGNET_ADDRESS: AMI430(clock, coil),
    }
    generators = np.random.default_rng(seed).spawn(len(boxes))
    wires = {address: Wire(generator) for address, generator in zip(boxes, generators, strict=True)}
    return Rack(name, clock, world, boxes, wires)
