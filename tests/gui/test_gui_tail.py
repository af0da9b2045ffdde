"""What a window keeps of a run: of a long one no more than it can show."""

from pathlib import Path

import numpy as np
import pyqtgraph
import pytest
from PyQt5.QtGui import QColor, QImage, QPainter

from acquisition.gui import curve_stack, style, tail
from acquisition.gui.curve_stack import CurveStack
from acquisition.gui.plots import Plot
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


def test_curve_that_comes_to_rest_is_laid_over_the_others_which_are_not_painted_again(
    monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    painted: list[int] = []
    draw = CurveStack._draw

    def counting(self: CurveStack, painter: QPainter, curves: list) -> None:
        painted.append(len(curves))
        draw(self, painter, curves)

    monkeypatch.setattr(CurveStack, "_draw", counting)

    def shown(*, is_painted_after_each: bool) -> QImage:
        plot, widget = Plot(style.LIGHT, "", ""), pyqtgraph.GraphicsLayoutWidget()
        widget.addItem(plot)
        widget.resize(300, 200)
        plot.look_at(x=(-1.0, 1.0), y=(0.0, 8.0))
        stack = plot.stack()
        for name in range(6):
            stack.set_curve(name, np.array([-1.0, 0.0, 1.0]), name + np.array([1.0, 0.0, 2.0]), QColor("red"))
            if is_painted_after_each:
                widget.grab()
        painted.clear()
        return widget.grab().toImage()

    grown = shown(is_painted_after_each=True)
    assert painted == [1]  # the growing one; the others are in the picture
    at_once = shown(is_painted_after_each=False)
    assert painted == [5, 1]
    assert grown == at_once
