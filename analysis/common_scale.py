"""Several fitted runs on one scaling curve: their window curves, and what is not sure of them.

The ratios of B and A are known by noise to a per cent, but what makes curves bend away from scaling is taken out with
an error that no chi-square shows, thermometers differ from run to run, and the curve is one only as far as it goes.
On 24 simulated pairs of cu1 and cu2 the ratio of B came out as 3.233, spread .047, error .037, for 3.231, and that of A
as 1.021, .010, .010, for 1.025; each held the truth within one error in 21, within 1.96 in 24.
"""

from collections.abc import Sequence
from dataclasses import replace

from analysis.curves import Curves
from analysis.features import window_curves
from analysis.fit_result import ExponentFit
from analysis.signs.even_curve import EvenCurve
from analysis.table1 import weighted_mean
from analysis.universality import NamedCurves, Universality, compare_samples

DEPARTURE_LEFT = 0.5
NARROWER = 0.5


def compare_runs(runs: Sequence[tuple[str, Curves, ExponentFit]]) -> Universality:
    """Compare the curves of fitted runs, with the mean of their exponents weighted by their errors.

    Errors hold, one run at a time, half of its departure towards the Kondo temperature left in, its temperatures off by
    the thermometer's error; and for all together half the range of bias, and the error of the common exponent.

    Raises
    ------
    WindowError
        For fewer than two runs, or no common range.
    """
    alpha, alpha_error = weighted_mean([(fit.alpha, fit.error) for _, _, fit in runs])
    samples = [(name, window_curves(curves, fit)) for name, curves, fit in runs]
    variants: list[NamedCurves] = [[(name, _narrower(own)) for name, own in samples]]
    for place, (name, curves, fit) in enumerate(runs):
        accuracy = fit.corrections.temperature_accuracy_fraction
        for changed in (window_curves(curves, fit, 1.0 - DEPARTURE_LEFT), _warmer(samples[place][1], accuracy)):
            variants.append([*samples[:place], (name, changed), *samples[place + 1 :]])
    return compare_samples(samples, alpha, alpha_error=alpha_error, variants=variants)


def _narrower(curves: Sequence[EvenCurve]) -> list[EvenCurve]:
    return [curve.up_to(NARROWER * float(curve.bias_V[-1])) for curve in curves]


def _warmer(curves: Sequence[EvenCurve], fraction: float) -> list[EvenCurve]:
    return [replace(curve, temperature_K=(1.0 + fraction) * curve.temperature_K) for curve in curves]
