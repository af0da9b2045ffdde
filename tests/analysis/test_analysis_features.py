"""All signs together, from curves as a run gives them: each part present or missing with a reason."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, error, sinh_grid, sweeps
from simulated_contact import run_columns

from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window, make_curves
from analysis.features import Features, find_features


@pytest.fixture(scope="module")
def sample_one() -> Features:
    curves = make_curves(**run_columns(1))
    return find_features(curves, fit_exponent(curves, Window(1.5, 0.8e-3)))


def titanium(fields=(0.0,)) -> Curves:
    def curve(bias_V, temperature_K, field_T, way):
        spike = np.exp(-0.5 * ((np.abs(bias_V) - 4e-3) / 5e-5) ** 2)
        bias_K = bias_V / VOLT_PER_KELVIN
        return 1290.0 + 1.2 * (bias_K**2 + 4 * (temperature_K**2 + 1.43**2)) ** 0.25 - 4.0 * spike

    return sweeps(
        curve,
        np.random.default_rng(1),
        bias_V=sinh_grid(5e-3, 801, 5e-4),
        temperatures_K=(0.1, 0.3, 1.0, 2.0, 4.0),
        fields_T=fields,
        noise=0.05,
    )


def test_sample_one_shows_the_signs_of_two_channel_kondo(sample_one: Features) -> None:
    found = sample_one
    assert found.anomaly is not None and found.anomaly.curvature_sign == 1
    assert found.anomaly.tls_count.value == 14.0
    assert found.symmetry is not None and found.symmetry.odd_rms.bound == "<="
    assert found.saturation is not None and found.saturation.terms == 0
    assert found.departure is not None and found.departure.crossover_bias_V.value == pytest.approx(1e-3, rel=0.4)
    assert found.heating is not None and found.heating.delta_chi2 > 100
    assert found.exponents is not None and found.exponents.alpha.value == pytest.approx(0.5, abs=0.04)
    assert found.transitions is not None and found.transitions.spikes == ()
    assert found.telegraph is not None and not found.telegraph.is_found


def test_what_the_data_do_not_give_is_missing_with_a_reason(sample_one: Features) -> None:
    assert sample_one.field_law is None and sample_one.zeeman is None and sample_one.phonons is None
    assert set(sample_one.missing) == {"field_law", "zeeman", "phonons"}
    assert "22 mV" in sample_one.missing["phonons"]


def test_without_a_fit_all_but_the_departure_is_found() -> None:
    found = find_features(titanium(), None)
    assert "departure" in found.missing
    assert found.saturation is not None and found.saturation.terms == 1


def test_transitions_limit_the_smooth_range() -> None:
    found = find_features(titanium(), None)
    assert found.transitions is not None and len(found.transitions.spikes) == 5
    assert found.saturation is not None
    tx = found.saturation.tx_K[0]
    assert tx.value == pytest.approx(1.43, abs=4 * error(tx))
    assert found.anomaly is not None and found.anomaly.edge_V < 3.5e-3


def test_a_field_brings_law_and_splitting() -> None:
    found = find_features(titanium(fields=(0.0, 1.0, 3.0)), None)
    assert found.field_law is not None and found.zeeman is not None
    assert found.zeeman.g_factor.bound == "<="
    assert not {"field_law", "zeeman"} & set(found.missing)


def test_one_isotherm_survives() -> None:
    curves = titanium()
    only = curves.isotherms()[0]
    found = find_features(
        make_curves(bias_V=only.bias_V, temperature_K=0.1, conductance_S=only.conductance_S, direction=only.direction),
        None,
    )
    assert {"saturation", "heating", "exponents", "departure"} <= set(found.missing)
    assert found.anomaly is not None
