"""Each circuit of docs/circuits.md, simulated and worked out apart from another, gives the same contact."""

import math
import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tomlkit

from acquisition.circuit import scale_errors, total_scale_error
from acquisition.clock import WallClock
from acquisition.loop import Loop
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import PointFlag, PointKind, Reading
from acquisition.recipe import load_recipe
from acquisition.running.control import Control
from acquisition.safety import make_safe
from acquisition.station import open_simulated
from acquisition.station_file import CircuitKind, Station, parse_station
from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import make_curves
from analysis.fit_result import ExponentFit

ROOT = Path(__file__).parents[2]
BASE = tomllib.loads((ROOT / "acquisition" / "stations" / "simulated.toml").read_text(encoding="utf-8"))
EXAMPLES = [
    tomllib.loads(block)
    for block in re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs" / "circuits.md").read_text(encoding="utf-8"), re.DOTALL
    )
]
USUAL = CircuitKind.CURRENT_BIAS_4_WIRE
OTHERS = [CircuitKind.CURRENT_BIAS_2_WIRE, CircuitKind.VOLTAGE_BIAS]


def station(kind: CircuitKind) -> Station:
    tables = {str(example["circuit"]["kind"]): example for example in EXAMPLES}
    return parse_station(tomlkit.dumps(BASE | tables.get(str(kind), {})), f"{kind}.toml")


@cache
def measured(kind: CircuitKind) -> tuple[Plan, list[Reading]]:
    recipe = load_recipe(ROOT / "examples" / "quick.toml")
    recipe = recipe.model_copy(update={"bias": recipe.bias.model_copy(update={"points": 41})})
    plan, wall = make_plan(recipe, station(kind)), WallClock()
    with open_simulated(plan.station, "cu1", 1, None, wall) as rack:
        loop = Loop(RunningPlan(plan), rack.roles, rack.clock, Control(wall, is_unattended=True))
        readings = [entry for entry in loop.walk() if isinstance(entry, Reading)]
        assert make_safe(rack.roles).unreachable == ()
    return plan, readings


def fit(readings: list[Reading]) -> ExponentFit:
    def column(name: str) -> np.ndarray:
        return np.array([getattr(reading, name) for reading in readings])

    names = ("bias_V", "temperature_K", "field_T", "conductance_S", "conductance_error_S", "excitation_Vrms", "time_s")
    curves = make_curves(
        **{name: column(name) for name in names},
        is_anchor=np.array([reading.kind is PointKind.ANCHOR for reading in readings]),
    )
    return fit_exponent(curves, corrections=Corrections(bias_offset_V="auto", electron_base_K=0.03))


def test_each_circuit_is_in_the_document() -> None:
    assert {example["circuit"]["kind"] for example in EXAMPLES} == {str(kind) for kind in OTHERS}


@pytest.mark.parametrize("kind", OTHERS)
def test_exponent_of_another_circuit_agrees(kind: CircuitKind) -> None:
    usual, other = fit(measured(USUAL)[1]), fit(measured(kind)[1])
    assert abs(other.alpha - 0.5) < 2.5 * other.error
    assert abs(other.alpha - usual.alpha) < 3.0 * math.hypot(other.statistical, usual.statistical)


@pytest.mark.parametrize("kind", OTHERS)
def test_curve_of_another_circuit_differs_by_the_scale_alone(kind: CircuitKind) -> None:
    plan, readings = measured(kind)
    ratio = np.array([a.conductance_S / b.conductance_S for a, b in zip(readings, measured(USUAL)[1], strict=True)])
    allowed = [
        total_scale_error(scale_errors(plan.station.contact.expected_conductance_S, one)).conductance_fraction
        for one in (plan.station.circuit, station(USUAL).circuit)
    ]
    assert abs(ratio.mean() - 1.0) < 3.0 * math.hypot(*allowed)
    assert ratio.std() < 2e-3  # noise, and the bias values that are not the same
    assert {reading.flags for reading in readings} == {PointFlag.GOOD}


@pytest.mark.parametrize("kind", [USUAL, *OTHERS])
def test_noise_is_as_planned(kind: CircuitKind) -> None:
    _, readings = measured(kind)
    anchors = [[r for r in readings if r.isotherm_index == i and r.kind is PointKind.ANCHOR] for i in range(5)]
    normalised = [
        (r.conductance_S - np.mean([one.conductance_S for one in group])) / r.conductance_error_S
        for group in anchors
        for r in group
    ]
    assert float(np.std(normalised)) == pytest.approx(1.0, abs=0.3)
