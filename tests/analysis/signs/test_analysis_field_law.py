"""The law of the magnetoconductance: none, linear, square root, irregular; drift between fields is in the errors."""

import numpy as np
import pytest
from made_sweeps import QUANTUM_S, VOLT_PER_KELVIN, coverage, curves_of, error, mean, sinh_grid, spread, sweeps, value

from analysis.errors import WindowError
from analysis.signs.field_law import FieldLaw, MagnetoLaw, find_field_law

FIELDS_T = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0)
DRIFT = 1.85e-3
TEMPERATURE_K = 0.1


def dip(bias_V, tx_K=0.0):
    return 5.0 * np.sqrt(np.hypot(bias_V / VOLT_PER_KELVIN, 2.0 * np.hypot(TEMPERATURE_K, tx_K)))


def nothing(bias_V, temperature_K, field_T, way):
    return 2829.0 + dip(bias_V)


def copper(bias_V, temperature_K, field_T, way):
    """Shrink the dip about its top, as in Cu.8a: linear in |H| and bending over at 3 T."""
    top = dip(np.array([0.6e-3]))
    return 2829.0 + top + (dip(bias_V) - top) * (1.0 - 0.5 * (1.0 - np.exp(-abs(field_T) / 3.0)))


def disordered(strength: float):
    def curve(bias_V, temperature_K, field_T, way):
        # H^(1/2) beyond kB T / g mu_B, at every bias
        thermal_T = temperature_K / (2 * 0.67171)
        return 2829.0 + dip(bias_V) + strength * ((field_T**2 + thermal_T**2) ** 0.25 - thermal_T**0.5)

    return curve


def titanium(bias_V, temperature_K, field_T, way):
    """Tune the splitting at random, as in Ti.5: changes of either sign, below 1 mV only."""
    tx = dict(zip(FIELDS_T, (1.4, 2.4, 0.6, 2.2, 0.8, 2.6, 1.0), strict=True))[round(field_T, 2)]
    return 1290.0 + dip(bias_V, tx)


def law_of(curve, seed: int = 1, fields=FIELDS_T, drift: float = DRIFT, **options) -> FieldLaw:
    data = sweeps(
        curve,
        np.random.default_rng(seed),
        bias_V=sinh_grid(4e-3),
        temperatures_K=(TEMPERATURE_K,),
        fields_T=fields,
        drift=drift,
        **options,
    )
    return find_field_law(curves_of(data, drift=drift), drift * QUANTUM_S if drift else None)


def test_no_dependence_is_called_none() -> None:
    found = [law_of(nothing, seed) for seed in range(30)]
    assert mean([own.law is MagnetoLaw.NONE for own in found]) >= 0.9
    # the errors of the changes hold the drift: their spread is as stated
    pulls = [value(c.at_zero_bias) / error(c.at_zero_bias) for own in found for c in own.changes]
    assert spread(pulls) == pytest.approx(1.0, abs=0.15)
    assert all(own.largest.bound == "<=" for own in found if own.law is MagnetoLaw.NONE)


def test_copper_is_linear() -> None:
    found = [law_of(copper, seed) for seed in range(12)]
    assert mean([own.law is MagnetoLaw.LINEAR for own in found]) >= 0.8
    slope = 0.5 / 3.0 * float(dip(np.array([0.6e-3]))[0] - dip(np.zeros(1))[0])
    values, errors = zip(*[(value(own.slope_per_T), error(own.slope_per_T)) for own in found], strict=True)
    assert coverage(values, errors, slope, 2.0) > 0.8


def test_disorder_is_a_square_root() -> None:
    found = [law_of(disordered(4.0), seed, drift=2e-4) for seed in range(40)]
    assert mean([own.law is MagnetoLaw.SQUARE_ROOT for own in found]) >= 0.8
    values, errors = zip(*[(value(own.slope_per_sqrt_T), error(own.slope_per_sqrt_T)) for own in found], strict=True)
    assert mean(values) == pytest.approx(4.0, abs=0.5 * mean(errors))
    assert coverage(values, errors, 4.0, 2.0) > 0.8


def test_drift_can_leave_it_open() -> None:
    # 2 e2/h T^-1/2 under the drift of the paper: both laws pass, and the program says so
    found = [law_of(disordered(2.0), seed) for seed in range(6)]
    assert all(own.law in (MagnetoLaw.UNKNOWN, MagnetoLaw.SQUARE_ROOT) for own in found)
    assert any("alike" in own.why for own in found)


def test_random_tuning_is_irregular_of_both_signs_and_of_small_bias_only() -> None:
    found = law_of(titanium, noise=0.05, drift=2e-4)
    assert found.law is MagnetoLaw.IRREGULAR
    assert found.has_both_signs
    reaches = [value(change.reach_V) for change in found.changes if change.reach_V.value is not None]
    assert len(reaches) >= 3 and max(reaches) < 1.5e-3


def test_change_at_every_bias_leaves_the_dip_alone() -> None:
    found = law_of(disordered(4.0))
    assert all(abs(value(change.in_dip)) < 4 * error(change.in_dip) for change in found.changes)
    assert found.changes[-1].reach_V.value is None


def test_without_times_the_drift_of_the_paper_is_assumed() -> None:
    found = law_of(nothing, drift=0.0, has_times=False)
    assert error(found.changes[0].at_zero_bias) > 2829 / 3000


def test_two_fields_tell_no_law() -> None:
    found = law_of(copper, fields=(0.0, 2.0, 6.0))
    assert found.law is MagnetoLaw.UNKNOWN and "too few" in found.why


def test_one_field_is_refused() -> None:
    with pytest.raises(WindowError, match="zero field and in another"):
        law_of(nothing, fields=(0.0,))
