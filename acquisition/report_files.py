"""The report on disk: every figure as PNG and SVG, one self-contained page, and its numbers as JSON beside it."""

import json
from pathlib import Path

from acquisition.errors import RunFileError
from acquisition.judgement import Judgement, to_json
from acquisition.store import SUFFIX
from acquisition.whole_file import whole_file
from analysis.page import report_html
from analysis.report import make_figures, render


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
    page = report_html(stem, judgement.fit, drawings, {"file": judgement.path.name}, judgement.evidence)
    contents[f"{stem}.html"] = page.encode()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFileError(f"{directory}: cannot make the folder for the report ({error.strerror})") from error
    for name, content in contents.items():
        with whole_file(directory / name) as temporary:
            temporary.write_bytes(content)
    return directory / f"{stem}.html"
