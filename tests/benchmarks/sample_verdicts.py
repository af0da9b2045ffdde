"""What the program says of every simulated sample, beside its truth.

    python tests/benchmarks/sample_verdicts.py                        one line a sample, about a minute
    python tests/benchmarks/sample_verdicts.py --document docs/samples.md

Each is measured as `random_measurement` does (ten temperatures from 0.1 K, or 76 mK for titanium, to 4 K, 401 biases
both ways, five fields at the lowest temperature, noise, drift and a thermometer wrong by 0.5 %), without the rack, and
judged with its history, like any file.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1])]
# many small problems: one thread is several times faster than a few, as for `zerobias` itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from confusion_matrix import judge  # noqa: E402
from random_instances import Instance  # noqa: E402
from random_measurement import DENSE_V, FIELDS_T, POINTS, Model, Recipe, level_error_S, measure  # noqa: E402

from analysis.collapse import fit_exponent  # noqa: E402
from analysis.corrections import Corrections  # noqa: E402
from analysis.errors import AnalysisError  # noqa: E402
from analysis.features import Features, find_features  # noqa: E402
from analysis.fit_result import ExponentFit  # noqa: E402
from analysis.sample_history import sample_events  # noqa: E402
from analysis.words import number_text, sign_rows  # noqa: E402
from simulators.sample import samples  # noqa: E402
from simulators.samples.sample_models import anatomy_of  # noqa: E402

STREAM = 41
WIDE = {"ti": 8e-3, "glass": 9e-3}
NARROW_V = 4e-3
COLDEST_K = {"ti": 0.076}
NOISE_AT_100MK = 1e-4

PAGE = """# What is said of each simulated sample

Written by `python tests/benchmarks/sample_verdicts.py --document docs/samples.md`, which says how they are measured.
`zerobias samples` lists the truths. `cu-gold` and `cu-annealed` have no anomaly; `cu3` holds Kondo temperatures of 0.4
and from 5 K up, and does not scale with one exponent, here as in the paper.

| sample | mechanism | verdict | alpha | what was found |
| --- | --- | --- | --- | --- |
{rows}
"""


@dataclass(frozen=True)
class Line:
    """One sample: truth, verdict, exponent, and the signs that it is known by."""

    sample: str
    truth: str
    verdict: str
    alpha: str
    signs: str


def instance_of(name: str, number: int) -> Instance:
    """Measure a sample of the program."""
    truth = samples()[name]
    anatomy = anatomy_of(truth)
    kind = name.rstrip("0123456789").partition("-")[0].rstrip("0123456789")
    grid = np.linspace(-1.0, 1.0, POINTS)
    recipe = Recipe(
        np.geomspace(COLDEST_K.get(kind, 0.1), 4.0, 10),
        DENSE_V * np.sinh(np.arcsinh(WIDE.get(kind, NARROW_V) / DENSE_V) * grid),
        np.array(FIELDS_T),
        NOISE_AT_100MK,
    )
    background_S = anatomy.background_S

    def change(model: Model) -> Model:
        return lambda bias_V, temperature_K, field_T=0.0: model(bias_V, temperature_K, field_T) - background_S

    fluctuator = anatomy.fluctuator
    if fluctuator is not None:
        fluctuator = replace(fluctuator, first=change(fluctuator.first), second=change(fluctuator.second))
    rng = np.random.default_rng([STREAM, number])
    measurement = measure(rng, recipe, background_S, change(anatomy.model), fluctuator, has_phonons=False)
    history = sample_events(truth["history"])
    return Instance(number, truth["mechanism"], measurement, history, level_error_S(background_S), truth)


def line_of(name: str, number: int) -> Line:
    """Measure and judge a sample."""
    instance = instance_of(name, number)
    evidence, curves = judge(instance), instance.measurement.curves
    fit: ExponentFit | None
    try:
        fit = fit_exponent(curves, None, Corrections(bias_offset_V="auto"))
        alpha = f"{fit.alpha:.3f} ± {fit.error:.3f}"
    except AnalysisError:
        fit, alpha = None, ""
    signs = "; ".join(_signs(evidence.verdict, find_features(curves, fit)))
    # a bar would end the cell of the table
    return Line(name, instance.truth, evidence.verdict, alpha, signs.replace("+-", "±").replace("|", "\\|"))


def _signs(verdict: str, features: Features) -> Iterator[str]:
    """Yield the numbers that the verdict rests on."""
    wanted = {
        "2CK-with-splitting": ("tx_1_K", "tx_2_K"),
        "telegraph": ("telegraph_amplitude", "telegraph_vanishing_V"),
        "magnetic-kondo": ("zeeman_g",),
        "charge-trap": ("zeeman_g",),
        "heating": ("lorenz_ratio",),
        "disorder": ("field_slope_per_sqrt_T",),
        "ucf": ("odd_over_even",),
    }
    for row in sign_rows(features):
        if row.key in wanted.get(verdict, ("field_largest",)) and row.quantity.value is not None:
            yield f"{row.words}: {number_text(row.quantity)}"


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description="What is said of each simulated sample.")
    parser.add_argument("--document", type=Path, help="write the page here")
    arguments = parser.parse_args()
    lines = []
    for number, name in enumerate(samples()):
        lines.append(line_of(name, number))
        print(lines[-1], flush=True)
    if arguments.document:
        rows = (f"| {own.sample} | {own.truth} | {own.verdict} | {own.alpha} | {own.signs} |" for own in lines)
        arguments.document.write_text(PAGE.format(rows="\n".join(rows)))


if __name__ == "__main__":
    main()
