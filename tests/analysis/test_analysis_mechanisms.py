from pathlib import Path

import numpy as np
import pytest
import scipy.integrate

from analysis.errors import ModelError
from analysis.mechanisms import (
    TwoLevelSystems,
    field_amplitude,
    kondo_crossover,
    lockin_conductance_S,
    phonon_backscattering,
    two_channel_kondo,
)

E2_PER_H_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518
V, GAMMA = np.loadtxt(
    Path(__file__).parent / "data" / "kondo_scaling_function.csv", delimiter=",", skiprows=4, unpack=True
)


def one_system(scale=1.0, amplitude_S=1.0, kondo_K=1e9, splitting_K=0.0):
    return TwoLevelSystems(*(np.array([value]) for value in (scale, amplitude_S, kondo_K, splitting_K)))


def test_far_below_the_kondo_temperature_it_is_the_scaling_law():
    v, gamma = V[V < 300], GAMMA[V < 300]
    temperature_K = 0.3
    bias_V = v * temperature_K / KELVIN_PER_VOLT / 0.25
    expected_S = 2.0 * np.sqrt(temperature_K) * gamma
    # y^5/20 is what the crossover takes off; 1e-22 here
    change_S = two_channel_kondo(bias_V, temperature_K, one_system(0.25, 2.0))
    assert change_S == pytest.approx(expected_S, rel=1e-6)


def test_amplitudes_of_several_systems_add():
    both = TwoLevelSystems.from_e2_per_h([0.2, 0.5], [1.0, 3.0], 1e9)
    apart = [TwoLevelSystems.from_e2_per_h(a, b, 1e9) for a, b in ((0.2, 1.0), (0.5, 3.0))]
    bias_V = np.linspace(-1e-3, 1e-3, 7)
    assert two_channel_kondo(bias_V, 0.2, both) == pytest.approx(
        sum(two_channel_kondo(bias_V, 0.2, system) for system in apart)
    )


def test_sample_1_of_the_paper_rises_as_its_b_sigma():
    systems = TwoLevelSystems.from_e2_per_h(np.full(10, 0.29), 0.78, 1e9)
    change_S = two_channel_kondo(0.0, np.array([0.1, 0.4]), systems)
    assert change_S == pytest.approx(7.8 * E2_PER_H_S * np.sqrt([0.1, 0.4]), rel=1e-8)


def test_beyond_the_kondo_temperature_it_rises_with_the_logarithm_of_temperature():
    temperature_K = np.array([1e3, 1e4, 1e5])
    change_S = two_channel_kondo(0.0, temperature_K, one_system(kondo_K=4.0, amplitude_S=1.0))
    # lj(y) -> ln y + const with y = (T/TK)^(1/2), times B TK^(1/2) = 2
    assert np.diff(change_S) == pytest.approx(2 * 0.5 * np.log([10, 10]), rel=1e-4)


def test_beyond_the_kondo_bias_it_rises_with_the_logarithm_of_bias():
    bias_V = np.array([0.1, 1.0])
    change_S = two_channel_kondo(bias_V, 0.1, one_system(kondo_K=1.0))
    assert np.diff(change_S) == pytest.approx([0.5 * np.log(10)], rel=1e-4)


def test_temperature_drops_out_at_large_bias():
    change_S = two_channel_kondo(0.01, np.array([0.05, 0.1]), one_system(kondo_K=20.0))
    assert change_S[0] == pytest.approx(change_S[1], rel=1e-4)


@pytest.mark.parametrize("y", [0.0, 1e-3, 0.3, 1.0, 3.0, 50.0])
def test_crossover_is_its_integral(y):
    integral, _ = scipy.integrate.quad(lambda x: (1 + x**4) ** -0.25, 0, y, epsabs=1e-13, epsrel=1e-13, limit=200)
    assert kondo_crossover(y) == pytest.approx(integral, abs=1e-11)


def test_crossover_tends_to_a_logarithm():
    y = np.array([1e3, 1e8])
    # (artanh s + arctan s)/2 for s -> 1: ln y + (ln 8)/4 + pi/8
    assert kondo_crossover(y) == pytest.approx(np.log(y) + np.log(8) / 4 + np.pi / 8, rel=1e-12)


def test_saturation_by_the_splitting_follows_equation_28():
    systems = one_system(kondo_K=5.0, splitting_K=np.sqrt(0.4 * 5.0))
    # the paper's bound: Delta = 1.41 K spoils scaling below 0.4 K
    assert systems.saturation_temperature_K == pytest.approx([0.4])
    cold = two_channel_kondo(0.0, np.array([0.01, 0.02]), systems)
    assert cold[1] / cold[0] == pytest.approx(1.0, abs=1e-3)
    assert two_channel_kondo(0.0, 8.0, systems) == pytest.approx(
        two_channel_kondo(0.0, 8.0, one_system(kondo_K=5.0)), rel=1e-3
    )


def test_splitting_beyond_the_kondo_temperature_saturates_at_itself():
    assert one_system(kondo_K=5.0, splitting_K=30.0).saturation_temperature_K == pytest.approx([30.0])


def test_splitting_leaves_high_bias_alone():
    split, whole = one_system(kondo_K=20.0, splitting_K=2.0), one_system(kondo_K=20.0)
    low, high = (
        two_channel_kondo(bias_V, 0.1, split) - two_channel_kondo(bias_V, 0.1, whole) for bias_V in (0.0, 5e-3)
    )
    assert abs(high) < 0.01 * low


def test_excitation_lifts_the_bottom_by_a_quarter_of_the_curvature():
    temperature_K, ratio = 0.1, 0.2
    vrms = ratio * temperature_K / KELVIN_PER_VOLT / np.sqrt(2)
    lift = two_channel_kondo(0.0, temperature_K, one_system(0.5), vrms) / np.sqrt(temperature_K) - 1
    # Gamma = 1 + 0.0911822 v^2, and a lock-in reads v^2 as w^2/4
    assert lift == pytest.approx(0.0911822 * (0.5 * ratio) ** 2 / 4, rel=2e-3)


def test_excitation_is_the_first_harmonic_of_the_current():
    systems = TwoLevelSystems.from_e2_per_h([0.1, 0.7], [2.0, 3.0], [2.0, 12.0], [0.5, 0.0])
    temperature_K, vrms, bias_V = 0.2, 20e-6, 4e-5
    phase = 2 * np.pi * np.arange(64) / 64
    # (1/pi) int d phi sin(phi) I(V + Vp sin phi), by parts: (1/pi) int d phi cos^2(phi) G(V + Vp sin phi)
    swing = two_channel_kondo(bias_V + np.sqrt(2) * vrms * np.sin(phase), temperature_K, systems)
    expected_S = 2 * np.mean(np.cos(phase) ** 2 * swing)
    assert two_channel_kondo(bias_V, temperature_K, systems, vrms) == pytest.approx(expected_S, rel=1e-10)
    model = lambda v, t, h: two_channel_kondo(v, t, systems)  # noqa: E731
    assert lockin_conductance_S(model, bias_V, temperature_K, 0.0, vrms) == pytest.approx(expected_S, rel=1e-10)


def test_points_broadcast_and_may_differ_in_excitation():
    systems = TwoLevelSystems.from_e2_per_h([0.2, 0.5], [1.0, 3.0], 10.0)
    bias_V, temperature_K = np.linspace(0, 1e-3, 5), np.array([[0.1], [1.0], [4.0]])
    vrms = np.array([[0.0], [6e-5], [2e-4]])
    grid = two_channel_kondo(bias_V, temperature_K, systems, vrms)
    assert grid.shape == (3, 5)
    assert grid[1, 3] == pytest.approx(two_channel_kondo(bias_V[3], 1.0, systems, 6e-5), rel=1e-11)


def test_no_system_changes_nothing():
    assert np.array_equal(two_channel_kondo([0.0, 1e-3], 0.1, TwoLevelSystems.from_e2_per_h([], [], [])), [0.0, 0.0])


@pytest.mark.parametrize(
    ("bias_V", "temperature_K", "vrms"),
    [(np.nan, 0.1, 0.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, np.nan, 0.0), (0.0, 0.1, -1e-6), (0.0, 0.1, np.inf)],
)
def test_points_that_are_none_are_refused(bias_V, temperature_K, vrms):
    with pytest.raises(ModelError):
        two_channel_kondo(bias_V, temperature_K, one_system(), vrms)


@pytest.mark.parametrize(
    "columns",
    [
        ([0.3, 0.3], [1.0], [5.0], [0.0]),
        ([-0.3], [1.0], [5.0], [0.0]),
        ([0.3], [np.nan], [5.0], [0.0]),
        ([0.3], [1.0], [0.0], [0.0]),
        ([0.3], [1.0], [5.0], [-1.0]),
        ([[0.3]], [[1.0]], [[5.0]], [[0.0]]),
    ],
)
def test_two_level_systems_that_are_none_are_refused(columns):
    with pytest.raises(ModelError):
        TwoLevelSystems(*map(np.array, columns))


def test_two_level_systems_cannot_be_changed_in_place():
    source = np.array([0.3])
    systems = TwoLevelSystems(source, *(np.ones(1) for _ in range(3)))
    source[0] = 9.0
    assert systems.scale_A[0] == 0.3
    with pytest.raises(ValueError, match="read-only"):
        systems.scale_A[0] = 1.0


def test_phonons_take_nothing_below_their_threshold_and_the_depth_above_it():
    loss = phonon_backscattering(np.array([0.0, 4e-3, -4e-3, 60e-3, -60e-3]), 0.1, depth=0.05)
    assert loss == pytest.approx([0, 0, 0, -0.005, -0.005], abs=1e-7)


def test_phonon_spectrum_has_its_peaks_at_16_and_28_mV():
    bias_V = np.arange(8e-3, 35e-3, 1e-5)
    spectrum = -np.gradient(phonon_backscattering(bias_V, 0.1), bias_V)
    peaks = bias_V[1:-1][(spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:])]
    assert peaks == pytest.approx([16.5e-3, 28e-3], abs=2e-4)


def test_quenched_contact_has_15_percent_less_phonons():
    full, quenched = (phonon_backscattering(0.1, 1.0, quenched=flag) for flag in (False, True))
    assert quenched / full == pytest.approx(0.85, abs=0.005)


def test_field_shrinks_the_anomaly_linearly_at_first_and_to_its_share_at_last():
    assert field_amplitude([0.0, 0.001, -0.001, 1e3], share=0.4, scale_T=2.0) == pytest.approx(
        [1.0, 1 - 0.4 * 0.001 / 2, 1 - 0.4 * 0.001 / 2, 0.6], abs=1e-7
    )


@pytest.mark.parametrize(("share", "scale_T"), [(-0.1, 1.0), (1.1, 1.0), (0.5, 0.0), (np.nan, 1.0)])
def test_field_amplitude_outside_its_domain_is_refused(share, scale_T):
    with pytest.raises(ModelError):
        field_amplitude(1.0, share, scale_T)
