"""Table I of the paper: its published numbers, and the test whether others agree with them.

Four samples, of each B_sigma, F0, F1 (in e^2/h per K^(1/2)) and Gamma1 = F1 / B_sigma, and the exponents of section
VI.B.2 and figure 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import gammaincc

from analysis.errors import DataError

Measured = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """Value and standard error of each number of one sample; no exponent where none is published."""

    b_sigma: Measured
    f0: Measured
    f1: Measured
    gamma1: Measured
    alpha: Measured | None = None

    def numbers(self) -> tuple[Measured, ...]:
        """Return the four numbers of the table."""
        return self.b_sigma, self.f0, self.f1, self.gamma1


PUBLISHED = {
    "cu1": Row((7.8, 0.2), (4.2, 0.3), (-5.7, 0.9), (-0.73, 0.11), (0.48, 0.05)),
    "cu2": Row((25.2, 0.7), (12.8, 0.8), (-19.7, 1.5), (-0.78, 0.06), (0.52, 0.05)),
    "cu3": Row((10.3, 0.4), (6.0, 0.6), (-7.7, 1.6), (-0.75, 0.16)),
    "ti4": Row((1.69, 0.20), (0.89, 0.05), (-1.37, 0.10), (-0.81, 0.10)),
}

PUBLISHED_ALPHA: Measured = (0.5, 0.05)
"""The paper's exponent of all samples together (Cu.6b)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Chi-square of measured against published numbers, how many there are, and the probability of a worse one."""

    chi2: float
    numbers: int
    probability: float


def agreement(measured: Mapping[str, Row]) -> Agreement:
    """Compare rows with the published ones of the same samples, errors of both added in quadrature.

    All count as in the paper's table, though Gamma1 follows from F1 and B_sigma; see `independent`.

    Raises
    ------
    DataError
        If there is no row, or one of an unknown sample.
    """
    return _agreement([pair for sample, row in _known(measured) for pair in zip(row.numbers(), sample, strict=True)])


def independent(measured: Mapping[str, Row]) -> Agreement:
    """Compare B_sigma, F0 and F1 only; arguments and errors as `agreement`."""
    return _agreement(
        [pair for sample, row in _known(measured) for pair in zip(row.numbers()[:3], sample[:3], strict=True)]
    )


def deviation(one: Measured, other: Measured) -> float:
    """Return the difference of two numbers in units of their joint error."""
    return (one[0] - other[0]) / (one[1] ** 2 + other[1] ** 2) ** 0.5


def weighted_mean(values: list[Measured]) -> Measured:
    """Return the mean of independent numbers weighted with their errors, and its error."""
    weights = [error**-2.0 for _, error in values]
    total = sum(weights)
    return sum(weight * value for weight, (value, _) in zip(weights, values, strict=True)) / total, total**-0.5


def _known(measured: Mapping[str, Row]) -> list[tuple[tuple[Measured, ...], Row]]:
    strangers = measured.keys() - PUBLISHED.keys()
    if strangers or not measured:
        named = ", ".join(sorted(strangers)) or "nothing"
        raise DataError(f"table I is of {', '.join(PUBLISHED)}; got {named}")
    return [(PUBLISHED[sample].numbers(), row) for sample, row in measured.items()]


def _agreement(pairs: list[tuple[Measured, Measured]]) -> Agreement:
    total = sum(deviation(one, other) ** 2 for one, other in pairs)
    return Agreement(total, len(pairs), float(gammaincc(0.5 * len(pairs), 0.5 * total)))
