"""What the boxes of a rack say of themselves, box by box: numbers with their units in their names, and a word on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from instruments.errors import StateError
from instruments.roles import (
    DcVoltmeter,
    HeliumMeter,
    Instrument,
    LockIn,
    LockInStatus,
    Magnet,
    SourceMeter,
    TemperatureController,
)

LOCK_IN, SOURCE, TEMPERATURE, MAGNET, VOLTMETER = (
    "lock-in",
    "source meter",
    "temperature controller",
    "magnet",
    "voltmeter",
)
"""Roles, as people call them."""


@dataclass(frozen=True)
class BoxSays:
    """One round of a box: its channels, and what is to be known of them, such as an overload; empty if all is well."""

    channels: Mapping[str, float] = field(default_factory=dict)
    word: str = ""


@dataclass
class Boxes:
    """The boxes of a rack as far as they are connected, by role."""

    connected: dict[str, Instrument] = field(default_factory=dict)

    def each(self) -> tuple[Instrument, ...]:
        """Return those in the order in which they are made safe."""
        order = (SOURCE, LOCK_IN, TEMPERATURE, MAGNET)
        return tuple(self.connected[role] for role in order if role in self.connected)

    @property
    def lock_in(self) -> LockIn | None:
        """Return the lock-in."""
        return self.connected.get(LOCK_IN)  # type: ignore[return-value]  # the station connects each role to its kind

    @property
    def source(self) -> SourceMeter | None:
        """Return the source meter."""
        return self.connected.get(SOURCE)  # type: ignore[return-value]

    @property
    def temperature(self) -> TemperatureController | None:
        """Return the temperature controller."""
        return self.connected.get(TEMPERATURE)  # type: ignore[return-value]

    @property
    def magnet(self) -> Magnet | None:
        """Return the magnet supply."""
        return self.connected.get(MAGNET)  # type: ignore[return-value]

    @property
    def voltmeter(self) -> DcVoltmeter | None:
        """Return the voltmeter."""
        return self.connected.get(VOLTMETER)  # type: ignore[return-value]


def read_lock_in(box: LockIn) -> BoxSays:
    """Read X and Y at the lock-in's own input."""
    reading = box.read()
    word = (
        ""
        if reading.status is LockInStatus.OK
        else str(reading.status.name).lower().replace("_", " ").replace("|", ", ")
    )
    return BoxSays({"x_V": reading.x_V, "y_V": reading.y_V}, word)


def read_source(box: SourceMeter) -> BoxSays:
    """Measure the output of a source meter that is set up."""
    reading = box.read()
    word = "in compliance" if reading.is_in_compliance else ""
    return BoxSays({"current_A": reading.current_A, "voltage_V": reading.voltage_V}, word)


def read_temperature(box: TemperatureController) -> BoxSays:
    """Read thermometer and heater."""
    reading = box.read()
    channels, word = {"age_s": reading.age_s}, reading.fault
    if reading.is_valid:
        channels = {"temperature_K": reading.temperature_K} | channels
    try:
        channels["heater_fraction"] = box.heater_fraction()
    except StateError as error:
        word = word or error.message
    return BoxSays(channels, word)


def read_magnet(box: Magnet) -> BoxSays:
    """Read field, voltage and what the supply does; the level of the helium if it has a meter."""
    reading = box.read()
    channels = {"field_T": reading.field_T, "voltage_V": reading.voltage_V}
    if isinstance(box, HeliumMeter) and box.has_helium_meter:
        channels["helium_fraction"] = box.read_helium_fraction()
    return BoxSays(channels, reading.state.value)


def read_voltmeter(box: DcVoltmeter) -> BoxSays:
    """Read the voltage across the contact."""
    reading = box.read()
    return BoxSays({"voltage_V": reading.voltage_V}, "over range" if reading.is_over_range else "")
