"""The station: with which boxes, wiring and hard limits, read from TOML into frozen types.

The hard limits live here and nowhere else: the plan is checked against them, and the drivers get the same `Limits`.
"""

from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from acquisition.planning.boxes import LockInModel, MagnetModel, SourceMeterModel, TemperatureModel, VoltmeterModel
from acquisition.running.interlocks import InterlockRule, Watched, effective_rules
from acquisition.toml_model import Count, NotNegative, Number, Positive, Text, TomlFile, TomlModel
from instruments.limits import Limits

_Fraction = Annotated[Number, Field(ge=0, le=0.5)]


class CircuitKind(StrEnum):
    """How the contact is wired."""

    CURRENT_BIAS_4_WIRE = "current-bias-4-wire"
    CURRENT_BIAS_2_WIRE = "current-bias-2-wire"
    VOLTAGE_BIAS = "voltage-bias"


class StationSection(TomlModel):
    """The rack's name and how its boxes are reached."""

    name: Text = Field(description="name of the rack, for messages and the run file")
    visa_library: str = Field(default="", description="VISA library as PyVISA names it; empty for the installed one")
    read_overhead_s: NotNegative = Field(
        default=0.2, description="time in seconds to read all boxes once, besides the settling of a point"
    )


class LockInBoxSection(TomlModel):
    """The lock-in."""

    model: LockInModel = Field(description="model of the lock-in, e.g. 'SR830'")
    address: Text = Field(description="VISA address, e.g. 'GPIB0::8::INSTR'")


class SourceMeterSection(TomlModel):
    """The source meter, used as a current source on one fixed range."""

    model: SourceMeterModel = Field(description="model of the source meter, e.g. 'Keithley2400'")
    address: Text = Field(description="VISA address, e.g. 'GPIB0::24::INSTR'")
    range_A: Positive = Field(description="the one current range that is used, in ampere")
    compliance_V: Positive = Field(description="compliance voltage in volt")
    nplc: Positive = Field(default=1.0, description="integration of a reading in power line cycles")


class VoltmeterSection(TomlModel):
    """A voltmeter across the contact; a spare channel, which no run needs."""

    model: VoltmeterModel = Field(description="model of the voltmeter, e.g. 'Keithley2182A'")
    address: Text = Field(description="VISA address, e.g. 'GPIB0::7::INSTR'")
    range_V: Positive = Field(default=10e-3, description="largest voltage across the contact, in volt")
    nplc: Positive = Field(default=1.0, description="integration of a reading in power line cycles")


class Approach(TomlModel):
    """How long a temperature takes to come in, learned from earlier runs."""

    above_K: NotNegative = Field(description="valid from this setpoint up, in kelvin")
    minutes: NotNegative = Field(description="minutes from the end of the ramp until the temperature is in its band")


class TemperatureSection(TomlModel):
    """The temperature controller, the cryostat's limits and habits, and how far the thermometer is trusted."""

    model: TemperatureModel = Field(description="model of the temperature controller, e.g. 'LakeShore372'")
    address: Text = Field(description="VISA address, e.g. 'GPIB0::12::INSTR'")
    channel: Annotated[Count, Field(le=16)] = Field(description="input of the sample thermometer")
    minimum_K: Positive = Field(description="lowest setpoint in kelvin")
    maximum_K: Positive = Field(description="highest setpoint in kelvin")
    ramp_K_per_min: Positive = Field(description="ramp of the setpoint in kelvin per minute")
    accuracy_fraction: _Fraction = Field(
        default=0.005, description="calibration error of the thermometer, part of T, one sigma, an isotherm"
    )
    electron_base_K: NotNegative = Field(
        default=0.0, description="T0 of the electrons in kelvin, Te = (T^5 + T0^5)^(1/5)"
    )
    idle_K: Positive | None = Field(
        default=None,
        description="temperature in kelvin from which a run usually starts; the first setpoint if left out",
    )
    approach: tuple[Approach, ...] = Field(
        default=(Approach(above_K=0.0, minutes=10.0),),
        min_length=1,
        description="how long temperatures take to come in, e.g. [{ above_K = 1.0, minutes = 5 }]",
    )
    crossing_K: Positive | None = Field(
        default=None, description="temperature in kelvin where the cryostat changes regime, e.g. condenses its mixture"
    )
    crossing_minutes: NotNegative = Field(default=0.0, description="minutes that one crossing of it takes")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum_K > self.maximum_K:
            raise ValueError(f"minimum_K = {self.minimum_K:g} is above maximum_K = {self.maximum_K:g}; exchange them")
        return self

    @property
    def limits(self) -> Limits:
        """Return the range of setpoints."""
        return Limits(self.minimum_K, self.maximum_K, "K", "temperature")


class MagnetSection(TomlModel):
    """The magnet."""

    model: MagnetModel = Field(description="model of the magnet supply, e.g. 'AMI430'")
    address: Text = Field(description="VISA address, e.g. 'TCPIP0::magnet::7180::SOCKET'")
    maximum_T: Positive = Field(description="largest field in tesla, either sign")
    rate_T_per_min: Positive = Field(description="fastest ramp in tesla per minute")
    cold_below_K: NotNegative = Field(default=0.2, description="below this temperature in kelvin the ramp is slower")
    cold_rate_T_per_min: Positive = Field(
        default=0.1, description="fastest ramp below cold_below_K, in tesla per minute"
    )

    lead_rate_T_per_min: Positive = Field(
        default=1.0, description="ramp of the leads with the persistent switch closed, in tesla per minute"
    )
    level_board: Text | None = Field(
        default=None, description="Mercury iPS: board of the helium level meter, e.g. 'DB5.L1', if there is one"
    )
    switch_s: NotNegative = Field(
        default=60.0, description="time in seconds that the persistent switch takes to heat or cool, for the plan"
    )

    @model_validator(mode="after")
    def _level_of_its_own(self) -> Self:
        if self.level_board is not None and self.model is not MagnetModel.MERCURY_IPS:
            raise ValueError(
                f"level_board: the {self.model} has no level meter, only a {MagnetModel.MERCURY_IPS} may; leave it out"
            )
        return self

    @property
    def limits(self) -> Limits:
        """Return the range of fields."""
        return Limits(-self.maximum_T, self.maximum_T, "T", "field")

    @property
    def rate_limits(self) -> Limits:
        """Return the range of ramp rates."""
        return Limits(0.0, self.rate_T_per_min, "T/min", "field ramp rate")

    def ramp_rate_T_per_min(self, temperature_K: float) -> float:
        """Return the ramp rate to use at `temperature_K`; slower in the cold, where eddy currents heat too much."""
        if temperature_K >= self.cold_below_K:
            return self.rate_T_per_min
        return min(self.rate_T_per_min, self.cold_rate_T_per_min)


class CircuitSection(TomlModel):
    """The wiring between source, oscillator, contact, preamplifier and lock-in; all values nominal.

    In a voltage bias the arms end on a divider, which makes a voltage of their currents, and a current preamplifier
    grounds the contact's other side.
    """

    kind: CircuitKind = Field(
        default=CircuitKind.CURRENT_BIAS_4_WIRE,
        description="how the contact is wired: 'current-bias-4-wire', 'current-bias-2-wire' or 'voltage-bias'",
    )
    ac_arm_ohm: Positive = Field(description="resistor between oscillator and contact, in ohm")
    dc_arm_ohm: Positive = Field(description="resistor between source meter and contact, in ohm")
    divider_ohm: Positive | None = Field(
        default=None, description="voltage bias: resistor from where the arms meet to ground, in ohm"
    )
    oscillator_output_ohm: NotNegative = Field(default=50.0, description="output resistance of the oscillator, in ohm")
    transimpedance_ohm: Positive | None = Field(
        default=None, description="voltage bias: gain of the current preamplifier, volt per ampere"
    )
    preamplifier_input_ohm: NotNegative = Field(
        default=0.0, description="voltage bias: input resistance of the current preamplifier, in ohm"
    )
    preamplifier_gain: Positive = Field(default=1.0, description="gain of the voltage preamplifier, 1 if there is none")
    preamplifier_noise_V_per_rtHz: NotNegative = Field(
        default=0.0, description="noise of the preamplifier, referred to its input, volt per root hertz"
    )
    preamplifier_noise_A_per_rtHz: NotNegative = Field(
        default=0.0, description="voltage bias: current noise of the preamplifier, ampere per root hertz"
    )
    preamplifier_maximum_V: Positive = Field(default=5.0, description="output in volt above which it clips")
    filter_Hz: Positive | None = Field(default=None, description="corner of the low-pass after the source, in hertz")
    lead_ohm: NotNegative = Field(default=0.0, description="both current leads outside the voltage taps, in ohm")
    series_ohm: NotNegative = Field(default=0.0, description="resistance between the taps beside the contact, in ohm")
    gain_error_fraction: _Fraction = Field(
        default=0.003, description="error of the preamplifier's and lock-in's gain together, as a part of it, one sigma"
    )
    arm_error_fraction: _Fraction = Field(
        default=0.001, description="error of each of the arms and of the divider, as a part of it, one sigma"
    )
    lead_error_ohm: NotNegative = Field(default=0.0, description="error of lead_ohm, one sigma, in ohm")

    gain_factor: Positive = Field(default=1.0, description="true gain of the chain over the nominal one, as calibrated")
    calibrated_Hz: Positive | None = Field(default=None, description="frequency in hertz at which it was calibrated")
    calibrated_S: Positive | None = Field(
        default=None, description="conductance of the resistor with which it was calibrated, in siemens"
    )
    phase_deg: Number = Field(default=0.0, description="phase of the line in degrees, as calibrated")
    zero_x_V: Number = Field(default=0.0, description="signal in phase at no excitation, in volt, as calibrated")
    zero_y_V: Number = Field(default=0.0, description="signal in quadrature at no excitation, in volt, as calibrated")

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        is_voltage_bias = self.kind is CircuitKind.VOLTAGE_BIAS
        for name in ("divider_ohm", "transimpedance_ohm"):
            if is_voltage_bias != (getattr(self, name) is not None):
                what = "needs it; write it" if is_voltage_bias else "has none; leave it out, or write 'voltage-bias'"
                raise ValueError(f"{name}: the circuit {str(self.kind)!r} {what}")
        return self

    @property
    def inside_ohm(self) -> float:
        """Return the resistance between the voltage taps besides the contact."""
        return self.series_ohm + (self.lead_ohm if self.kind is CircuitKind.CURRENT_BIAS_2_WIRE else 0.0)

    @property
    def known_ohm(self) -> float:
        """Return the resistance that the contact's current passes besides the contact."""
        return self.lead_ohm + self.series_ohm + self.preamplifier_input_ohm


class ContactSection(TomlModel):
    """What the contact may be subjected to. These limits protect the sample."""

    maximum_bias_V: Positive = Field(description="largest bias across the contact, in volt")
    maximum_current_A: Positive = Field(description="largest current through the contact, in ampere")
    maximum_bias_rate_V_per_s: Positive = Field(description="fastest change of the bias, in volt per second")
    largest_step_V: Positive = Field(
        default=0.2e-3, description="bias changes up to this are made in one step, larger ones are ramped, in volt"
    )
    expected_conductance_S: Positive = Field(description="conductance of the contact near zero bias, in siemens")

    @property
    def bias_limits(self) -> Limits:
        """Return the range of the bias across the contact."""
        return Limits(-self.maximum_bias_V, self.maximum_bias_V, "V", "bias")

    @property
    def current_limits(self) -> Limits:
        """Return the range of the current through the contact."""
        return Limits(-self.maximum_current_A, self.maximum_current_A, "A", "current")


class CoolingPower(TomlModel):
    """A point of a stage's load line."""

    at_K: Positive = Field(description="temperature of the sample in kelvin")
    power_W: Positive = Field(description="cooling power there, in watt")


class Stage(TomlModel):
    """A stage of the cryostat that the bias current heats."""

    name: Text = Field(description="name of the stage, e.g. 'mixing chamber'")
    wiring_ohm: NotNegative = Field(description="resistance thermally anchored there that carries the bias, in ohm")
    has_contact: bool = Field(default=False, strict=True, description="true where the contact sits")
    cooling: tuple[CoolingPower, ...] = Field(
        min_length=1, description="cooling power, e.g. [{ at_K = 0.1, power_W = 400e-6 }]"
    )


class InsertKind(StrEnum):
    """Refrigerators that can be simulated."""

    DILUTION = "dilution"
    HELIUM_3 = "helium3"
    HELIUM_4 = "helium4"


class SimulationSection(TomlModel):
    """What is not ideal about the rack where it is simulated; a real one takes no notice of it."""

    insert: InsertKind | None = Field(
        default=None,
        description="'dilution', 'helium3' or 'helium4'; if left out, the usual one of the temperature controller",
    )
    remanence_T: Annotated[Number, Field(ge=0, le=0.1)] = Field(
        default=0.0, description="largest remanent field of the magnet in tesla, some millitesla as a rule"
    )
    persistent_switch: bool = Field(
        default=False, strict=True, description="the magnet of an AMI430 has a persistent switch; all others have one"
    )
    thermometer_shift_per_T: Annotated[Number, Field(ge=0, le=0.1)] = Field(
        default=0.0, description="by which part of T the thermometer reads too low in a tesla, e.g. 0.01"
    )
    eddy_W_per_T2_s2: NotNegative = Field(
        default=0.036, description="heat of a field ramp on the sample, watt over the square of tesla per second"
    )


class Station(TomlFile):
    """A rack: its boxes, its wiring, its hard limits."""

    station: StationSection = Field(description="a table [station] with a name")
    lockin: LockInBoxSection = Field(description="a table [lockin] with model and address")
    sourcemeter: SourceMeterSection = Field(description="a table [sourcemeter] with model, address, range, compliance")
    voltmeter: VoltmeterSection | None = Field(
        default=None, description="a table [voltmeter] with model and address; left out if there is none"
    )
    temperature: TemperatureSection = Field(description="a table [temperature] with model, address, channel, limits")
    magnet: MagnetSection = Field(description="a table [magnet] with model, address, limits")
    circuit: CircuitSection = Field(description="a table [circuit] with the resistances of the wiring")
    contact: ContactSection = Field(description="a table [contact] with what the sample may be subjected to")
    stage: tuple[Stage, ...] = Field(default=(), description="tables [[stage]], one a stage that the bias heats")
    interlock: tuple[InterlockRule, ...] = Field(default=(), description="tables [[interlock]], one a rule")
    simulation: SimulationSection = Field(
        default=SimulationSection(), description="a table [simulation], what is not ideal about the simulated rack"
    )

    @model_validator(mode="after")
    def _addresses_differ(self) -> Self:
        taken: dict[str, str] = {}
        for role, address in self.addresses.items():
            if address in taken:
                raise ValueError(f"{role}.address: {address!r} is taken by [{taken[address]}]; give each box its own")
            taken[address] = role
        return self

    @model_validator(mode="after")
    def _watches_what_is_read(self) -> Self:
        for number, rule in enumerate(self.interlock):
            if rule.on is Watched.HELIUM_FRACTION and self.magnet.level_board is None:
                raise ValueError(
                    f"interlock[{number}]: no box of this station reads the helium, so that the rule would never trip; "
                    "name the level board of a Mercury iPS ([magnet] level_board), or leave the rule out and look "
                    "after the helium by hand"
                )
        return self

    @property
    def interlock_rules(self) -> tuple[InterlockRule, ...]:
        """Return the rules of this rack: its own, and the default ones on what it has none on."""
        return effective_rules(self.interlock)

    @property
    def addresses(self) -> dict[str, str]:
        """Return the table of each box -> its VISA address."""
        fitted = ("lockin", "sourcemeter", "temperature", "magnet", *(["voltmeter"] if self.voltmeter else []))
        return {role: getattr(self, role).address for role in fitted}


def load_station(path: str | Path) -> Station:
    """Read a station file.

    Parameters
    ----------
    path : str or Path
        The file, as the user named it; messages call it so.

    Raises
    ------
    InputError
        In one line: no such file, not TOML, or the first field that is wrong.
    """
    return Station.load(path)


def parse_station(text: str, where: str) -> Station:
    """Read a station from TOML text; `where` is what messages call it. Raises `InputError` as `load_station` does."""
    return Station.from_text(text, where)


def simulated_station(*, conductance_S: float | None = None, maximum_bias_V: float | None = None) -> Station:
    """Return the station of the simulated rack, as the program brings it along.

    Parameters
    ----------
    conductance_S, maximum_bias_V : float, optional
        What is expected of the contact in it and allowed to it, where that is not what sample 1 of the paper has.
    """
    text = files("acquisition").joinpath("stations", "simulated.toml").read_text(encoding="utf-8")
    station = parse_station(text, "stations/simulated.toml")
    known = {"expected_conductance_S": conductance_S, "maximum_bias_V": maximum_bias_V}
    update = {name: value for name, value in known.items() if value is not None}
    return station.model_copy(update={"contact": station.contact.model_copy(update=update)})
