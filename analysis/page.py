"""The one-page report in words and numbers: plain text, and HTML that holds its figures and needs nothing else."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

from analysis.evidence import Evidence
from analysis.fit_result import ExponentFit
from analysis.words import Section

CAPTIONS: Mapping[str, str] = {
    "collapse": "Rescaled data on the master curve of the fit, with the universal two-channel-Kondo curve for "
    "comparison, and what is left between data and fit. Points inside the window are less the fitted departure towards "
    "the Kondo temperature; pale points lie outside and are as measured.",
    "exponent": "Profile likelihood of the exponent, the paper's D(alpha), and the error by source.",
    "isotherms": "The isotherms as measured, both directions of the sweep.",
    "zero_bias": "Zero-bias conductance against the root of temperature, and the anchors' drift.",
    "scatter": "Scatter of the points against what excitation, preamplifier and time constant predict.",
    "fields": "The coldest isotherm in each field.",
    "universality": "All samples on the scale of the first, and the curve that they have in common.",
}

STYLE_SHEET = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0; }
.alpha { font-size: 1.35em; margin: 0.3em 0 1em; }
table { border-collapse: collapse; margin-bottom: 1.5em; }
th { text-align: left; font-weight: normal; color: #666; padding: 0.1em 1.5em 0.1em 0; vertical-align: top; }
td { padding: 0.1em 0; }
figure { margin: 0 0 2em; }
.mechanisms td, .mechanisms th { vertical-align: top; padding: 0.3em 1.2em 0.3em 0; }
.excluded { color: #888; }
.consistent { font-weight: 600; }
img { max-width: 100%; height: auto; }
figcaption, .note { color: #555; max-width: 45em; }
h2 { font-size: 1.15em; margin: 1.6em 0 0.4em; }
.numbers td, .numbers th { vertical-align: top; padding: 0.15em 1.4em 0.15em 0; max-width: 28em; }
.numbers td:nth-child(2) { max-width: 22em; }
.note { margin-top: -1em; font-size: 0.93em; }
@media print { figure { break-inside: avoid; } }
"""


def field_text(field_T: float) -> str:
    """Return a field to the millitesla; what a supply reads at zero is zero."""
    return f"H = {round(field_T, 3) + 0.0:g} T"


def summary_rows(fit: ExponentFit) -> tuple[tuple[str, str], ...]:
    """Return the result line by line: what it is, and its value with error and unit."""
    low, high = fit.interval95
    window, parts = fit.window, fit.systematic
    reach = "" if window.reduced_bias_max is None else f", e|V|/kT <= {window.reduced_bias_max:g}"
    caution = (("  beware", fit.caution),) if fit.caution else ()
    return (
        ("exponent alpha", f"{fit.alpha:.4f} +- {fit.error:.4f}, 95 %: {low:.4f} to {high:.4f}"),
        ("  statistical", f"{fit.statistical:.4f}"),
        ("  temperature", f"{parts.temperature:.4f}"),
        ("  drift", f"{parts.drift:.4f}"),
        ("  excitation", f"{parts.excitation:.4f}"),
        ("  window", f"{parts.window:.4f}"),
        ("  crossover", f"{parts.crossover:.4f}"),
        ("chi2 per degree of freedom", f"{fit.chi2_per_dof:.3f} ({fit.degrees_of_freedom} degrees of freedom)"),
        ("data", f"{fit.points_used} points of {fit.isotherms_used} isotherms, {field_text(window.field_T)}"),
        ("window", f"T <= {window.temperature_max_K:.4g} K, |V| <= {1e3 * window.bias_max_V:.4g} mV{reach}"),
        ("  chosen", fit.reason),
        *caution,
        ("crossover correction", f"{fit.alpha - fit.crossover.uncorrected_alpha:+.4f}"),
        ("D(alpha) of eq 24, lowest at", _deviation(fit)),
    )


def summary_text(fit: ExponentFit) -> str:
    """Return the result as aligned lines of text."""
    rows = summary_rows(fit)
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)


def report_html(
    title: str,
    fit: ExponentFit | None,
    figures: Mapping[str, bytes],
    provenance: Mapping[str, str] | None = None,
    evidence: Evidence | None = None,
    sections: Sequence[Section] = (),
) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    title : str
        Name of the run or file.
    fit : ExponentFit or None
        None where the data have no exponent.
    figures : mapping of str to bytes
        SVG files by the names of `report.make_figures`; shown in the order of `CAPTIONS`, unknown names last.
    provenance : mapping of str to str, optional
        What else a reader must know of where the data come from: file, sample, versions.
    evidence : Evidence, optional
        The mechanisms weighed.
    sections : sequence of Section
        Tables of numbers.
    """
    order = [name for name in CAPTIONS if name in figures] + [name for name in figures if name not in CAPTIONS]
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE_SHEET}</style>\n<h1>{escape(title)}</h1>\n"
        + _headline(fit)
        + ("" if evidence is None else _verdict(evidence))
        + "".join(_figure(name, figures[name]) for name in order)
        + ("" if evidence is None else _mechanisms(evidence))
        + "".join(_section(section) for section in sections)
        + "<h2>The fit</h2>\n"
        + _table((*(provenance or {}).items(), *(() if fit is None else summary_rows(fit))))
        + "</html>\n"
    )


def _headline(fit: ExponentFit | None) -> str:
    if fit is None:
        return '<p class="alpha">no exponent: the curves do not determine one</p>\n'
    low, high = fit.interval95
    return (
        f'<p class="alpha">&alpha; = {fit.alpha:.4f} ± {fit.error:.4f} '
        f"<small>(95 %: {low:.4f} to {high:.4f})</small></p>\n"
    )


def _verdict(evidence: Evidence) -> str:
    return f"<p>Mechanism: <strong>{escape(evidence.verdict)}</strong>. {_sentences(evidence.because)}</p>\n"


def _mechanisms(evidence: Evidence) -> str:
    rows = "".join(
        f'<tr class="{row.verdict}"><th>{escape(row.mechanism)}</th><td>{row.verdict}</td>'
        f"<td>{_sentences(row.because)}</td></tr>\n"
        for row in evidence.mechanisms
    )
    return f'<h2>Mechanisms</h2>\n<table class="mechanisms">\n{rows}</table>\n'


def _section(section: Section) -> str:
    heads = "".join(f"<th>{escape(head)}</th>" for head in section.heads)
    rows = "".join(
        f"<tr{_faint(row)}><th>{_words(row[0])}</th>{''.join(f'<td>{_words(cell)}</td>' for cell in row[1:])}</tr>\n"
        for row in section.rows
    )
    note = f'<p class="note">{_words(section.note)}</p>\n' if section.note else ""
    return f'<h2>{escape(section.title)}</h2>\n<table class="numbers">\n<tr>{heads}</tr>\n{rows}</table>\n{note}'


def _faint(row: Sequence[str]) -> str:
    return ' class="excluded"' if row[1] in ("-", "none") else ""


def _words(text: str) -> str:
    return escape(text).replace("+-", "±")


def _sentences(texts: Sequence[str]) -> str:
    return "<br>".join(escape(text).replace("+-", "±") for text in texts)


def _deviation(fit: ExponentFit) -> str:
    curve = fit.d_of_alpha
    if curve is None:
        return "too few isotherms"
    return f"{curve.minimum:.3f} as printed (T in K), {curve.minimum_dimensionless:.3f} over the signal"


def several_html(title: str, section: Section, figure: bytes) -> str:
    """Return the page of several samples together: the table and the figure."""
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE_SHEET}</style>\n<h1>{escape(title)}</h1>\n"
        + _section(section)
        + _figure("universality", figure)
        + "</html>\n"
    )


def _table(rows: tuple[tuple[str, str], ...]) -> str:
    # two leading spaces mark a part of the row above, on paper as in the terminal
    lines = (
        f"<tr><th>{escape(name).replace('  ', '&emsp;')}</th><td>{escape(value).replace('+-', '±')}</td></tr>\n"
        for name, value in rows
    )
    return f"<table>\n{''.join(lines)}</table>\n"


def _figure(name: str, svg: bytes) -> str:
    caption = CAPTIONS.get(name, name)
    source = f"data:image/svg+xml;base64,{b64encode(svg).decode('ascii')}"
    return f'<figure><img src="{source}" alt="{escape(name)}">\n<figcaption>{escape(caption)}</figcaption></figure>\n'
