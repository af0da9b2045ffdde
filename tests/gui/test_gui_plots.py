"""What all plots have in common, with real clicks: menu, zoom that stays, mark and differences, files."""

import csv
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph
import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QColor, QImage, QWheelEvent
from PyQt5.QtSvg import QSvgRenderer
from PyQt5.QtWidgets import QApplication, QFileDialog, QInputDialog, QMenu, QMessageBox, QWidget

from acquisition.gui import style
from acquisition.gui.canvas import Canvas
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.conditions_view import ConditionsView
from acquisition.gui.coordinate import BIAS, CONDUCTANCE, FIELD, TEMPERATURE_IN_DECADES, Coordinate
from acquisition.gui.evidence_panel import EvidencePanel
from acquisition.gui.exponent_view import ExponentView
from acquisition.gui.figure_files import FINENESS, picture
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.map_view import MapView
from acquisition.gui.plots import Plot
from acquisition.gui.raw_view import RawView
from acquisition.gui.view import View
from acquisition.gui.window import LabWindow
from acquisition.gui.zero_bias_view import ZeroBiasView

QUANTUM_S = 3.8740458e-5
OURS = ["View all, follow the data", "Export this panel ...", "Copy as a picture"]


def in_view(window: LabWindow, kind: type[View]) -> Any:
    """Return a view, in front."""
    view = window.panel(kind)
    window.show_panel(view)
    QApplication.processEvents()
    return view


def place_of(view: View, plot: Any) -> QPoint:
    """Return where the middle of a plot is on the widget."""
    return view.graphics.mapFromScene(plot.vb.sceneBoundingRect().center())


def viewport(view: View) -> QWidget:
    widget = view.graphics.viewport()
    assert widget is not None
    return widget


def double_click(view: View, plot: Plot, qtbot: Any) -> None:
    """Click twice, as a hand does: the test library's double click lacks the last release."""
    at = place_of(view, plot)
    qtbot.mouseClick(viewport(view), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(viewport(view), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseRelease(viewport(view), Qt.MouseButton.LeftButton, pos=at)


def zoom(view: View, plot: Plot) -> None:
    """Turn the wheel over the middle of a plot."""
    at = QPointF(place_of(view, plot))
    turn = QPoint(0, 240)
    no_button, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    globally = QPointF(viewport(view).mapToGlobal(at.toPoint()))
    wheel = QWheelEvent(at, globally, QPoint(), turn, no_button, no_key, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(viewport(view), wheel)


def test_right_click_in_a_plot_opens_one_menu_and_it_is_ours(watching: LabWindow, qtbot: Any) -> None:
    view = in_view(watching, RawView)
    qtbot.mouseClick(viewport(view), Qt.MouseButton.RightButton, pos=place_of(view, view.plot))
    menus = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMenu) and widget.isVisible()]
    assert [[action.text() for action in menu.actions()] for menu in menus] == [OURS]
    menus[0].close()


def test_a_zoom_stays_when_data_come_and_a_double_click_gives_it_back(watching: LabWindow, qtbot: Any) -> None:
    view = in_view(watching, CollapseView)
    before = view.plot.vb.viewRange()
    assert view.held.isHidden()
    zoom(view, view.residuals)  # its bottom axis is that of the collapse, too
    zoomed = view.plot.vb.viewRange()
    assert np.ptp(zoomed[0]) < 0.9 * np.ptp(before[0])
    assert not view.held.isHidden()
    assert view._fit is not None
    view._look_at(view._fit)
    assert view.plot.vb.viewRange() == zoomed
    double_click(view, view.residuals, qtbot)
    assert view.plot.vb.viewRange()[0] == pytest.approx(before[0])
    assert view.held.isHidden()


def test_the_button_and_the_key_let_zoomed_plots_follow_again(watching: LabWindow, qtbot: Any) -> None:
    view = in_view(watching, RawView)
    before = view.plot.vb.viewRange()
    watching.activateWindow()
    qtbot.waitUntil(watching.isActiveWindow, timeout=5_000)
    for give_back in (
        lambda: qtbot.mouseClick(view.held, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(watching, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier),
    ):
        zoom(view, view.plot)
        assert np.ptp(view.plot.vb.viewRange()[1]) < 0.9 * np.ptp(before[1])
        give_back()
        qtbot.waitUntil(lambda: view.plot.vb.viewRange()[1] == pytest.approx(before[1]), timeout=2_000)


def test_a_click_marks_the_point_that_is_near_and_others_are_measured_from_it(watching: LabWindow, qtbot: Any) -> None:
    view = in_view(watching, RawView)
    bias_mV, conductance = view.curves.curve(0)
    place = int(np.argmin(np.abs(bias_mV - 0.5 * bias_mV.max())))
    scene = view.plot.vb.mapViewToScene(QPointF(bias_mV[place], conductance[place]))
    at = view.graphics.mapFromScene(scene)
    qtbot.mouseClick(viewport(view), Qt.MouseButton.LeftButton, pos=at + QPoint(3, 0))
    assert view.plot.mark is not None
    marked = [point for name in view.curves.names() for point in zip(*view.curves.curve(name), strict=True)]
    assert view.plot.mark in marked
    view.graphics.scene().sigMouseMoved.emit(view.plot.vb.mapViewToScene(QPointF(0.0, view.plot.mark[1])))
    words = view.readout.text()
    found = re.search(r"from the mark: \u0394V = (-[\d.]+) \u00b5V, \u0394G = \S+ e\u00b2/h", words)
    assert found, words
    assert float(found[1]) == pytest.approx(-1e3 * view.plot.mark[0], abs=1.0)
    assert not view.held.isHidden()
    double_click(view, view.plot, qtbot)
    assert view.plot.mark is None


def test_the_point_under_the_mouse_names_its_isotherm(watching: LabWindow) -> None:
    view = in_view(watching, RawView)
    bias_mV, conductance = view.curves.curve(5)
    place = int(np.argmax(bias_mV))
    scene = view.plot.vb.mapViewToScene(QPointF(bias_mV[place], conductance[place]))
    view.graphics.scene().sigMouseMoved.emit(scene)
    found = re.search(r", ([\d.]+ K)(, 2 T)?$", view.readout.text())
    assert found
    listed = watching.panel(IsothermsPanel).list
    assert [item.text() for item in listed.selectedItems()] == [found[1]]
    view.graphics.scene().sigMouseMoved.emit(QPointF(0.0, 0.0))
    assert not listed.selectedItems()


def test_zooming_by_hand_scales_the_collapse_with_the_slider(watching: LabWindow, qtbot: Any) -> None:
    view = in_view(watching, CollapseView)
    qtbot.mouseClick(view.auto, Qt.MouseButton.LeftButton, pos=QPoint(8, view.auto.height() // 2))
    for key in (Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(view.slider, key)
        low, high = view.plot.vb.viewRange()[1]
        root_end = view._window.getRegion()[1]
        tops = []
        for name in view.dots.names():
            root, scaled = view.dots.curve(name)
            tops.append(scaled[root <= root_end].max())
        assert low < max(tops) < high < 4 * max(tops)
    qtbot.mouseClick(view.auto, Qt.MouseButton.LeftButton, pos=QPoint(8, view.auto.height() // 2))


def test_likelihood_shows_what_all_errors_allow(watching: LabWindow) -> None:
    fit, view = in_view(watching, CollapseView)._fit, in_view(watching, ExponentView)
    assert fit is not None
    assert view.total_band.isVisible()
    assert view.total_band.getRegion() == pytest.approx(fit.interval95)
    alpha, delta_chi2 = view._total.getData()
    inside = delta_chi2 <= 3.84
    assert (alpha[inside].min(), alpha[inside].max()) == pytest.approx(fit.interval95, abs=0.1 * fit.error)
    left, right = view.likelihood.vb.viewRange()[0]
    assert left < fit.interval95[0] < fit.interval95[1] < right
    assert left < 0.5 < right


def test_a_run_without_an_exponent_says_why_and_claims_nothing(
    make_window: Callable[..., LabWindow], field_run: Path, short_run: Path, qtbot: Any
) -> None:
    window = make_window()
    window.attach(field_run)  # of which nothing may be left
    qtbot.waitUntil(lambda: window.panel(CollapseView).alpha is not None, timeout=20_000)
    window.panel(CollapseView).auto.click()
    window.attach(short_run)
    collapse, exponent = window.panel(CollapseView), window.panel(ExponentView)
    qtbot.waitUntil(lambda: "determines alpha" in collapse.readout.text(), timeout=20_000)
    assert collapse.alpha is None
    assert collapse.auto.isChecked()
    assert collapse._window.getRegion() == (0.0, 0.0)
    assert not collapse.dots.names()
    assert "no exponent yet: " in exponent.readout.text()
    for mark in (exponent.total_band, exponent._best, exponent._lowest):
        assert not mark.isVisible()
    zero_bias = in_view(window, ZeroBiasView)
    assert "no fit yet" in zero_bias.readout.text()
    assert zero_bias.line.getData()[0] is None or not len(zero_bias.line.getData()[0])
    evidence = window.panel(EvidencePanel)
    window.show_panel(evidence)
    qtbot.waitUntil(lambda: evidence._analysis.is_busy, timeout=5_000)
    evidence._analysis.stop()
    evidence.show_refusal("one point more")
    assert not evidence._analysis.is_busy  # weighed again with the next isotherm, or at the end


def test_no_label_is_longer_than_its_axis_in_a_small_window(watching: LabWindow, qtbot: Any) -> None:
    before = watching.size()
    watching.resize(1024, 700)
    for panel in [panel for panel in watching.panels if isinstance(panel, View)]:
        view = in_view(watching, type(panel))
        for plot in view.plots():
            for side in ("left", "bottom"):
                axis: Any = plot.getAxis(side)
                length = axis.height() if side == "left" else axis.width()
                assert axis.label.scale() * axis.label.boundingRect().width() < length + 21, (view.name, axis.labelText)
    watching.resize(before)


def test_points_that_are_no_numbers_leave_the_zero_bias_law_as_it_is(watching: LabWindow) -> None:
    view, tail = in_view(watching, ZeroBiasView), watching._tail
    assert tail is not None
    before, line = view.means.getData()[1].copy(), view.line.getData()[1].copy()
    column = tail.isotherms[0].table["conductance_S"]
    row = int(np.flatnonzero(tail.isotherms[0].table["is_anchor"] == 1)[0])
    measured, column[row] = column[row], np.nan
    view._redraw()
    assert np.isfinite(view.line.getData()[1]).all()
    assert view.means.getData()[1] == pytest.approx(before, rel=1e-4)
    column[row] = measured
    view._redraw()
    assert view.line.getData()[1] == pytest.approx(line)


# --- files ----------------------------------------------------------------------------------------------------------


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_numbers_have_names_and_units_and_are_those_of_the_run(
    watching: LabWindow, field_run: Path, tmp_path: Path
) -> None:
    in_view(watching, RawView).graphics.export(tmp_path / "raw.csv")
    head, *rows = table(tmp_path / "raw.csv")
    assert head == ["curve", "bias V (mV)", "conductance G (e\u00b2/h)"]
    assert {row[0] for row in rows} == {f"{T} K{H}" for T in ("1.4", "0.7", "0.35") for H in ("", ", 2 T")}
    with sqlite3.connect(field_run) as connection:
        expected = connection.execute(
            "SELECT bias_V, conductance_S FROM point WHERE kind = 'sweep' AND temperature_setpoint_K = 0.7 "
            "AND field_setpoint_T = 2 ORDER BY seq"
        ).fetchall()
    found = np.array([row[1:] for row in rows if row[0] == "0.7 K, 2 T"], dtype=float)
    assert found == pytest.approx(np.array(expected) * (1e3, 1.0 / QUANTUM_S), rel=1e-6)


def test_numbers_of_a_logarithmic_axis_are_no_logarithms(watching: LabWindow, tmp_path: Path) -> None:
    in_view(watching, ConditionsView).graphics.export(tmp_path / "conditions.csv")
    head, *rows = table(tmp_path / "conditions.csv")
    column = head.index("temperature T (K)")
    kelvins = [float(row[column]) for row in rows if row[column]]
    assert 0.33 < min(kelvins) < max(kelvins) < 5.0


def test_numbers_of_the_exponent_hold_its_error_by_source(watching: LabWindow, tmp_path: Path) -> None:
    fit = in_view(watching, CollapseView)._fit
    in_view(watching, ExponentView).graphics.export(tmp_path / "exponent.csv")
    head, *rows = table(tmp_path / "exponent.csv")
    column = head.index("standard error of \u03b1 by source (10\u207b\u00b3)")
    parts = {row[0]: float(row[column]) for row in rows if row[column]}
    assert fit is not None
    assert parts["total"] == pytest.approx(1e3 * fit.error)
    assert len(parts) == 7


def inked(image: QImage) -> np.ndarray:
    """Return which pixels are not white, shape (height, width)."""
    image = image.convertToFormat(QImage.Format.Format_Grayscale8)
    bits = image.constBits()
    assert bits is not None
    flat = np.frombuffer(bits.asstring(image.sizeInBytes()), dtype=np.uint8)
    return flat.reshape(image.height(), image.bytesPerLine())[:, : image.width()] < 250


def test_picture_is_three_times_as_fine_and_full(watching: LabWindow, tmp_path: Path) -> None:
    view = in_view(watching, RawView)
    view.graphics.export(tmp_path / "raw.png")
    image = QImage(str(tmp_path / "raw.png"))
    assert image.size() == 3 * view.graphics.size()
    rows, columns = np.nonzero(inked(image))
    assert np.ptp(rows) > 0.9 * image.height()
    assert np.ptp(columns) > 0.9 * image.width()


def test_drawing_is_as_large_as_the_panel_with_its_letters_and_few_elements(
    watching: LabWindow, tmp_path: Path
) -> None:
    view = in_view(watching, CollapseView)
    view.graphics.export(tmp_path / "collapse.svg")
    drawing = QSvgRenderer(str(tmp_path / "collapse.svg"))
    assert drawing.isValid()
    assert drawing.defaultSize() == view.graphics.size()
    text = (tmp_path / "collapse.svg").read_text(encoding="utf-8")
    assert "DejaVu Sans" in text
    assert text.count("clip-path=") >= 2
    assert text.count("<path") < 400  # one for all dots of an isotherm


def test_page_is_as_large_as_the_panel(watching: LabWindow, tmp_path: Path) -> None:
    view = in_view(watching, RawView)
    view.graphics.export(tmp_path / "raw.pdf")
    found = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (tmp_path / "raw.pdf").read_bytes())
    assert found is not None
    points = 72.0 / view.graphics.logicalDpiX()
    expected = (points * view.graphics.width(), points * view.graphics.height())
    assert (float(found[1]), float(found[2])) == pytest.approx(expected, abs=1.0)


def test_a_file_that_is_there_is_not_overwritten_without_a_word(
    watching: LabWindow, tmp_path: Path, qtbot: Any
) -> None:
    view, path = in_view(watching, RawView), tmp_path / "raw.csv"
    path.write_text("precious")
    view.graphics.ask_where_to_export()
    dialog = view.graphics.findChild(QFileDialog)
    dialog.setDirectory(str(tmp_path))
    dialog.selectNameFilter("numbers, CSV (*.csv)")
    dialog.selectFile("raw.csv")
    for answer, is_overwritten in (("Cancel", False), ("Overwrite", True)):
        dialog.accept()
        (question,) = (box for box in dialog.findChildren(QMessageBox) if box.isVisible())
        assert not question.isModal()
        assert "raw.csv" in question.text()
        button = next(button for button in question.buttons() if button.text().replace("&", "") == answer)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert (path.read_text(encoding="utf-8") != "precious") == is_overwritten
    qtbot.waitUntil(lambda: view.graphics.findChild(QFileDialog) is None, timeout=5_000)


def test_export_proposes_the_run_and_the_panel_and_the_kind_gives_the_ending(watching: LabWindow, qtbot: Any) -> None:
    view = in_view(watching, RawView)
    view.graphics.ask_where_to_export()
    dialog = view.graphics.findChild(QFileDialog)
    (proposed,) = dialog.selectedFiles()
    assert re.fullmatch(r".*_fields_raw-curves\.svg", proposed)
    dialog.selectNameFilter("PDF (*.pdf)")
    dialog.filterSelected.emit("PDF (*.pdf)")
    assert dialog.selectedFiles() == [proposed.replace(".svg", ".pdf")]
    dialog.reject()
    qtbot.waitUntil(lambda: view.graphics.findChild(QFileDialog) is None, timeout=5_000)


def test_the_key_exports_the_panel_that_is_named(
    watching: LabWindow, tmp_path: Path, choose: Callable[..., None], qtbot: Any
) -> None:
    watching.activateWindow()
    qtbot.waitUntil(watching.isActiveWindow, timeout=5_000)
    qtbot.keyClick(watching, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = (found for found in watching.findChildren(QInputDialog) if found.isVisible())
    assert not dialog.isModal()
    dialog.setTextValue("Map")
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    choose(watching.panel(MapView).graphics, tmp_path / "map.csv")
    head, *rows = table(tmp_path / "map.csv")
    assert head == ["temperature T (K)", "bias V (mV)", "conductance G (e\u00b2/h)"]
    assert len(rows) > 1_000


def test_a_place_that_cannot_be_written_is_told(watching: LabWindow, tmp_path: Path) -> None:
    view, told = in_view(watching, RawView), []
    view.failed.connect(told.append)
    view.graphics._export_to(tmp_path / "nowhere" / "raw.pdf")
    view.failed.disconnect(told.append)
    assert "nowhere" in str(told[0])
    watching.trouble.hide()


@pytest.mark.parametrize(
    ("coordinate", "place", "words", "mark", "difference"),
    [
        (BIAS, 0.1234, "V = 123.4 \u00b5V", 0.1, "\u0394V = 23.4 \u00b5V"),
        (CONDUCTANCE, 2845.1234, "G = 2845.123 e\u00b2/h", 2845.0, "\u0394G = 0.1234 e\u00b2/h"),
        (TEMPERATURE_IN_DECADES, -1.0, "T = 100 mK", 0.0, "\u0394T = -900 mK"),
        (FIELD, -2.5, "H = -2.5 T", -2.0, "\u0394H = -500 mT"),
        (Coordinate(""), 3.0, "", 1.0, ""),
    ],
)
def test_places_read_in_si_units_and_so_do_their_differences(
    coordinate: Coordinate, place: float, words: str, mark: float, difference: str
) -> None:
    assert coordinate.words(place) == words
    assert coordinate.difference(place, mark) == difference


def test_a_fit_that_comes_after_its_run_was_left_is_not_shown(
    make_window: Callable[..., LabWindow], field_run: Path, short_run: Path, qtbot: Any
) -> None:
    window = make_window()
    window.attach(field_run)
    with qtbot.waitSignal(window._worker._answered, timeout=20_000) as late:
        pass
    window.attach(short_run)
    window._worker._answered.emit(*late.args)
    qtbot.wait(50)
    assert window.panel(CollapseView).alpha is None


def test_lines_of_a_picture_are_as_wide_for_its_size_as_on_the_screen(qtbot: Any) -> None:
    canvas = Canvas("lines")
    qtbot.addWidget(canvas)
    plot = Plot(style.LIGHT, "", "")
    canvas.addItem(plot)
    canvas.setBackground("white")
    canvas.resize(300, 300)
    plot.showGrid(x=False, y=False)
    plot.look_at(x=(0.0, 1.0), y=(0.0, 4.0))
    ends = np.array([0.0, 1.0])
    plot.line("black").setData(ends, np.ones(2))
    plot.stack().set_curve("stack", ends, np.full(2, 2.0), QColor("black"))
    plot.marker(3.0, "black", angle=0)
    canvas.show()
    QApplication.processEvents()
    middle = inked(picture(canvas))[:780, 450:510].any(axis=1)
    widths = np.diff(np.flatnonzero(np.diff(middle.astype(int), prepend=0)))[::2]
    assert len(widths) == 3
    assert all(FINENESS <= width <= FINENESS + 1 for width in widths), widths  # the edges are smoothed
    assert [item.pen.width() for item in plot.items if isinstance(item, pyqtgraph.InfiniteLine)][-1] == 1
