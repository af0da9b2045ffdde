"""What `calibrate` does: test the line with a dummy resistor, write what it said beside the station file, say it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from acquisition.calibration import Calibration, write_calibration
from acquisition.checklist import DUMMY
from acquisition.clock import WallClock
from acquisition.running.lock import lock_rack
from acquisition.station_file import Station, load_station
from acquisition.terminal.commands import print_json
from acquisition.terminal.confirm import confirmed, remind

if TYPE_CHECKING:
    from acquisition.station import Rack

LARGEST_PHASE_DEG = 5.0
LARGEST_NONLINEARITY = 1e-3
LARGEST_ROLL_OFF = 0.01
"""Beyond these the line is told to be looked at."""

_ANY_SAMPLE = "cu1"  # gives way to the dummy


@dataclass(frozen=True)
class CalibrateOptions:
    """The options of `calibrate`; a `seed` means the simulated rack."""

    station: Path
    resistor_ohm: float
    error_fraction: float
    frequency_Hz: float
    seed: int | None
    is_confirmed: bool
    as_json: bool


def calibrate_line(options: CalibrateOptions) -> None:
    """Test the line of a station and keep what was found.

    Raises
    ------
    InputError
        If the station file cannot be used, or what is connected is not that resistor.
    InstrumentError
        If a box failed; source and oscillator were brought to rest as far as they answered.
    RunFileError
        If the calibration cannot be written.
    """
    from acquisition.running.dummy import Dummy, LineTest

    station, wall, console = load_station(options.station), WallClock(), Console(stderr=True)
    if options.seed is None:
        confirmed(DUMMY, f"a calibration of {station.station.name!r}", is_confirmed=options.is_confirmed)
    dummy = Dummy(options.resistor_ohm, options.error_fraction, options.frequency_Hz)
    with _opened(station, options, wall) as rack:
        calibration = LineTest(station, rack.roles, rack.clock, dummy).run(wall.now(), options.seed)
    path = write_calibration(calibration, options.station)
    if options.as_json:
        print_json({"calibration": str(path), **calibration.to_dict(), "polarity": calibration.polarity})
    for line in (*_lines(calibration), f"kept in {path}; every run on {options.station} uses it"):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    if options.seed is None:
        remind(console)


@contextmanager
def _opened(station: Station, options: CalibrateOptions, wall: WallClock) -> Iterator["Rack"]:
    from acquisition.station import open_simulated, open_station

    if options.seed is not None:
        with open_simulated(
            station, _ANY_SAMPLE, options.seed, None, wall, dummy_ohm=options.resistor_ohm
        ) as simulated:
            yield simulated
        return
    with lock_rack(station.addresses, wall), open_station(station, wall) as rack:
        yield rack


def _lines(calibration: Calibration) -> Iterator[str]:
    """Yield what was found, and what to look at."""
    main, *others = calibration.response
    error = 100.0 * calibration.gain_error_fraction
    yield f"gain      {100.0 * main.gain_factor:.3f} % of nominal, +- {error:.3f} %, at {main.frequency_Hz:g} Hz"
    yield f"phase     {main.phase_deg:+.3f} degrees"
    zeros_V = (calibration.zero_x_V, calibration.zero_y_V)
    yield (
        "zero      "
        + ", ".join(f"{1e9 * zero_V:+.2f} nV" for zero_V in zeros_V)
        + (f" (X, Y), +- {1e9 * calibration.zero_error_V:.2f} nV")
    )
    in_bias = calibration.bias_linearity_fraction
    yield f"linearity {calibration.linearity_fraction:.1g} in excitation, {in_bias:.1g} in bias"
    for other in others:
        change = other.gain_factor / main.gain_factor - 1.0
        yield f"          {other.frequency_Hz:g} Hz: gain {100.0 * change:+.3f} %, phase {other.phase_deg:+.3f} degrees"
        if abs(change) > LARGEST_ROLL_OFF:
            yield f"LOOK AT IT: the line rolls off between {main.frequency_Hz:g} and {other.frequency_Hz:g} Hz"
    if calibration.polarity < 0:
        yield "LOOK AT IT: the signal is upside down; a pair of leads or the preamplifier's inputs are swapped"
    elif abs(main.phase_deg) > LARGEST_PHASE_DEG:
        yield "LOOK AT IT: so much phase means a cable's capacitance or a filter in the line"
    if max(calibration.linearity_fraction, calibration.bias_linearity_fraction) > LARGEST_NONLINEARITY:
        yield "LOOK AT IT: the line is not linear; less gain, or less [contact] maximum_bias_V"
