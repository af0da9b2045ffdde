"""The report on disk: every figure as PNG and SVG, one self-contained page, and its numbers as JSON beside it."""

import json
from collections.abc import Mapping
from pathlib import Path

from acquisition.errors import RunFileError
from acquisition.judgement import Judgement, sections_of
from acquisition.judgement_json import to_json, universality_json
from acquisition.run_schema import SUFFIX
from acquisition.whole_file import whole_file
from analysis.figures.universality import universality_figure
from analysis.page import report_html, several_html
from analysis.report import make_figures, render
from analysis.universality import Universality
from analysis.words import universality_section


def write_report(judgement: Judgement, directory: Path) -> Path:
    """Write the report of one file into `directory` and return the path of its page.

    Raises
    ------
    RunFileError
        If a file cannot be written.
    """
    stem = judgement.path.name.removesuffix(SUFFIX).removesuffix(".csv")
    figures = make_figures(judgement.curves, judgement.fit)
    drawings = {name: render(figure, "svg") for name, figure in figures.items()}
    contents = {f"{stem}_{name}.svg": drawing for name, drawing in drawings.items()}
    contents |= {f"{stem}_{name}.png": render(figure, "png") for name, figure in figures.items()}
    contents[f"{stem}.json"] = (json.dumps(to_json(judgement), allow_nan=False, indent=1) + "\n").encode()
    provenance = {"file": judgement.path.name} | ({"sample": judgement.sample} if judgement.sample else {})
    page = report_html(stem, judgement.fit, drawings, provenance, judgement.evidence, sections_of(judgement))
    contents[f"{stem}.html"] = page.encode()
    _write(directory, contents)
    return directory / f"{stem}.html"


def write_universality(found: Universality, directory: Path) -> Path:
    """Write the page of several samples together into `directory`, figure and numbers beside; return its path.

    Raises
    ------
    RunFileError
        If a file cannot be written.
    """
    figure = universality_figure(found)
    drawing = render(figure, "svg")
    page = several_html("Universality", universality_section(found), drawing)
    contents = {
        "universality.svg": drawing,
        "universality.png": render(figure, "png"),
        "universality.json": (json.dumps(universality_json(found), allow_nan=False, indent=1) + "\n").encode(),
        "universality.html": page.encode(),
    }
    _write(directory, contents)
    return directory / "universality.html"


def _write(directory: Path, contents: Mapping[str, bytes]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFileError(f"{directory}: cannot make the folder for the report ({error.strerror})") from error
    for name, content in contents.items():
        with whole_file(directory / name) as temporary:
            temporary.write_bytes(content)
