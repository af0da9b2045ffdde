"""Conductance transitions against Gaussians at +-Vc(H) written out: positions, hysteresis, motion, bifurcation."""

from dataclasses import replace

import numpy as np
import pytest
from made_sweeps import QUANTUM_S, VOLT_PER_KELVIN, coverage, error, mean, sweeps, value

from analysis.errors import WindowError
from analysis.signs.spikes import Spike, find_spikes
from analysis.signs.transitions import Transitions, find_transitions

STEP_A = -2e-7
HYSTERESIS_V = 0.2e-3
FIELDS_T = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
GRID = np.linspace(-20e-3, 20e-3, 801)


def background(bias_V, temperature_K):
    size = np.abs(bias_V)
    dip = 4.0 * np.sqrt(np.hypot(size / VOLT_PER_KELVIN, 2.0 * temperature_K)) / (1.0 + size / 8e-3)
    return 2829.0 + dip - 85.0 / (1.0 + np.exp(-(size - 16e-3) / 2.5e-3))


def contact(*transitions: tuple[float, float], power: int = 2, width_V: float = 0.05e-3):
    """Return a contact with transitions (Vc, Hc), later by the hysteresis in the direction of the sweep."""

    def curve(bias_V, temperature_K, field_T, way):
        total = background(bias_V, temperature_K)
        for place, critical_T in transitions:
            if field_T < critical_T:
                centre = place * (1 - (field_T / critical_T) ** power) + np.sign(bias_V) * way * HYSTERESIS_V
                width = width_V + 0.05e-3 * temperature_K + 0.05e-3 * field_T
                shape = np.exp(-0.5 * ((np.abs(bias_V) - centre) / width) ** 2) / (np.sqrt(2 * np.pi) * width)
                total = total + STEP_A / QUANTUM_S * shape
        return total

    return curve


def transitions_of(curve, seed: int = 1, temperatures_K=(1.0,), fields=FIELDS_T) -> Transitions:
    data = sweeps(
        curve, np.random.default_rng(seed), bias_V=GRID, temperatures_K=temperatures_K, fields_T=fields, noise=0.1
    )
    return find_transitions(data.isotherms())


def spikes_of(seed: int, temperature_K: float = 1.0) -> tuple[Spike, ...]:
    data = sweeps(
        contact((12e-3, 4.0)), np.random.default_rng(seed), bias_V=GRID, temperatures_K=(temperature_K,), noise=0.5
    )
    return find_spikes(data.isotherms()[0])


def test_place_hysteresis_width_and_step_are_unbiased() -> None:
    found = [spikes_of(seed) for seed in range(30)]
    assert [len(own) for own in found] == [1] * 30
    for name, truth in (
        ("position_V", 12e-3),
        ("hysteresis_V", HYSTERESIS_V),
        ("width_V", 0.1e-3),
        ("current_step_A", STEP_A),
    ):
        values = np.array([value(getattr(own[0], name)) for own in found])
        errors = np.array([error(getattr(own[0], name)) for own in found])
        assert mean(values) == pytest.approx(truth, abs=0.6 * float(mean(errors)))
        assert coverage(values, errors, truth, 2.0) > 0.8


def test_smooth_curves_and_noise_have_no_spikes() -> None:
    found = [transitions_of(contact(), seed, temperatures_K=(0.3, 4.2), fields=(0.0,)) for seed in range(10)]
    assert [len(own.spikes) for own in found] == [0] * 10
    assert found[0].searched_bias_V == pytest.approx(20e-3)


def test_a_glitch_at_one_sign_is_no_transition() -> None:
    def glitch(bias_V, temperature_K, field_T, way):
        return background(bias_V, temperature_K) - 50.0 * np.exp(-0.5 * ((bias_V - 8e-3) / 0.1e-3) ** 2)

    assert transitions_of(glitch, fields=(0.0,)).spikes == ()


def test_two_transitions_are_followed_to_their_critical_fields() -> None:
    found = transitions_of(contact((12e-3, 4.0), (7e-3, 3.5)))
    assert [track.motion for track in found.tracks] == ["quadratic", "quadratic"]
    for track, place, critical in zip(
        sorted(found.tracks, key=lambda own: -value(own.position_V)), (12e-3, 7e-3), (4.0, 3.5), strict=True
    ):
        assert track.position_V.value == pytest.approx(place, abs=2 * error(track.position_V))
        assert track.critical_field_T.value == pytest.approx(critical, abs=2 * error(track.critical_field_T))
        assert track.delta_chi2 > 9.0
    assert not found.is_bifurcating


def test_linear_motion_is_told_from_quadratic() -> None:
    found = transitions_of(contact((12e-3, 4.0), power=1))
    assert [track.motion for track in found.tracks] == ["linear"]
    assert found.tracks[0].delta_chi2 < -9.0


def test_one_place_that_splits_in_a_field_is_a_bifurcation() -> None:
    found = transitions_of(contact((12e-3, 4.0), (12e-3, 2.5)), temperatures_K=(0.5,))
    assert found.is_bifurcating
    criticals = sorted(value(track.critical_field_T) for track in found.tracks)
    assert criticals == pytest.approx([2.5, 4.0], rel=0.05)


def test_spikes_narrow_as_it_gets_colder() -> None:
    found = transitions_of(contact((12e-3, 4.0)), temperatures_K=(1.0, 2.0, 4.2), fields=(0.0,))
    assert found.narrowing_V_per_K.value == pytest.approx(0.05e-3, rel=0.1)
    assert found.tracks == ()


def test_one_sweep_gives_place_and_hysteresis_by_its_two_sides() -> None:
    data = sweeps(contact((12e-3, 4.0)), np.random.default_rng(1), bias_V=GRID, temperatures_K=(1.0,))
    (isotherm,) = data.isotherms()
    (spike,) = find_spikes(isotherm.select(isotherm.direction == 1))
    assert spike.position_V.value == pytest.approx(12e-3, abs=3 * error(spike.position_V))
    assert spike.hysteresis_V.value == pytest.approx(HYSTERESIS_V, abs=3 * error(spike.hysteresis_V))


def test_unknown_directions_give_no_hysteresis() -> None:
    data = sweeps(contact((12e-3, 4.0), width_V=0.3e-3), np.random.default_rng(1), bias_V=GRID, temperatures_K=(1.0,))
    (isotherm,) = data.isotherms()
    sweep = isotherm.select(isotherm.direction == 1)
    unknown = replace(sweep, direction=np.zeros(sweep.bias_V.size, dtype=np.int8), time_s=None)
    (spike,) = find_spikes(unknown)
    assert spike.position_V.value == pytest.approx(12e-3, abs=0.05e-3)
    assert spike.hysteresis_V.value is None and "one direction" in spike.hysteresis_V.why


def test_no_isotherm_is_refused() -> None:
    with pytest.raises(WindowError, match="no isotherm"):
        find_transitions([])
