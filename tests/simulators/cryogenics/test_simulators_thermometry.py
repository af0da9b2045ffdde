import numpy as np
import pytest

from simulators.cryogenics import helium4_insert
from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.thermometry import Thermometry


def test_noise_of_a_reading_is_a_ten_thousandth():
    thermometry = Thermometry(Cryostat(1, 4.2, helium4_insert), 1)
    bath = np.array([thermometry.temperature_K(0.1 * k + 0.05, 3) for k in range(2000)])
    assert bath.std() / bath.mean() == pytest.approx(1e-4, rel=0.05)


def test_readings_come_ten_times_a_second_and_do_not_depend_on_the_asking():
    one, other = (Thermometry(Cryostat(1, 4.2, helium4_insert), 1) for _ in range(2))
    for k in range(7):
        other.temperature_K(0.013 * k, 0)
    assert one.temperature_K(0.11, 0) == other.temperature_K(0.19, 0)
    assert one.temperature_K(0.21, 0) != one.temperature_K(0.19, 0)


def test_broken_sensor_reads_nothing():
    thermometry = Thermometry(Cryostat(1, 4.2, helium4_insert), 1)
    thermometry.set_broken(0, True)
    assert thermometry.temperature_K(1.0, 0) is None
    assert thermometry.resistance_ohm(1.0, 0) is None
    thermometry.set_broken(0, False)
    assert thermometry.temperature_K(1.0, 0) is not None


def test_field_makes_the_sample_thermometer_read_low():
    cryostat, coil = Cryostat(1, 4.2, helium4_insert), MagnetCoil(1)
    coil.watch_field(cryostat.feel_field)
    plain, deceived = Thermometry(cryostat, 1), Thermometry(cryostat, 1, shift_per_T=0.01)
    coil.ramp(10.0, 20.0, 0.2, 5.0)
    halfway_s, field_T = 60.0, 0.11806 * 10.0
    reads_K, would_read_K = deceived.temperature_K(halfway_s, 0), plain.temperature_K(halfway_s, 0)
    assert reads_K is not None
    assert would_read_K is not None
    assert reads_K / would_read_K == pytest.approx(1.0 - 0.01 * field_T, rel=1e-6)
    assert deceived.temperature_K(halfway_s, 1) == plain.temperature_K(halfway_s, 1)


def test_loop_holds_what_the_deceived_thermometer_reads():
    cryostat, coil = Cryostat(1, 4.2, helium4_insert), MagnetCoil(1)
    coil.watch_field(cryostat.feel_field)
    thermometry = Thermometry(cryostat, 1, shift_per_T=0.01)
    cryostat.set_feedback(0.0, thermometry.control_reading_K)
    cryostat.set_pid(0.0, 5.0, 30.0, 0.0)
    cryostat.set_full_power_W(0.0, 80.0)
    cryostat.set_setpoint_K(0.0, 10.0)
    before_K = cryostat.stage_temperatures_K(900.0).sample_K
    coil.ramp(900.0, 2.0 / 0.11806, 0.2, 5.0)
    after_K = cryostat.stage_temperatures_K(3000.0).sample_K
    assert thermometry.temperature_K(3000.0, 0) == pytest.approx(10.0, rel=1e-3)
    # 2 T at 1 % a tesla
    assert after_K / before_K == pytest.approx(1.0 / 0.98, rel=1e-3)
