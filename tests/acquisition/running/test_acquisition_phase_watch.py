"""A phase that drifts within an isotherm is told of once; noise and the sweep itself are not."""

import math
from types import SimpleNamespace

from acquisition.readings import PointKind
from acquisition.running.phase_watch import PhaseWatch


def point(phase_deg: float, kind: PointKind = PointKind.ANCHOR) -> SimpleNamespace:
    x_V, y_V = 6e-6 * math.cos(math.radians(phase_deg)), 6e-6 * math.sin(math.radians(phase_deg))
    return SimpleNamespace(kind=kind, lockin_x_V=x_V, lockin_y_V=y_V, isotherm_index=3)


def told(*points: SimpleNamespace) -> list[str]:
    watch = PhaseWatch()
    return [said for one in points if (said := watch.look(one))]  # type: ignore[arg-type]


def test_drift_beyond_a_degree_is_told_once() -> None:
    (said,) = told(point(0.2), point(0.9), point(1.5), point(3.0))
    assert said.startswith("the phase at zero bias went from 0.20 to 1.50 degrees within isotherm 3")


def test_steady_phase_is_not_told_wherever_it_is() -> None:
    assert told(point(179.8), point(-179.9), point(179.5)) == []


def test_points_under_bias_do_not_count() -> None:
    assert told(point(0.0), point(20.0, PointKind.SWEEP), point(0.1)) == []
