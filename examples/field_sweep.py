"""G at zero bias against a field that moves all the time: a continuous sweep with the lock-in's own buffer.

    python examples/field_sweep.py [FILE.csv]

On the simulated rack; for a rack of your own take `open_station(load_station("my.toml"), wall)` instead. Every stored
reading gets the field of the time that the lock-in shows, one filter delay before. Written is a tidy CSV.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acquisition.circuit import conductance, input_referred_V
from acquisition.clock import WallClock
from acquisition.safety import make_safe
from acquisition.station import Rack, open_simulated
from acquisition.station_file import Station, simulated_station
from instruments.field_trace import FieldTrace, filter_delay_s, trace_field
from instruments.settling import wait_for_field

TIME_CONSTANT_S, SLOPE_DB_PER_OCTAVE = 0.1, 24
OSCILLATOR_VRMS = 1.0
SAMPLING_HZ = 4.0


def sweep(rack: Rack, station: Station, from_T: float, to_T: float, rate_T_per_min: float) -> FieldTrace:
    """Go to a field, wait, sweep to another, and leave source and oscillator at rest."""
    roles, clock = rack.roles, rack.clock
    roles.lock_in.configure(
        frequency_Hz=137.7, time_constant_s=TIME_CONSTANT_S, slope_dB_per_octave=SLOPE_DB_PER_OCTAVE
    )
    oscillator_Vrms = roles.lock_in.set_excitation(OSCILLATOR_VRMS)
    roles.lock_in.set_sensitivity(1.2 * oscillator_Vrms / station.circuit.ac_arm_ohm * 10.0 * 100.0)
    try:
        roles.magnet.start_ramp(from_T, rate_T_per_min)
        wait_for_field(roles.magnet, from_T, clock)
        return trace_field(
            roles.magnet,
            roles.lock_in,
            clock,
            to_T,
            rate_T_per_min,
            sampling_Hz=SAMPLING_HZ,
            delay_s=filter_delay_s(TIME_CONSTANT_S, SLOPE_DB_PER_OCTAVE),
        )
    finally:
        make_safe(roles)


def conductances_S(trace: FieldTrace, station: Station) -> NDArray[np.float64]:
    """Return the conductance of each stored reading, shape (N,)."""
    circuit = station.circuit
    return np.array(
        [
            conductance(
                input_referred_V(x_V, circuit), input_referred_V(y_V, circuit), OSCILLATOR_VRMS, circuit
            ).conductance_S
            for x_V, y_V in zip(trace.x_V.tolist(), trace.y_V.tolist(), strict=True)
        ]
    )


def main(out: Path) -> int:
    """Sweep up from zero to a tenth of a tesla and write what was seen."""
    station = simulated_station()
    with open_simulated(station, "cu1", 1, None, WallClock()) as rack:
        trace = sweep(rack, station, 0.0, 0.1, 0.2)
    rows = np.column_stack([trace.time_s, trace.field_T, conductances_S(trace, station)])
    np.savetxt(out, rows, delimiter=",", header="time_s,H_tesla,G_siemens", comments="", fmt="%.9g")
    sys.stdout.write(f"{len(rows)} readings in {out}; the supply fell behind by {1e3 * trace.largest_lag_T:.2f} mT\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "field_sweep.csv")))
