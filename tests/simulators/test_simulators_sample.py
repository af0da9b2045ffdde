"""What every simulated sample must show: an honest truth, a table as good as its formula, and its own signature."""

import json
from typing import Any

import numpy as np
import pytest

from analysis.mechanisms import TwoLevelSystems, two_channel_kondo
from simulators.history import StepHistory
from simulators.sample import make_contact, samples
from simulators.samples.contact import TabulatedContact

E2_PER_H_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518
TRUTHS = samples()

MECHANISMS = {
    "2CK",
    "2CK-with-splitting",
    "disorder",
    "magnetic-kondo",
    "kozub-kulik",
    "heating",
    "circuit",
    "charge-trap",
    "ucf",
    "telegraph",
    "none",
}
EVENTS = {"quench", "anneal", "thermal-cycle", "electromigrate", "dope", "change-circuit"}
PEAKS = {"trap"}
FLAT = {"cu-annealed", "cu-gold", "cu-electromigrated"}
DIPS = sorted(TRUTHS.keys() - PEAKS - FLAT)
REST = StepHistory(0.0)


def in_e2_per_h(conductance_S: Any) -> np.ndarray:
    return np.asarray(conductance_S) / E2_PER_H_S


def zero_bias(contact: TabulatedContact, temperature_K: float, field_T: float = 0.0) -> float:
    return float(in_e2_per_h(contact.exact_conductance_S(0.0, temperature_K, field_T)))


# --- the truth --------------------------------------------------------------------------------------------------------


def test_samples_are_plain_values() -> None:
    assert json.loads(json.dumps(TRUTHS)) == TRUTHS


def test_the_list_is_a_copy() -> None:
    samples()["cu1"]["tls_scale_A"].clear()
    assert samples()["cu1"]["tls_scale_A"]


@pytest.mark.parametrize("name", TRUTHS)
def test_truth_names_mechanism_conductance_history_and_what_is_not_the_papers(name: str) -> None:
    truth = TRUTHS[name]
    assert truth["mechanism"] in MECHANISMS
    assert truth["conductance_S"] == pytest.approx(truth["background_e2_per_h"] * E2_PER_H_S, abs=5e-5)
    assert {event["kind"] for event in truth["history"]} <= EVENTS
    assert {*truth["class_typical"], *truth["chosen_to_reproduce_the_paper"]} <= truth.keys()


def test_sharvin_radius_of_sample_1_is_that_of_the_paper() -> None:
    # eq 3; 2829 e2/h of copper at E_F = 7 eV
    assert TRUTHS["cu1"]["sharvin_radius_nm"] == pytest.approx(5.55, abs=0.02)


def test_the_conductance_of_sample_3_is_taken_for_a_misprint_and_says_so() -> None:
    truth = TRUTHS["cu3"]
    assert truth["background_in_the_paper_e2_per_h"] == 30.8
    assert 2000.0 < truth["background_e2_per_h"] < 4000.0
    assert "background_e2_per_h" in truth["chosen_to_reproduce_the_paper"]


@pytest.mark.parametrize("name", [name for name, truth in TRUTHS.items() if "tls_count" in truth])
def test_no_two_level_system_changes_the_conductance_by_more_than_two_quanta(name: str) -> None:
    truth = TRUTHS[name]
    assert sum(truth["tls_share_of_b_sigma"]) == pytest.approx(1.0)
    needed = 0.0
    columns = (truth["tls_scale_A"], truth["tls_kondo_temperature_K"], truth["tls_share_of_b_sigma"])
    for scale_A, kondo_K, share in zip(*columns, strict=True):
        kind = TwoLevelSystems.from_e2_per_h(scale_A, truth["b_sigma_e2_per_h_per_rtK"] * share, kondo_K, 0.0)
        bottom, *tops = two_channel_kondo([0.0, truth["largest_bias_V"], 0.0], [1e-3, 0.05, 10.0], kind) / E2_PER_H_S
        needed += np.ceil((max(tops) - bottom) / 2.0)
    assert needed <= truth["tls_count"]


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRUTHS)
def test_table_is_as_good_as_the_formula(name: str) -> None:
    contact = make_contact(name)
    largest_V = TRUTHS[name]["largest_bias_V"]
    # with the bias below all transitions, whose branch is another matter
    spikes_V = TRUTHS[name].get("transition_position_V", [])
    bias_V = np.linspace(-largest_V, largest_V, 201)
    for temperature_K in (0.05, 0.4321, 5.7):
        for field_T in (0.0,) if spikes_V else (0.0, 1.3, 5.0):
            excitation_Vrms = 1.4 * temperature_K / KELVIN_PER_VOLT / np.sqrt(2.0)
            curve = contact.curve(temperature_K, field_T, excitation_Vrms, 0.0, REST)
            exact_S = contact.exact_conductance_S(
                bias_V, temperature_K, field_T, excitation_Vrms, direction=np.sign(bias_V)[:, np.newaxis]
            )
            # the sharpest is the Zeeman splitting of a Kondo resonance of 30 mK
            allowed = 2e-2 if name == "cu-manganese" else 2e-4
            assert np.abs(in_e2_per_h(curve.conductance_S(bias_V) - exact_S)).max() < allowed


@pytest.mark.parametrize("name", ["cu1", "cu2", "glass2", "kozub-kulik", "trap"])
def test_bias_of_a_current_is_the_inverse(name: str) -> None:
    curve = make_contact(name).curve(0.1, 5.0, 6e-6, 0.0, REST)
    bias_V = np.linspace(-5e-3, 5e-3, 501)
    assert curve.bias_V(curve.current_A(bias_V)) == pytest.approx(bias_V, rel=1e-7, abs=1e-13)


def test_current_is_the_integral_of_the_conductance_through_a_transition() -> None:
    curve = make_contact("cu2").curve(0.1, 3.0, 0.0, 0.0, REST)
    bias_V = np.linspace(0.0, 6e-3, 20001)
    integral_A = np.concatenate(
        [[0.0], np.cumsum(0.5 * np.diff(bias_V) * np.convolve(curve.conductance_S(bias_V), [1, 1], "valid"))]
    )
    assert curve.current_A(bias_V) == pytest.approx(integral_A, rel=1e-7, abs=1e-13)


# --- what each shows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIPS)
def test_conductance_rises_with_bias_and_temperature(name: str) -> None:
    contact = make_contact(name)
    assert in_e2_per_h(contact.exact_conductance_S(1e-3, 0.1)) > zero_bias(contact, 0.1) + 1.0
    assert zero_bias(contact, 4.2) > zero_bias(contact, 0.1) + 0.5


def test_a_charge_trap_is_a_peak() -> None:
    contact = make_contact("trap")
    assert in_e2_per_h(contact.exact_conductance_S(1e-3, 0.1)) < zero_bias(contact, 0.1) - 5.0


@pytest.mark.parametrize("name", ["cu-annealed", "cu-gold"])
def test_there_is_no_anomaly_without_two_level_systems(name: str) -> None:
    contact = make_contact(name)
    assert in_e2_per_h(contact.exact_conductance_S(3e-3, 0.1)) == pytest.approx(zero_bias(contact, 4.2), abs=0.05)


@pytest.mark.parametrize("name", sorted(TRUTHS.keys() - {"cu-electromigrated"}))
def test_curves_are_even_in_bias(name: str) -> None:
    bias_V = np.linspace(0.0, 4e-3, 101)
    contact = make_contact(name)
    assert contact.exact_conductance_S(-bias_V, 0.1, 1.0) == pytest.approx(
        contact.exact_conductance_S(bias_V, 0.1, 1.0)
    )


def test_interference_is_small_and_not_even() -> None:
    contact = make_contact("cu-electromigrated")
    bias_V = np.linspace(0.0, 5e-3, 101)
    there, back = (in_e2_per_h(contact.exact_conductance_S(sign * bias_V, 0.1)) for sign in (1.0, -1.0))
    assert 0.2 < np.abs(there - back).max() < 5.0


@pytest.mark.parametrize(("name", "least", "most"), [("cu1", 4.0, 24.0), ("cu2", 12.0, 30.0), ("cu4", 5.0, 24.0)])
def test_a_field_fills_the_dip_of_quenched_copper(name: str, least: float, most: float) -> None:
    # Cu.8a: up to 24 e2/h from 0 to 6 T; read where no transition is near
    contact = make_contact(name)
    curves = [in_e2_per_h(contact.anatomy.model(0.0, 0.1, field_T)) for field_T in (0.0, 0.2, -0.2, 0.4, 6.0)]
    assert curves[1] == curves[2]
    assert curves[3] - curves[0] == pytest.approx(2.0 * (curves[1] - curves[0]), rel=0.05)
    assert least < curves[4] - curves[0] < most


@pytest.mark.parametrize("name", ["ti4", "ti5", "ti6"])
def test_a_field_moves_titanium_by_less_than_two_quanta_and_below_tx_only(name: str) -> None:
    contact = make_contact(name)
    fields_T = np.linspace(0.5, 5.0, 10)
    changes = [zero_bias(contact, 0.1, field_T) - zero_bias(contact, 0.1) for field_T in fields_T]
    assert np.abs(changes).max() < 2.0
    far = [float(in_e2_per_h(contact.exact_conductance_S(9e-3, 0.1, field_T))) for field_T in (0.0, *fields_T)]
    assert np.ptp(far) < 0.25 * max(np.ptp(changes), 0.1)


@pytest.mark.parametrize("name", ["glass1", "glass2", "heating", "circuit", "kozub-kulik"])
def test_a_field_does_nothing(name: str) -> None:
    contact = make_contact(name)
    assert zero_bias(contact, 0.1, 5.0) == zero_bias(contact, 0.1)


def test_disorder_shows_the_square_root_of_the_field() -> None:
    contact = make_contact("disorder")
    at_1_T, at_4_T = (zero_bias(contact, 0.05, field_T) - zero_bias(contact, 0.05) for field_T in (1.0, 4.0))
    assert at_4_T / at_1_T == pytest.approx(2.0, rel=0.15)


def test_manganese_splits_in_a_field_and_a_high_kondo_temperature_does_not() -> None:
    bias_V = np.linspace(0.0, 1e-3, 2001)
    splitting_V = 2.0 * 0.6717 * 4.0 / KELVIN_PER_VOLT
    manganese_S = make_contact("cu-manganese").exact_conductance_S(bias_V, 0.1, 4.0)
    assert bias_V[np.argmin(manganese_S)] == pytest.approx(splitting_V, rel=0.05)
    assert np.argmin(make_contact("magnetic").exact_conductance_S(bias_V, 0.1, 4.0)) == 0


def test_magnetic_impurities_of_high_kondo_temperature_are_a_fermi_liquid() -> None:
    contact = make_contact("magnetic")
    rises = [zero_bias(contact, temperature_K) - 2700.0 for temperature_K in (0.3, 0.6, 1.2)]
    assert np.log2(rises[2] / rises[0]) / 2.0 == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(("name", "saturation_K"), [("ti5", [1.43]), ("ti5-before", [2.3]), ("ti6", [0.9, 9.7])])
def test_titanium_follows_equation_29(name: str, saturation_K: list[float]) -> None:
    # G(V) = G(0) + sum a [V^2 + (2 Tx)^2]^(1/4) with V in kelvin, at temperatures far below Tx
    bias_V = np.linspace(0.0, 8e-3, 81)
    measured = in_e2_per_h(make_contact(name).exact_conductance_S(bias_V, 0.01))
    terms = [((bias_V * KELVIN_PER_VOLT) ** 2 + (2.0 * tx) ** 2) ** 0.25 for tx in saturation_K]
    design = np.stack([np.ones_like(bias_V), *terms], axis=1)
    fitted, *_ = np.linalg.lstsq(design, measured, rcond=None)
    assert np.abs(design @ fitted - measured).max() < 1e-3
    assert np.all(fitted[1:] > 0.3)


def test_the_exponent_of_a_circuit_is_that_of_its_resistance() -> None:
    truth = TRUTHS["circuit"]
    assert truth["alpha"] == pytest.approx(2.0 * truth["circuit_ohm"] * E2_PER_H_S, abs=1e-3)
    contact = make_contact("circuit")
    low, high = (zero_bias(contact, temperature_K) - 2800.0 for temperature_K in (0.1, 1.6))
    assert np.log2(high / low) / 4.0 == pytest.approx(truth["alpha"], abs=1e-3)


def test_heating_is_the_zero_bias_curve_at_an_effective_temperature() -> None:
    contact = make_contact("heating")
    effective_K = np.hypot(0.1, 1e-3 / (2.0 * np.sqrt(2.44e-8)))
    assert in_e2_per_h(contact.exact_conductance_S(1e-3, 0.1)) == pytest.approx(
        zero_bias(contact, effective_K), abs=0.01
    )


def test_phonons_take_conductance_away_and_annealing_sharpens_the_longitudinal_peak() -> None:
    bias_V = np.array([10e-3, 24e-3, 28e-3, 32e-3])
    quenched, annealed = (
        np.gradient(in_e2_per_h(make_contact(name).exact_conductance_S(bias_V, 1.0)), bias_V)
        for name in ("cu1", "cu-annealed")
    )
    assert annealed[2] < quenched[2] < 0.0


# --- transitions and telegraph ----------------------------------------------------------------------------------------


def swept(*bias_V: float) -> StepHistory:
    """Return the history of a source that went through these biases of cu2, a second each."""
    history = StepHistory(0.0)
    for second, one_V in enumerate(bias_V):
        history.step(float(second), one_V * make_contact("cu2").background_S)
    return history


def spike_V(history: StepHistory) -> float:
    curve = make_contact("cu2").curve(0.1, 3.0, 0.0, 1e3, history)
    bias_V = np.linspace(2e-3, 4.15e-3, 4001)
    return float(bias_V[np.argmin(curve.conductance_S(bias_V))])


def test_transition_comes_later_in_the_direction_of_the_sweep() -> None:
    # Vc(3 T) = 6.5 mV (1 - (3/4.6)^2)
    center_V = 6.5e-3 * (1.0 - (3.0 / 4.6) ** 2)
    rising, falling = spike_V(swept(0.0, 3e-3, center_V)), spike_V(swept(0.0, 4.9e-3, center_V))
    assert rising == pytest.approx(center_V + 0.2e-3, abs=0.02e-3)
    assert falling == pytest.approx(center_V - 0.2e-3, abs=0.02e-3)


def test_a_return_to_zero_bias_forgets_the_branch() -> None:
    center_V = 6.5e-3 * (1.0 - (3.0 / 4.6) ** 2)
    assert spike_V(swept(0.0, 4.9e-3, center_V, 0.0, center_V)) > center_V


def test_a_field_moves_the_transitions_to_zero_and_splits_one_in_two() -> None:
    contact = make_contact("cu2")
    bias_V = np.linspace(1e-3, 20e-3, 20001)

    def spikes(field_T: float) -> int:
        # Cu.9b: the two of 6.5 mV have different critical fields
        dip_S = contact.exact_conductance_S(bias_V, 0.05, field_T) - contact.anatomy.model(bias_V, 0.05, field_T)
        inside = dip_S < -5.0 * E2_PER_H_S
        return int(np.sum(np.diff(inside.astype(int)) == 1))

    assert [spikes(field_T) for field_T in (0.0, 3.0, 4.4, 7.9, 9.0)] == [2, 3, 2, 0, 0]


def test_telegraph_is_a_function_of_seed_and_time() -> None:
    one, same, other = make_contact("glass2", 3), make_contact("glass2", 3), make_contact("glass2", 4)
    late = same.switches_s(0.0, 1e5)
    assert one.switches_s(0.0, 1000.0) == [time_s for time_s in late if time_s <= 1000.0]
    assert other.switches_s(0.0, 1000.0) != one.switches_s(0.0, 1000.0)
    assert [one.state(time_s - 1e-6) for time_s in late[:4]] == [0, 1, 0, 1]
    assert np.diff(late)[1::2].mean() == pytest.approx(20.0, rel=0.1)
    assert np.diff(late)[::2].mean() == pytest.approx(12.0, rel=0.1)


def test_difference_of_the_two_glass_curves_falls_to_zero_between_5_and_10_mV() -> None:
    contact = make_contact("glass2")
    bias_V = np.array([0.0, 1e-3, 5e-3, 10e-3])
    high, low = (in_e2_per_h(contact.exact_conductance_S(bias_V, 1.2, state=state)) for state in (0, 1))
    difference = high - low
    assert 0.5 < difference[0] < 1.1
    assert np.all(np.diff(difference) < 0.0)
    assert difference[3] < 0.1


def test_a_contact_without_fluctuator_never_switches() -> None:
    assert make_contact("cu1").switches_s(0.0, 1e6) == []
