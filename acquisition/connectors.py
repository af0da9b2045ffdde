"""How to connect to each box of a station: the driver of its model, at its address, with the station's limits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from acquisition.circuit import largest_source_A, source_current_for
from acquisition.station_file import (
    LockInModel,
    MagnetModel,
    SourceMeterModel,
    Station,
    TemperatureModel,
    VoltmeterModel,
)
from instruments.lockin_sr830 import SR830
from instruments.lockin_sr860 import SR860
from instruments.magnet_ami430 import AMI430
from instruments.magnet_ips120 import IPS120
from instruments.magnet_mercuryips import MercuryiPS
from instruments.roles import Clock, DcVoltmeter, Instrument, LockIn, Magnet, SourceMeter, TemperatureController
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.sourcemeter_keithley2450 import Keithley2450
from instruments.sourcemeter_yokogawags200 import YokogawaGS200
from instruments.temperature_itc503 import ITC503
from instruments.temperature_lakeshore336 import LakeShore336
from instruments.temperature_lakeshore372 import LakeShore372
from instruments.transport import WriteObserver
from instruments.voltmeter_keithley2182a import Keithley2182A

_LOCK_INS = {LockInModel.SR830: SR830, LockInModel.SR860: SR860, LockInModel.SR865A: SR860}
_SOURCE_METERS = {
    SourceMeterModel.KEITHLEY_2400: Keithley2400,
    SourceMeterModel.KEITHLEY_2450: Keithley2450,
    SourceMeterModel.YOKOGAWA_GS200: YokogawaGS200,
}
_VOLTMETERS = {VoltmeterModel.KEITHLEY_2182A: Keithley2182A}
_TEMPERATURE_CONTROLLERS = {
    TemperatureModel.LAKESHORE_336: LakeShore336,
    TemperatureModel.LAKESHORE_372: LakeShore372,
    TemperatureModel.ITC503: ITC503,
}
_MAGNETS = {
    MagnetModel.AMI_430: AMI430,
    MagnetModel.IPS120: IPS120,
    MagnetModel.PS120: IPS120,
    MagnetModel.MERCURY_IPS: MercuryiPS,
}


@dataclass(frozen=True)
class Connectors:
    """How to connect to each box; nothing is connected yet."""

    lock_in: Callable[[], LockIn]
    source: Callable[[], SourceMeter]
    temperature: Callable[[], TemperatureController]
    magnet: Callable[[], Magnet]
    voltmeter: Callable[[], DcVoltmeter] | None = None

    def each(self) -> tuple[tuple[str, Callable[[], Instrument]], ...]:
        """Return role and connector in the order in which boxes are made safe, as `Roles.each` does."""
        return (
            ("source meter", self.source),
            ("lock-in", self.lock_in),
            ("temperature controller", self.temperature),
            ("magnet", self.magnet),
            *([("voltmeter", self.voltmeter)] if self.voltmeter else []),
        )


def connectors_of(
    station: Station, visa_library: str, clock: Clock, on_write: WriteObserver | None = None
) -> Connectors:
    """Return how to connect to a station's boxes, each with the station's limits.

    Parameters
    ----------
    visa_library : str
        The VISA library behind which the boxes are.
    clock : Clock
        Time that they live by.
    on_write : callable, optional
        Told of every message that changes a box.
    """
    contact, cryostat, magnet = station.contact, station.temperature, station.magnet
    wired = {"visa_library": visa_library, "clock": clock, "on_write": on_write}
    return Connectors(
        lock_in=partial(_LOCK_INS[station.lockin.model], station.lockin.address, **wired),
        source=partial(
            _SOURCE_METERS[station.sourcemeter.model],
            station.sourcemeter.address,
            maximum_A=largest_source_A(contact, station.circuit),
            maximum_V=station.sourcemeter.compliance_V,
            safe_rate_A_per_s=source_current_for(
                contact.maximum_bias_rate_V_per_s, contact.expected_conductance_S, station.circuit
            ),
            **wired,
        ),
        temperature=partial(
            _TEMPERATURE_CONTROLLERS[cryostat.model],
            cryostat.address,
            channel=cryostat.channel,
            minimum_K=cryostat.minimum_K,
            maximum_K=cryostat.maximum_K,
            **wired,
        ),
        magnet=partial(
            _MAGNETS[magnet.model],
            magnet.address,
            maximum_T=magnet.maximum_T,
            maximum_rate_T_per_min=magnet.rate_T_per_min,
            **({"level_board": magnet.level_board} if magnet.level_board else {}),
            **wired,
        ),
        voltmeter=partial(_VOLTMETERS[station.voltmeter.model], station.voltmeter.address, **wired)
        if station.voltmeter
        else None,
    )
