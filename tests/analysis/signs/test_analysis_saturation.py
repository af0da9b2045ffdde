"""Saturation temperatures against eq 29 written out; none where a sample scales; two where there are two."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, coverage, curves_of, error, mean, sinh_grid, spread, sweeps, value
from simulated_contact import run_columns

from analysis.curves import make_curves
from analysis.errors import WindowError
from analysis.mechanisms import TwoLevelSystems, two_channel_kondo
from analysis.signs.even_curve import even_curves
from analysis.signs.saturation import Saturation, find_saturation

TITANIUM_K = (0.076, 0.15, 0.3, 0.6, 1.0, 1.41, 2.0, 3.0, 4.2)


def titanium(seed: int, *terms: tuple[float, float], temperatures_K=TITANIUM_K) -> Saturation:
    """Sweep a contact of eq 29 with Teff^2 = T^2 + Tx^2, terms (a in e2/h, Tx in K), as in samples 4, 5 and 6."""

    def curve(bias_V, temperature_K, field_T, way):
        bias_K = bias_V / VOLT_PER_KELVIN
        return 1290.0 + sum(a * (bias_K**2 + 4 * (temperature_K**2 + tx**2)) ** 0.25 for a, tx in terms)

    data = sweeps(
        curve,
        np.random.default_rng(seed),
        bias_V=sinh_grid(4e-3),
        temperatures_K=temperatures_K,
        noise=lambda temperature_K: 0.028 / temperature_K,
    )
    return find_saturation(curves_of(data))


def test_sample_five_gives_its_saturation_temperature_within_its_error() -> None:
    found = [titanium(seed, (1.2, 1.43)).tx_K[0] for seed in range(24)]
    values, errors = [value(own) for own in found], [error(own) for own in found]
    assert mean(values) == pytest.approx(1.43, abs=0.003)
    assert spread(values) == pytest.approx(mean(errors), rel=0.5)
    assert coverage(values, errors, 1.43, 2.0) > 0.8


def test_the_reason_why_scaling_fails_is_named() -> None:
    found = titanium(1, (1.2, 1.43))
    assert found.terms == 1
    assert "scaling fails below about 1.4" in found.why and "19 times the lowest temperature" in found.why


def test_widths_of_single_isotherms_stop_at_the_saturation_temperature() -> None:
    found = titanium(2, (1.2, 1.43))
    widths = [value(own) for own in found.widths_K]
    assert widths[0] == pytest.approx(1.43, abs=4 * error(found.widths_K[0]))
    assert widths[-1] == pytest.approx(np.hypot(4.2, 1.43), rel=0.02)


@pytest.mark.parametrize("pair", [(0.9, 9.7), (1.5, 6.8)], ids=["before", "after electromigration"])
def test_sample_six_has_two(pair: tuple[float, float]) -> None:
    found = [titanium(seed, (0.8, pair[0]), (1.0, pair[1])) for seed in range(8)]
    assert [own.terms for own in found] == [2] * 8
    for index, truth in enumerate(pair):
        values, errors = zip(*[(value(own.tx_K[index]), error(own.tx_K[index])) for own in found], strict=True)
        assert mean(values) == pytest.approx(truth, abs=1.5 * mean(errors))
        assert coverage(values, errors, truth, 2.5) > 0.8


def test_sample_four_has_none() -> None:
    found = [titanium(seed, (0.95, 0.0)) for seed in range(8)]
    assert [own.terms for own in found] == [0] * 8
    assert all(own.tx_K[0].bound == "<=" and value(own.tx_K[0]) < 0.3 for own in found)
    assert found[0].widths_K[5].value == pytest.approx(1.41, rel=0.03)


def test_crossover_to_the_logarithm_is_no_saturation() -> None:
    for seed in range(4):
        curves = even_curves(
            make_curves(**run_columns(seed)).isotherms(), drift_S_per_sqrt_s=7e-8, temperature_accuracy_fraction=0.005
        )
        assert find_saturation(curves).terms == 0


def test_splitting_of_two_level_systems_in_the_forward_model_is_found() -> None:
    # Tx = Delta^2 / TK; couplings spread, so that neither eq 29 nor one 2CK curve holds
    systems = TwoLevelSystems.from_e2_per_h(np.linspace(0.05, 0.75, 6), 0.5, 15.0, np.sqrt(0.6 * 15.0))

    def curve(bias_V, temperature_K, field_T, way):
        return 1290.0 + two_channel_kondo(bias_V, temperature_K, systems) / 3.874045865e-5

    data = sweeps(curve, np.random.default_rng(5), bias_V=sinh_grid(1e-3), temperatures_K=TITANIUM_K[:6], noise=0.02)
    found = find_saturation(curves_of(data))
    assert found.terms == 1
    assert found.tx_K[0].value == pytest.approx(0.6, rel=0.1)


def test_one_isotherm_is_refused() -> None:
    with pytest.raises(WindowError, match="two isotherms"):
        titanium(1, (1.2, 1.43), temperatures_K=(0.1,))
