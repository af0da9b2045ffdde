import math

import numpy as np
import pytest

from simulators.cryogenics.thermometer import CALIBRATION_ERROR, Thermometer, resistance_ohm, temperature_K


@pytest.mark.parametrize("kelvin", [0.01, 0.1, 4.2])
def test_curve_goes_both_ways(kelvin):
    assert temperature_K(resistance_ohm(kelvin)) == pytest.approx(kelvin)


def test_below_its_curve_a_resistance_means_no_temperature():
    assert temperature_K(300.0) == math.inf


def test_calibration_error_is_half_a_per_cent_and_smooth():
    grid_K = np.geomspace(0.01, 10.0, 400)
    errors = np.array(
        [[Thermometer.draw(seed, "sample").reported_K(T) / T - 1.0 for T in grid_K] for seed in range(60)]
    )
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(CALIBRATION_ERROR, rel=0.15)
    assert np.abs(np.diff(errors)).max() < 5e-4
    assert not np.allclose(errors[0], errors[1])


def test_a_strong_excitation_warms_the_sensor():
    sensor = Thermometer.draw(1, "sample")
    assert sensor.reported_K(0.1, 632e-6) > 1.001 * sensor.reported_K(0.1, 63.2e-6)
