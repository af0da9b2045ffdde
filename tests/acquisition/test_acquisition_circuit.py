"""The circuit against Kirchhoff's laws, solved here as a matrix; the bias against a contact known in closed form."""

import itertools

import numpy as np
import pytest

from acquisition.circuit import (
    BiasIntegral,
    conductance,
    conductance_error_S,
    excitation_for,
    input_referred_V,
    largest_source_A,
    lockin_V,
    loop_ohm,
    oscillator_for,
    scale_errors,
    signal_V,
    source_current_for,
    source_voltage_V,
    total_scale_error,
)
from acquisition.errors import InterlockError
from acquisition.station_file import CircuitKind, CircuitSection, ContactSection

LINE = CircuitSection(ac_arm_ohm=100e3, dc_arm_ohm=10e3, preamplifier_gain=100.0, lead_ohm=4.0)
STRONG_SHUNTS = CircuitSection(
    ac_arm_ohm=2e3, dc_arm_ohm=500.0, oscillator_output_ohm=50.0, lead_ohm=30.0, series_ohm=3.0
)
TWO_WIRES = CircuitSection(
    kind=CircuitKind.CURRENT_BIAS_2_WIRE, ac_arm_ohm=2e3, dc_arm_ohm=500.0, lead_ohm=30.0, series_ohm=3.0
)
VOLTAGE_BIAS = CircuitSection(
    kind=CircuitKind.VOLTAGE_BIAS,
    ac_arm_ohm=2e3,
    dc_arm_ohm=500.0,
    divider_ohm=1.5,
    transimpedance_ohm=1e4,
    preamplifier_input_ohm=0.7,
    lead_ohm=4.0,
)
ALL = [LINE, STRONG_SHUNTS, TWO_WIRES, VOLTAGE_BIAS]
G_S = 0.1096


def solve_network(oscillator_V: float, source_A: float, conductance_S: float, circuit: CircuitSection, far_end: bool):
    """Return signal and contact voltage from the node equations at I+, V+ and V-, ground at the far end."""
    lead_S = 2.0 / circuit.lead_ohm
    arm_S = 1.0 / (circuit.ac_arm_ohm + circuit.oscillator_output_ohm)
    branch_S = 1.0 / (circuit.series_ohm + 1.0 / conductance_S)
    shunt_S = arm_S + (1.0 / circuit.dc_arm_ohm if far_end else 0.0)
    shunt_S += 1.0 / circuit.divider_ohm if circuit.divider_ohm else 0.0
    return_S = 1.0 / (0.5 * circuit.lead_ohm + circuit.preamplifier_input_ohm)
    matrix = np.array(
        [
            [shunt_S + lead_S, -lead_S, 0.0],
            [-lead_S, lead_S + branch_S, -branch_S],
            [0.0, -branch_S, branch_S + return_S],
        ]
    )
    node_V, plus_V, minus_V = np.linalg.solve(matrix, [oscillator_V * arm_S + source_A, 0.0, 0.0])
    inner_V = plus_V - minus_V
    current_A = branch_S * inner_V
    tap_V = node_V if circuit.kind is CircuitKind.CURRENT_BIAS_2_WIRE else inner_V
    signal = current_A * circuit.transimpedance_ohm if circuit.transimpedance_ohm else tap_V
    return signal, inner_V - current_A * circuit.series_ohm


@pytest.mark.parametrize("circuit", ALL)
def test_conductance_is_that_of_the_network(circuit: CircuitSection) -> None:
    tap_V, contact_V = solve_network(0.066, 0.0, G_S, circuit, far_end=True)
    response = conductance(tap_V, 0.0, 0.066, circuit)
    assert response.conductance_S == pytest.approx(G_S, rel=1e-12)
    assert response.excitation_Vrms == pytest.approx(contact_V, rel=1e-12)
    assert response.current_Arms == pytest.approx(contact_V * G_S, rel=1e-12)


@pytest.mark.parametrize("circuit", ALL)
def test_oscillator_gives_the_excitation_asked_for(circuit: CircuitSection) -> None:
    oscillator_V = oscillator_for(6.1e-6, G_S, circuit)
    tap_V, contact_V = solve_network(oscillator_V, 0.0, G_S, circuit, far_end=True)
    assert contact_V == pytest.approx(6.1e-6, rel=1e-12)
    assert signal_V(6.1e-6, G_S, circuit) == pytest.approx(tap_V, rel=1e-12)
    assert excitation_for(oscillator_V, G_S, circuit) == pytest.approx(6.1e-6, rel=1e-12)


@pytest.mark.parametrize("circuit", ALL)
def test_source_current_gives_the_bias_asked_for(circuit: CircuitSection) -> None:
    current_A = source_current_for(4e-3, G_S, circuit)
    _, contact_V = solve_network(0.0, current_A, G_S, circuit, far_end=False)
    assert contact_V == pytest.approx(4e-3, rel=1e-12)


def test_class_typical_numbers_come_out() -> None:
    # 8.6 uV peak on 9.12 ohm through 100 kohm: 67 mV; 4 mV: 0.44 mA, 4.4 V over the DC arm
    assert oscillator_for(6.09e-6, G_S, LINE) == pytest.approx(0.0668, rel=5e-3)
    assert source_current_for(4e-3, G_S, LINE) == pytest.approx(438.4e-6, rel=1e-3)
    assert source_voltage_V(438.4e-6, G_S, LINE) == pytest.approx(4.39, rel=1e-3)


def test_quadrature_of_a_cable_does_not_pass_for_resistance() -> None:
    tap_V, _ = solve_network(0.066, 0.0, G_S, LINE, far_end=True)
    response = conductance(tap_V, 1e-3 * tap_V, 0.066, LINE)
    assert response.conductance_S == pytest.approx(G_S, rel=1e-5)


def test_gain_refers_to_the_input_and_back() -> None:
    assert input_referred_V(6e-4, LINE) == pytest.approx(6e-6)
    assert lockin_V(6e-6, LINE) == pytest.approx(6e-4)


@pytest.mark.parametrize("x_V", [0.0, -6e-6, float("nan"), float("inf"), 0.065])
def test_reading_without_a_contact_in_it_is_an_interlock(x_V: float) -> None:
    with pytest.raises(InterlockError, match="check leads, phase"):
        conductance(x_V, 0.0, 0.066, LINE)


def test_no_excitation_is_an_interlock_too() -> None:
    with pytest.raises(InterlockError):
        conductance(0.0, 0.0, 0.0, LINE)


@pytest.mark.parametrize("circuit", [LINE, TWO_WIRES, VOLTAGE_BIAS])
def test_error_follows_the_derivative(circuit: CircuitSection) -> None:
    seen_V, contact_V = solve_network(0.066, 0.0, G_S, circuit, far_end=True)
    sigma_V = 1e-5 * seen_V
    moved = conductance(seen_V + sigma_V, 0.0, 0.066, circuit).conductance_S - G_S
    assert conductance_error_S(sigma_V, G_S, contact_V, circuit) == pytest.approx(abs(moved), rel=1e-3)


def test_scale_error_of_four_wires_is_that_of_gain_and_arm() -> None:
    errors = {error.cause: error for error in scale_errors(G_S, LINE)}
    assert errors["gain_factor"].conductance_fraction == pytest.approx(3e-3, rel=0.01)
    assert errors["ac_arm_ohm"].bias_fraction == pytest.approx(1e-3, rel=0.01)
    assert errors["lead_ohm"].conductance_fraction == 0.0
    assert total_scale_error(tuple(errors.values())).conductance_fraction == pytest.approx(3.16e-3, rel=0.01)


def test_error_of_the_leads_is_one_of_the_scale_with_two_wires() -> None:
    circuit = TWO_WIRES.model_copy(update={"lead_error_ohm": 0.05})
    errors = {error.cause: error for error in scale_errors(G_S, circuit)}
    assert errors["lead_ohm"].conductance_fraction == pytest.approx(0.05 * G_S, rel=0.01)


def test_gain_of_a_current_preamplifier_weighs_more_where_the_bias_is_soft() -> None:
    # R = V/I - what is known: 0.3 % of I is 0.3 % of the whole loop
    errors = {error.cause: error for error in scale_errors(G_S, VOLTAGE_BIAS)}
    expected = 3e-3 * loop_ohm(G_S, VOLTAGE_BIAS) * G_S
    assert errors["gain_factor"].conductance_fraction == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("circuit", ALL)
def test_calibrated_line_keeps_only_what_the_dummy_did_not_see(circuit: CircuitSection) -> None:
    calibrated = circuit.model_copy(
        update={"calibrated_S": 0.1, "gain_error_fraction": 1e-4, "lead_error_ohm": 0.02, "gain_factor": 1.01}
    )
    at_dummy = {error.cause: error.conductance_fraction for error in scale_errors(0.1, calibrated)}
    assert at_dummy.pop("gain_factor") > 0.9e-4
    assert max(at_dummy.values()) < 1e-9  # a resistor like the dummy is found rightly, whatever the parts really are
    elsewhere = total_scale_error(scale_errors(0.2, calibrated))
    nominal = calibrated.model_copy(update={"calibrated_S": None})
    assert elsewhere.conductance_fraction < total_scale_error(scale_errors(0.2, nominal)).conductance_fraction


def test_divider_of_a_voltage_bias_stays_in_the_bias_after_a_calibration() -> None:
    calibrated = VOLTAGE_BIAS.model_copy(update={"calibrated_S": 0.1})
    divider = next(error for error in scale_errors(0.1, calibrated) if error.cause == "divider_ohm")
    # 0.1 % of the divider is 0.1 % of the voltage behind it, less what its own share of the loop takes back
    loop_part = 1.5 / (10.0 + 4.0 + 0.7 + 1.5)
    assert divider.bias_fraction == pytest.approx(1e-3 * (1.0 - loop_part), rel=0.01)
    assert divider.conductance_fraction < 1e-9


def test_current_limit_of_the_contact_is_one_of_the_source() -> None:
    contact = ContactSection(
        maximum_bias_V=5e-3, maximum_current_A=0.5e-3, maximum_bias_rate_V_per_s=1e-3, expected_conductance_S=G_S
    )
    _, contact_V = solve_network(0.0, largest_source_A(contact, VOLTAGE_BIAS), G_S, VOLTAGE_BIAS, far_end=False)
    assert contact_V * G_S == pytest.approx(0.5e-3, rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("voltage-bias", {}),
        ("voltage-bias", {"divider_ohm": 1.0}),
        ("current-bias-4-wire", {"divider_ohm": 1.0}),
        ("current-bias-2-wire", {"transimpedance_ohm": 1e4}),
    ],
)
def test_circuit_with_parts_of_another_is_refused(kind: str, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"divider_ohm|transimpedance_ohm"):
        CircuitSection(kind=CircuitKind(kind), ac_arm_ohm=1e3, dc_arm_ohm=1e3, **wrong)


def contact_bias_V(current_A: float) -> float:
    """Return the bias of a contact with I = G V + a V^3, by Newton's method; 2 % more conductance at 4 mV."""
    bias_V = current_A / G_S
    for _ in range(50):
        bias_V -= (G_S * bias_V + CUBIC * bias_V**3 - current_A) / contact_conductance_S(bias_V)
    return bias_V


def contact_conductance_S(bias_V: float) -> float:
    return G_S + 3.0 * CUBIC * bias_V**2


CUBIC = 0.02 * G_S / (3.0 * 4e-3**2)
BARE = CircuitSection(ac_arm_ohm=1e12, dc_arm_ohm=10e3)
TRIANGLE = np.concatenate([np.linspace(0, -1, 101), np.linspace(-1, 1, 201), np.linspace(1, 0, 101)[1:]])


def test_bias_is_the_integral_from_zero() -> None:
    integral = BiasIntegral(BARE, G_S)
    for current_A in 438e-6 * TRIANGLE:
        true_V = contact_bias_V(current_A)
        found_V = integral.advance(current_A, contact_conductance_S(true_V))
        assert found_V == pytest.approx(true_V, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("circuit", [STRONG_SHUNTS, VOLTAGE_BIAS])
def test_bias_accounts_for_what_arm_and_divider_take(circuit: CircuitSection) -> None:
    integral = BiasIntegral(circuit, G_S)
    for current_A in np.linspace(0, 438e-6, 11):
        integral.advance(current_A, G_S)
    _, contact_V = solve_network(0.0, 438e-6, G_S, circuit, far_end=False)
    assert integral.bias_V == pytest.approx(contact_V, rel=1e-9)


def test_error_of_one_branch_ends_at_zero_current() -> None:
    integral = BiasIntegral(BARE, G_S)
    for current_A in (0.0, -1e-4, -2e-4):
        integral.advance(current_A, G_S)
    for current_A in (-1e-4, 0.0):
        integral.advance(current_A, 2 * G_S)  # the contact has changed, the way back is shorter
    assert integral.bias_V == 0.0
    assert integral.advance(1e-4, 2 * G_S) == pytest.approx(1e-4 / (2 * G_S))


def test_zero_is_found_between_two_points_of_opposite_sign() -> None:
    integral = BiasIntegral(BARE, G_S)
    for current_A in (0.0, -1e-4, 1e-4):
        integral.advance(current_A, G_S)
    assert integral.bias_V == pytest.approx(1e-4 / G_S)


def test_integral_goes_on_from_the_last_committed_point() -> None:
    currents_A = 438e-6 * TRIANGLE
    whole = BiasIntegral(BARE, G_S)
    biases_V = [whole.advance(current_A, G_S * (1 + 1e-3 * place)) for place, current_A in enumerate(currents_A)]
    resumed = BiasIntegral.resumed(BARE, currents_A[150], biases_V[150], G_S * 1.15)
    again_V = [resumed.advance(currents_A[place], G_S * (1 + 1e-3 * place)) for place in range(151, len(currents_A))]
    assert again_V == biases_V[151:]


def test_start_begins_at_zero_again() -> None:
    integral = BiasIntegral(BARE, G_S)
    integral.advance(1e-4, G_S)
    integral.start()
    assert integral.bias_V == 0.0
    assert integral.advance(1e-4, G_S) == pytest.approx(1e-4 / G_S)


def test_setpoints_are_hit_within_one_per_cent() -> None:
    integral = BiasIntegral(BARE, 0.95 * G_S)  # the station expects 5 % less than there is
    integral.advance(0.0, G_S)
    for setpoint_V in 4e-3 * TRIANGLE[1:]:
        current_A = round(integral.source_current_for(setpoint_V) / 50e-9) * 50e-9
        true_V = contact_bias_V(current_A)
        integral.advance(current_A, contact_conductance_S(true_V))
        assert true_V == pytest.approx(setpoint_V, rel=0.01, abs=50e-9 / G_S)


def test_zero_setpoint_is_exactly_zero_current() -> None:
    integral = BiasIntegral(BARE, G_S)
    for current_A in (0.0, -1e-4):
        integral.advance(current_A, G_S)
    assert integral.source_current_for(0.0) == 0.0


def test_first_setpoint_beyond_zero_counts_from_zero() -> None:
    integral = BiasIntegral(BARE, G_S)
    for current_A in (0.0, -1e-4):
        integral.advance(current_A, G_S)
    assert integral.source_current_for(1e-3) == pytest.approx(1e-3 * G_S)


def test_grid_of_signs_is_even() -> None:
    for sign, bias_V in itertools.product((-1, 1), (1e-6, 4e-3)):
        assert source_current_for(sign * bias_V, G_S, LINE) == sign * source_current_for(bias_V, G_S, LINE)
