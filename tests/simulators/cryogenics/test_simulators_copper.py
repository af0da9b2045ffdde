import pytest

from simulators.cryogenics.copper import heat_capacity_J_per_K

# handbook values of copper at constant pressure, J/(mol K)
TABLE = {1.0: 0.743e-3, 4.2: 6.48e-3, 80.0: 13.1, 300.0: 24.5}


@pytest.mark.parametrize(("temperature_K", "tolerance"), [(1.0, 0.01), (4.2, 0.02), (80.0, 0.06), (300.0, 0.02)])
def test_heat_capacity_is_that_of_the_tables(temperature_K, tolerance):
    assert heat_capacity_J_per_K(temperature_K, 1.0) == pytest.approx(TABLE[temperature_K], rel=tolerance)


def test_twice_the_copper_takes_twice_the_heat():
    assert heat_capacity_J_per_K(7.0, 2.0) == 2.0 * heat_capacity_J_per_K(7.0, 1.0)
