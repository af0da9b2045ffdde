"""The report in words: the numbers of the fit, aligned in text, whole and self-contained in HTML."""

from dataclasses import replace
from html.parser import HTMLParser

from analysis.fit_result import ExponentFit
from analysis.page import field_text, report_html, summary_rows, summary_text


class Tags(HTMLParser):
    """Collect the tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_text_names_the_exponent_with_its_error(small_fit: ExponentFit) -> None:
    assert f"{small_fit.alpha:.4f} +- {small_fit.error:.4f}" in summary_text(small_fit)


def test_text_is_aligned(small_fit: ExponentFit) -> None:
    lines = summary_text(small_fit).splitlines()
    values = [value for _, value in summary_rows(small_fit)]
    assert len({line.rindex(value) for line, value in zip(lines, values, strict=True)}) == 1


def test_all_parts_of_the_error_are_named(small_fit: ExponentFit) -> None:
    names = {name.strip() for name, _ in summary_rows(small_fit)}
    assert {"statistical", "temperature", "drift", "excitation", "window", "crossover"} <= names


def test_without_a_deviation_curve_the_text_says_why(small_fit: ExponentFit) -> None:
    assert "too few isotherms" in summary_text(replace(small_fit, d_of_alpha=None))


def test_page_holds_its_figures_and_asks_the_network_for_nothing(small_fit: ExponentFit) -> None:
    page = report_html("run 1", small_fit, {"zero_bias": b"<svg/>", "collapse": b"<svg/>"})
    images = [attributes for tag, attributes in Tags(page).found if tag == "img"]
    assert [image["alt"] for image in images] == ["collapse", "zero_bias"]
    assert all((image["src"] or "").startswith("data:image/svg+xml;base64,") for image in images)
    assert "http" not in page


def test_page_shows_names_as_they_are(small_fit: ExponentFit) -> None:
    page = report_html("<b>R&D</b>", small_fit, {}, {"sample": "Cu <1>"})
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in page
    assert "Cu &lt;1&gt;" in page
    assert "b" not in {tag for tag, _ in Tags(page).found}


def test_the_rest_field_of_a_magnet_is_called_zero() -> None:
    assert field_text(-2.8e-7) == "H = 0 T"
    assert field_text(1.5) == "H = 1.5 T"
