"""What a window keeps of a run: of a long one no more than it can show."""

from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtGui import QColor

from acquisition.gui import curve_stack, tail
from acquisition.gui.curve_stack import CurveStack
from acquisition.gui.tail import RunTail


def looked_at(path: Path) -> RunTail:
    run = RunTail(path)
    while run.look():
        pass
    run.close()
    return run


def test_long_run_is_taken_in_several_looks_and_kept_in_part(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = looked_at(finished_run)
    monkeypatch.setattr(tail, "POINTS_A_LOOK", 50)
    monkeypatch.setattr(tail, "POINTS_IN_ALL", 250)
    thin = looked_at(finished_run)
    assert thin.points == whole.points == 855
    assert [isotherm.points for isotherm in thin.isotherms.values()] == [171] * 5
    assert sum(len(isotherm.table) for isotherm in thin.isotherms.values()) <= 2 * 250
    assert len(thin.isotherms[4].table) == 171  # the newest keeps all
    kept = thin.isotherms[0].table["time_s"]
    assert 25 <= len(kept) <= 86
    assert set(kept) <= set(whole.isotherms[0].table["time_s"])
    assert kept[-1] > 0.9 * whole.isotherms[0].table["time_s"][-1]


def test_stack_of_very_many_curves_keeps_few_points_of_each(monkeypatch: pytest.MonkeyPatch, qapp: object) -> None:
    monkeypatch.setattr(curve_stack, "POINTS_IN_ALL", 4000)
    stack, x = CurveStack(), np.linspace(-1.0, 1.0, 2000)
    for name in range(30):
        stack.set_curve(name, x, name + x**2, QColor("red"))
    assert sum(len(stack.curve(name)[0]) for name in range(30)) <= 2 * 30 * curve_stack.FEWEST_POINTS
    assert stack.dataBounds(0) == pytest.approx((-1.0, 1.0), abs=0.02)
    assert stack.dataBounds(1) == pytest.approx((0.0, 30.0), abs=1e-3)
    stack.show_curve(29, is_shown=False)
    assert stack.dataBounds(1) == pytest.approx((0.0, 29.0), abs=1e-3)
