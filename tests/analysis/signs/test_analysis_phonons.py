"""The phonon spectrum against steps of the normal distribution written out."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, coverage, error, mean, sweeps, value
from scipy.special import erf

from analysis.errors import WindowError
from analysis.signs.even_curve import even_curves
from analysis.signs.phonons import PhononSpectrum, find_phonons

CLEAN = ((16.5e-3, 3.0e-3, 1.0), (28e-3, 1.8e-3, 0.45))
QUENCHED = ((16.5e-3, 3.0e-3, 0.85), (28e-3, 5.0e-3, 0.38))


def spectrum_of(peaks, seed: int = 1, maximum_V: float = 35e-3, noise: float = 0.5) -> PhononSpectrum:
    def curve(bias_V, temperature_K, field_T, way):
        size = np.abs(bias_V)
        lost = sum(w * 0.5 * (1 + erf((size - c) / s / np.sqrt(2))) for c, s, w in peaks) / 1.45
        dip = 8.0 * np.log(np.hypot(size / VOLT_PER_KELVIN, 3.0 * temperature_K))
        return 2829.0 * (1.0 - 0.05 * lost) + dip

    data = sweeps(
        curve,
        np.random.default_rng(seed),
        bias_V=np.linspace(-maximum_V, maximum_V, 401),
        temperatures_K=(2.0,),
        noise=noise,
    )
    return find_phonons(even_curves(data.isotherms(), node_step_V=1e-3))


@pytest.mark.parametrize(("peaks", "is_lost"), [(CLEAN, False), (QUENCHED, True)], ids=["annealed", "quenched"])
def test_longitudinal_peak_is_there_or_lost(peaks, is_lost: bool) -> None:
    found = [spectrum_of(peaks, seed) for seed in range(20)]
    (_, width_t, area_t), (_, width_l, area_l) = peaks
    truth = (area_l / width_l) / (area_t / width_t)
    assert [own.is_longitudinal_lost for own in found] == [is_lost] * 20
    assert all(own.is_ballistic for own in found)
    values = [value(own.ballisticity) for own in found]
    assert mean(values) == pytest.approx(truth, abs=0.02)
    if not is_lost:
        assert coverage(values, [error(own.ballisticity) for own in found], truth, 2.0) > 0.8


def test_peaks_are_where_they_are() -> None:
    found = [spectrum_of(CLEAN, seed) for seed in range(20)]
    assert mean([value(own.transverse_V) for own in found]) == pytest.approx(16.5e-3, abs=0.05e-3)
    assert mean([value(own.longitudinal_V) for own in found]) == pytest.approx(28e-3, abs=0.05e-3)
    assert found[0].threshold_V.value == pytest.approx(10.5e-3, abs=0.2e-3)


def test_curve_of_the_spectrum_is_the_derivative() -> None:
    found = spectrum_of(CLEAN, noise=0.05)
    height = 0.05 / 1.45 / (3.0e-3 * np.sqrt(2 * np.pi))
    peak = found.spectrum[np.argmin(np.abs(found.bias_V - 16.5e-3))]
    # less the slope of the dip's logarithm
    assert peak == pytest.approx(height - 8.0 / 2829 / 16.5e-3, rel=0.05)


def test_without_phonons_no_peak_is_claimed() -> None:
    found = spectrum_of(())
    assert found.transverse_V.value is None and found.is_longitudinal_lost is None
    assert not found.is_ballistic


def test_range_to_25_millivolt_gives_the_transverse_peak_only() -> None:
    found = spectrum_of(CLEAN, maximum_V=25e-3)
    assert found.transverse_V.value == pytest.approx(16.5e-3, abs=0.3e-3)
    assert found.longitudinal_V.value is None and "31 mV" in found.ballisticity.why


def test_a_short_range_is_refused() -> None:
    with pytest.raises(WindowError, match="22 mV"):
        spectrum_of(CLEAN, maximum_V=4e-3)
