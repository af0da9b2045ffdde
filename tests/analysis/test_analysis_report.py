"""The figures: all there, labelled with units, and inside their page."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window
from analysis.figures.exponent import exponent_figure
from analysis.figures.isotherms import isotherms_figure
from analysis.fit_result import ExponentFit
from analysis.report import PNG_DPI, make_figures, render

NAMES = {"isotherms", "collapse", "exponent", "zero_bias", "scatter", "fields"}
WITHOUT_UNIT = ("exponent", r"k_\mathrm{B}T", r"\Delta\chi^2", r"D_{\mathrm{min}}", "ratio")


@pytest.fixture(scope="module")
def figures(small_curves: Curves, small_fit: ExponentFit) -> dict[str, Figure]:
    return make_figures(small_curves, small_fit)


def test_every_figure_is_made(figures: dict[str, Figure]) -> None:
    assert figures.keys() == NAMES


def test_a_bare_table_gives_the_figures_it_can(bare_curves: Curves) -> None:
    figures = make_figures(bare_curves, fit_exponent(bare_curves, Window(1.5, 0.8e-3)))
    assert figures.keys() == NAMES - {"scatter", "fields"}
    for figure in figures.values():
        assert render(figure, "png")


def test_every_axis_says_quantity_and_unit(figures: dict[str, Figure]) -> None:
    labels = [label for f in figures.values() for a in f.axes for label in (a.get_xlabel(), a.get_ylabel()) if label]
    unclear = [label for label in labels if "(" not in label and not any(part in label for part in WITHOUT_UNIT)]
    assert len(labels) > 20
    assert not unclear


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_words_leave_the_page_or_run_into_the_next_panel(figures: dict[str, Figure], name: str) -> None:
    figure = figures[name]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = figure.bbox.padded(1.0)
    boxes = []
    for axes in figure.axes:
        words = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]  # type: ignore[attr-defined]
        boxes += [(word.get_text(), word.get_window_extent()) for word in words if is_shown(word, axes.bbox)]
    outside = [text for text, box in boxes if not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1))]
    overlapping = [
        (first, second)
        for number, (first, a) in enumerate(boxes)
        for second, b in boxes[:number]
        if a.padded(-1.0).overlaps(b.padded(-1.0))
    ]
    assert not outside
    assert not overlapping


def is_shown(word: Text, frame: object) -> bool:
    """Say whether a label is drawn: tick labels beyond the end of an axis are not."""
    if not word.get_text() or not word.get_visible():
        return False
    x = word.get_window_extent()
    is_tick = word.get_text().lstrip("−").replace(".", "").isdigit()
    return not is_tick or frame.x0 - 1 <= (x.x0 + x.x1) / 2 <= frame.x1 + 1  # type: ignore[attr-defined]


def test_a_png_has_the_stated_resolution(figures: dict[str, Figure]) -> None:
    png = render(figures["scatter"], "png")
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))
    assert (width, height) == tuple(round(inches * PNG_DPI) for inches in figures["scatter"].get_size_inches())


def test_an_svg_is_whole_and_small_enough_to_mail(figures: dict[str, Figure]) -> None:
    for name in ("collapse", "isotherms"):
        svg = render(figures[name], "svg")
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert len(svg) < 1_500_000


def test_exponent_figure_does_without_a_published_value(small_fit: ExponentFit) -> None:
    texts = [text.get_text() for axes in exponent_figure(small_fit, published=None).axes for text in axes.texts]
    assert not any("paper" in text for text in texts)


def test_one_isotherm_can_be_drawn(small_curves: Curves) -> None:
    assert render(isotherms_figure(small_curves, field_T=2.0), "png")


def test_no_global_plotting_state_is_loaded() -> None:
    script = "import sys, analysis.report; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
