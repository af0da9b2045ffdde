import pytest

from simulators.cryogenics.helium_bath import FULL, LOW, HeliumBath
from simulators.cryogenics.magnet import MagnetCoil

HOUR_S = 3600.0
CURRENT_9_T = 9.0 / 0.11806


def bath_of(coil: MagnetCoil) -> HeliumBath:
    bath = HeliumBath()
    coil.watch_field(bath.feel_field)
    return bath


def test_at_rest_it_loses_a_third_of_a_litre_an_hour_of_its_sixty() -> None:
    bath = HeliumBath()
    assert bath.level(0.0) == FULL
    assert FULL - bath.level(10.0 * HOUR_S) == pytest.approx(3.5 / 60.0)


def test_field_costs_its_sweep_and_what_its_leads_conduct() -> None:
    coil = MagnetCoil(1)
    bath = bath_of(coil)
    coil.ramp(0.0, CURRENT_9_T, CURRENT_9_T / HOUR_S, 5.0)
    # in the hour of the ramp: 0.35 l, leads at half their current, and 9 times 0.25 l
    lead_l = 0.5 * 0.35 * 9.0 / (80.0 * 0.11806)
    assert 60.0 * (FULL - bath.level(HOUR_S)) == pytest.approx(0.35 + 0.5 * lead_l + 2.25, rel=1e-3)
    assert 60.0 * (bath.level(HOUR_S) - bath.level(2.0 * HOUR_S)) == pytest.approx(0.35 + lead_l, rel=1e-3)


def test_quench_boils_off_the_stored_energy() -> None:
    coil = MagnetCoil(1)
    bath = bath_of(coil)
    coil.ramp(0.0, CURRENT_9_T, CURRENT_9_T / HOUR_S, 5.0)
    before = bath.level(2.0 * HOUR_S)
    coil.quench(2.0 * HOUR_S)
    # 10 H at 76.2 A hold 29 kJ, which evaporate 11.3 l
    assert 60.0 * (before - bath.level(2.0 * HOUR_S + 10.0)) == pytest.approx(11.35, abs=0.05)


def test_level_is_never_below_empty_and_a_transfer_fills_it() -> None:
    bath = HeliumBath()
    assert bath.level(300.0 * HOUR_S) == 0.0
    bath.set_low(300.0 * HOUR_S, False)
    assert bath.level(300.0 * HOUR_S) == FULL
    bath.set_low(301.0 * HOUR_S, True)
    assert bath.level(301.0 * HOUR_S) == LOW


def test_ramp_that_is_stopped_costs_no_more_than_it_swept_and_what_was_stays() -> None:
    coil = MagnetCoil(1)
    bath = bath_of(coil)
    coil.ramp(0.0, CURRENT_9_T, CURRENT_9_T / HOUR_S, 5.0)
    halfway = bath.level(0.5 * HOUR_S)
    coil.hold(0.5 * HOUR_S)
    assert bath.level(0.5 * HOUR_S) == pytest.approx(halfway)
    assert bath.level(0.5 * HOUR_S - 60.0) > halfway
    assert 60.0 * (FULL - bath.level(0.5 * HOUR_S)) < 0.5 * 2.9


def test_world_that_goes_on_later_has_less() -> None:
    assert HeliumBath(start_s=20.0 * HOUR_S).level(20.0 * HOUR_S) == pytest.approx(FULL - 7.0 / 60.0)
