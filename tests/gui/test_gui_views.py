"""Each live view: what it draws is what the run file and the fit hold, and what is clicked changes what is seen."""

import csv
import re
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QDockWidget

from acquisition.errors import InputError
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.conditions_view import HELIUM, ConditionsView
from acquisition.gui.evidence_panel import EvidencePanel
from acquisition.gui.exponent_view import ExponentView
from acquisition.gui.field_view import FieldView
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.log_pane import LogPane
from acquisition.gui.map_view import MapView
from acquisition.gui.panel import Panel
from acquisition.gui.raw_view import RawView
from acquisition.gui.scatter_view import ScatterView
from acquisition.gui.tail import ChannelHistory
from acquisition.gui.view import View
from acquisition.gui.window import LabWindow
from acquisition.gui.zero_bias_view import ZeroBiasView

QUANTUM_S = 3.8740458e-5


def seen(window: LabWindow, qtbot: Any, kind: type[Panel]) -> Any:
    """Bring a panel to the front, as a click on its tab does."""
    panel = window.panel(kind)
    dock = window.docks.get(panel.name)
    if isinstance(dock, QDockWidget):
        dock.raise_()
    qtbot.waitUntil(panel.isVisible, timeout=2_000)
    return panel


def rows(run: Path, query: str) -> np.ndarray:
    with sqlite3.connect(run) as connection:
        return np.array(connection.execute(query).fetchall())


def test_raw_view_draws_the_sweeps_of_the_run_file(watching: LabWindow, field_run: Path, qtbot: Any) -> None:
    view = seen(watching, qtbot, RawView)
    expected = rows(
        field_run, "SELECT bias_V, conductance_S FROM point WHERE isotherm_index = 2 AND kind = 'sweep' ORDER BY seq"
    )
    bias_mV, conductance = view.curves.curve(2)
    assert bias_mV == pytest.approx(1e3 * expected[:, 0])
    assert conductance == pytest.approx(expected[:, 1] / QUANTUM_S, rel=1e-6)
    assert len(view.curves.names()) == 6


def test_collapse_shows_alpha_with_its_error_window_master_curve_and_theory(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, CollapseView)
    fit = view._fit
    assert fit is not None
    assert f"{fit.alpha:.4f} \u00b1 {fit.error:.4f}" in view.value.text()
    root, master = view.master.getData()
    assert view._window.getRegion()[1] == pytest.approx(root[-1])
    assert master[-1] == pytest.approx(fit.master_curve.value[-1] / QUANTUM_S, rel=1e-6)
    assert view.theory.getData()[1][-1] == pytest.approx(master[-1], rel=0.2)
    qtbot.mouseClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(8, view.overlay.height() // 2))
    assert not view.theory.isVisible()
    view.overlay.setChecked(True)


def test_collapsed_points_lie_on_the_master_curve_within_their_noise(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, CollapseView)
    fit = view._fit
    assert fit is not None
    noise = max(part.noise_S for part in fit.isotherms) / QUANTUM_S
    for name in view.residual_dots.names():
        _, residuals = view.residual_dots.curve(name)
        assert np.std(residuals) < 1.5 * noise


def test_slider_spreads_the_isotherms_and_auto_brings_them_back(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, CollapseView)

    def spread() -> float:
        tops = [view.dots.curve(name)[1].max() for name in view.dots.names()]
        return max(tops) - min(tops)

    fitted = spread()
    qtbot.mouseClick(view.auto, Qt.MouseButton.LeftButton, pos=QPoint(8, view.auto.height() // 2))
    assert view.slider.isEnabled()
    view.slider.setFocus()
    with qtbot.waitSignal(view.alpha_chosen):
        qtbot.keyClick(view.slider, Qt.Key.Key_End)
    assert view.alpha == pytest.approx(2.5)
    assert spread() != pytest.approx(fitted, rel=0.2)
    assert watching.panel(ZeroBiasView)._alpha == pytest.approx(2.5)
    assert not view.master.isVisible()
    qtbot.mouseClick(view.auto, Qt.MouseButton.LeftButton, pos=QPoint(8, view.auto.height() // 2))
    assert spread() == pytest.approx(fitted)
    assert view.master.isVisible()


def test_exponent_view_shows_the_error_in_its_parts_and_the_papers_value(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, ExponentView)
    fit = watching.panel(CollapseView)._fit
    assert fit is not None
    widths = view.budget.bars.opts["width"]
    assert widths[0] == pytest.approx(1e3 * fit.error)
    assert widths[0] == pytest.approx(np.sqrt(np.sum(np.square(widths[1:]))), rel=1e-6)
    assert "95 %" in view.readout.text()
    assert "0.48" in view.readout.text()
    assert view._profile.getData()[1].min() == pytest.approx(0.0, abs=0.05)


def test_zero_bias_view_draws_the_mean_of_the_anchors(watching: LabWindow, field_run: Path, qtbot: Any) -> None:
    view = seen(watching, qtbot, ZeroBiasView)
    query = (
        "SELECT avg(temperature_K), avg(conductance_S) FROM point WHERE kind = 'anchor' AND field_setpoint_T = 0 "
        "GROUP BY isotherm_index ORDER BY 1"
    )
    expected = rows(field_run, query)
    x, y = view.means.getData()
    alpha = watching.panel(CollapseView).alpha
    assert x == pytest.approx(expected[:, 0] ** alpha, rel=1e-6)
    assert y == pytest.approx(expected[:, 1] / QUANTUM_S, rel=1e-6)
    assert len(view.anchors.names()) == 6


def test_field_view_has_a_line_for_each_temperature(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, FieldView)
    assert sorted(view.lines) == [0.35, 0.7, 1.4]
    fields_T, quanta = view.lines[0.35].getData()
    assert fields_T == pytest.approx([0.0, 2.0], abs=1e-3)
    assert quanta[0] == 0.0
    assert quanta[1] > 0.0


def test_map_reads_what_the_curves_hold(watching: LabWindow, field_run: Path, qtbot: Any) -> None:
    view = seen(watching, qtbot, MapView)
    (zero_bias_S,) = rows(
        field_run,
        "SELECT avg(conductance_S) FROM point WHERE kind = 'anchor' AND temperature_setpoint_K = 0.35 "
        "AND field_setpoint_T = 0",
    )[0]
    text = view._conductance_at(0.0, float(np.log10(0.3505)))
    assert float(text.split("G = ")[1].split()[0]) == pytest.approx(zero_bias_S / QUANTUM_S, rel=1e-3)


def test_noise_is_what_was_predicted(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, ScatterView)
    _, ratios = view.ratio_dots.getData()
    assert len(ratios) >= 2
    assert ((ratios > 0.6) & (ratios < 1.5)).all()


def test_conditions_hold_points_and_what_was_read_between(watching: LabWindow, field_run: Path, qtbot: Any) -> None:
    view = seen(watching, qtbot, ConditionsView)
    hours, temperatures = view._lines["temperature"].getData()
    ((first_s, last_s),) = rows(field_run, "SELECT min(time_s), max(time_s) FROM monitor WHERE temperature_K > 0")
    assert (np.diff(hours) >= 0).all()
    assert hours[0] <= first_s / 3600 + 1e-6
    assert hours[-1] >= last_s / 3600 - 1e-6
    assert 10 ** np.max(temperatures) > 1.4
    assert view._lines["field"].getData()[1].max() == pytest.approx(2.0, abs=0.01)
    hours, percents = view._lines["heater"].getData()
    outputs = rows(field_run, "SELECT time_s, value FROM channel WHERE name = 'heater_fraction' ORDER BY seq")
    assert hours == pytest.approx([time_s / 3600 for time_s, _ in outputs])
    assert percents == pytest.approx([100 * fraction for _, fraction in outputs])
    assert 0.0 <= percents.min() < percents.max() <= 100.0
    assert all(59.0 < later - earlier < 900.0 for (earlier, _), (later, _) in pairwise(outputs))


def test_unticking_an_isotherm_hides_it_in_every_view(watching: LabWindow, qtbot: Any) -> None:
    panel = seen(watching, qtbot, IsothermsPanel)
    raw, collapse = watching.panel(RawView), watching.panel(CollapseView)
    assert collapse._fit is not None
    item = panel.list.item(0)
    place = panel.list.visualItemRect(item)
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.left() + 9, place.center().y()))
    assert item.checkState() == Qt.CheckState.Unchecked
    assert len(raw.curves.names()) == 4
    assert len(collapse.dots.names()) == 2
    fitted = len(collapse._fit.isotherms)
    noise = watching.panel(ScatterView).ratio_dots
    assert len(noise.getData()[0]) == fitted - 1
    qtbot.mouseClick(panel.all, Qt.MouseButton.LeftButton)
    assert len(raw.curves.names()) == 6
    assert len(collapse.dots.names()) == 3
    assert len(noise.getData()[0]) == fitted


def test_double_click_shows_one_isotherm_alone_and_again_all(watching: LabWindow, qtbot: Any) -> None:
    panel, raw = seen(watching, qtbot, IsothermsPanel), watching.panel(RawView)
    place = panel.list.visualItemRect(panel.list.item(1)).center()
    for expected in (2, 6):
        qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert len(raw.curves.names()) == expected


def test_direction_and_field_leave_the_others_out(watching: LabWindow, qtbot: Any) -> None:
    panel, raw = seen(watching, qtbot, IsothermsPanel), watching.panel(RawView)
    panel.direction.setFocus()
    qtbot.keyClicks(panel.direction, "up")
    bias, _ = raw.curves.curve(0)
    assert (np.diff(bias) > 0).all()
    collapse = watching.panel(CollapseView)
    up = len(collapse.dots.curve(0)[0])
    panel.field.setCurrentText("2 T")
    assert len(raw.curves.names()) == 3
    assert not collapse.dots.names()
    assert "fitted at H = 0 T" in collapse._said
    panel.field.setCurrentIndex(0)
    panel.direction.setCurrentText("both")
    assert len(raw.curves.names()) == 6
    assert len(collapse.dots.curve(0)[0]) == pytest.approx(2 * up, abs=2)
    assert "shaded" in collapse._said


def test_cursor_reads_in_units(watching: LabWindow, qtbot: Any) -> None:
    view = seen(watching, qtbot, RawView)
    scene_place = view.plot.vb.mapViewToScene(view.plot.vb.viewRect().center())
    view.graphics.scene().sigMouseMoved.emit(scene_place)
    assert re.match(r"V = [-\d.]+ .?V, G = [\d.]+ e\u00b2/h", view.readout.text())


def test_strip_and_log_tell_how_the_run_went(watching: LabWindow) -> None:
    cells = watching.strip.cells
    assert cells["run"].text() == "complete"
    assert "(100%)" in cells["done"].text()
    assert cells["T"].text().endswith("K, read last")
    assert "driven" in cells["H"].text()
    assert re.fullmatch(r"\d+ % of [\d.]+ mA", cells["heater"].text())
    assert cells["helium"].text() == "no meter"
    assert cells["bias"].text() == "at zero, safe"
    assert (cells["overload"].text(), cells["compliance"].text(), cells["flags"].text()) == ("no", "no", "none")
    assert "safe-state" in watching.panel(LogPane).lines.toPlainText()


def test_evidence_is_weighed_when_it_is_looked_at(watching: LabWindow, qtbot: Any) -> None:
    panel = seen(watching, qtbot, EvidencePanel)
    qtbot.waitUntil(lambda: "verdict after" in panel.verdict.text(), timeout=40_000)
    items: list[Any] = [panel.table.topLevelItem(row) for row in range(panel.table.topLevelItemCount())]
    words = {item.text(0): item.text(1) for item in items}
    assert "consistent" in words["2CK"]
    assert "excluded" in words["heating"]


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_every_panel_exports_a_figure(watching: LabWindow, tmp_path: Path, ending: str) -> None:
    for view in (panel for panel in watching.panels if isinstance(panel, View)):
        path = tmp_path / f"{view.name}.{ending}"
        view.graphics.export(path)
        assert path.stat().st_size > 2_000, view.name


def test_every_panel_exports_its_numbers(watching: LabWindow, tmp_path: Path) -> None:
    for view in (panel for panel in watching.panels if isinstance(panel, View)):
        path = tmp_path / f"{view.name}.csv"
        view.graphics.export(path)
        with path.open(encoding="utf-8") as file:
            table = list(csv.reader(file))
        assert len(table) > 3, view.name
        assert all(np.isfinite(float(cell)) for row in table[1:] for cell in row[1:] if cell not in ("", "nan")), (
            view.name
        )


def test_export_of_an_unknown_kind_is_refused(watching: LabWindow, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.svg"):
        watching.panel(RawView).graphics.export(tmp_path / "x.docx")


def test_hidden_view_draws_nothing_until_it_is_seen(watching: LabWindow, qtbot: Any) -> None:
    view, dock = watching.panel(FieldView), watching.docks["Field"]
    dock.hide()
    view._stale = frozenset({0})
    view._draw_if_seen()
    assert view._stale
    dock.show()
    seen(watching, qtbot, FieldView)
    assert not view._stale


def test_helium_that_is_read_gets_a_plot_and_leaves_with_its_run(watching: LabWindow) -> None:
    view, tail = watching.panel(ConditionsView), watching._tail
    assert tail is not None
    assert view.helium not in view.graphics.ci.items
    history = tail.channels.setdefault(HELIUM, ChannelHistory())
    history.time_s.extend([60.0, 120.0])
    history.values.extend([0.9, 0.89])
    view._take_slow("helium", history, 2)
    view._draw_lines()
    assert view.helium in view.graphics.ci.items
    assert view._lines["helium"].getData()[1] == pytest.approx([90.0, 89.0])
    view.clear()
    assert view.helium not in view.graphics.ci.items
