"""The calibration of a line: what a dummy resistor said of it, kept beside the station file and used by every run.

`my.toml` has its calibration in `my.calibration.toml`; taking that file away takes the calibration away.
"""

from pathlib import Path
from typing import Annotated

import tomlkit
from pydantic import Field

from acquisition.errors import InputError
from acquisition.station_file import CircuitSection, Station
from acquisition.toml_model import NotNegative, Number, Positive, Text, TomlFile, TomlModel
from acquisition.whole_file import whole_file

SIGNIFICANT = 5.0
"""A zero of less than so many of its errors is noise: taking it off would add it to every curve."""

_HEAD = """What `zerobias calibrate` found with a dummy resistor in the place of the contact, for the station file
beside this one. Runs use it as long as this file is here and the station's table [circuit] is what it was."""


class Response(TomlModel):
    """What the line does at one frequency, relative to what its nominal values say."""

    frequency_Hz: Positive = Field(description="frequency of the oscillator in hertz")
    gain_factor: Positive = Field(description="signal over the nominal one")
    phase_deg: Number = Field(description="phase of the signal in degrees")


class Calibration(TomlFile):
    """What a dummy resistor said of a line."""

    made: Text = Field(description="date and time")
    simulated_seed: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="seed of the simulated rack it was made on; left out on a real one"
    )
    boxes: tuple[Text, ...] = Field(description="identities of lock-in and source meter")
    circuit: CircuitSection = Field(description="the station's [circuit] as it was")
    resistor_ohm: Positive = Field(description="the dummy resistor in ohm")
    resistor_error_fraction: NotNegative = Field(description="its error, as a part of it, one sigma")
    response: tuple[Response, ...] = Field(min_length=1, description="at the frequency of the runs, then at others")
    gain_error_fraction: NotNegative = Field(description="error of the gain factor: the resistor's, and noise")
    zero_x_V: Number = Field(description="signal in phase at no excitation, volt at the preamplifier's input")
    zero_y_V: Number = Field(description="... and in quadrature")
    zero_error_V: NotNegative = Field(description="error of either, one sigma")
    linearity_fraction: NotNegative = Field(
        description="largest departure from a straight line in the excitation, as a part of the signal"
    )
    bias_linearity_fraction: NotNegative = Field(
        description="largest change of the resistor's conductance with the bias, as a part of it"
    )

    @property
    def polarity(self) -> int:
        """Return -1 if a pair of leads is swapped, else 1."""
        return -1 if abs(self.response[0].phase_deg) > 90.0 else 1


def calibration_path(station: Path) -> Path:
    """Return where the calibration of a station file is."""
    return station.with_suffix(".calibration.toml")


def load_calibration(station_file: Path) -> Calibration | None:
    """Read the calibration of a station file; None if it has none. Raises `InputError` if it cannot be used."""
    path = calibration_path(station_file)
    return Calibration.load(path) if path.exists() else None


def write_calibration(calibration: Calibration, station_file: Path) -> Path:
    """Write a calibration beside its station file and return where; raises `RunFileError` if it cannot be written."""
    path = calibration_path(station_file)
    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line))
    document.update(calibration.to_dict())
    with whole_file(path) as temporary:
        temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


def calibrated(station: Station, calibration: Calibration) -> Station:
    """Return the station with the line as it is, not as it is nominally.

    Raises
    ------
    InputError
        If it was made with another circuit.
    """
    if calibration.circuit != station.circuit:
        raise InputError(
            f"{calibration.where}: made with another [circuit] than {station.where} has now; calibrate anew "
            "(zerobias calibrate), or delete it"
        )
    main, threshold_V = calibration.response[0], SIGNIFICANT * calibration.zero_error_V
    circuit = station.circuit.model_copy(
        update={
            "gain_factor": main.gain_factor,
            "calibrated_Hz": main.frequency_Hz,
            "calibrated_S": 1.0 / calibration.resistor_ohm,
            "gain_error_fraction": calibration.gain_error_fraction,
            "phase_deg": main.phase_deg,
            "zero_x_V": calibration.zero_x_V if abs(calibration.zero_x_V) > threshold_V else 0.0,
            "zero_y_V": calibration.zero_y_V if abs(calibration.zero_y_V) > threshold_V else 0.0,
        }
    )
    return station.model_copy(update={"circuit": circuit})
