"""Dwell times of a slow fluctuator, from the correlation of its state between readings.

Between neighbours in time the noise of a reading drops out. With mean times t1 and t2 in the two states, the
correlation falls as exp(-t (1/t1 + 1/t2)), and the share of the time in the first is t1 / (t1 + t2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.curves import Isotherm
from analysis.quantity import Quantity, missing
from analysis.signs.two_curves import RESOLVED, TelegraphIsotherm

MINIMUM_PAIRS = 50
LAGS = (1, 2, 4, 8, 16, 32)
HALF = 0.45


def find_dwell_times(pairs: Sequence[tuple[Isotherm, TelegraphIsotherm]]) -> tuple[Quantity, Quantity]:
    """Return the mean times in the upper and the lower state, in seconds, from isotherms of one contact."""
    lags = [_correlation(pairs, lag) for lag in LAGS]
    if lags[0] is None:
        why = "the times of too few clear pairs of readings are known"
        return missing("s", why), missing("s", why)
    # long times are best seen over the longest distance that keeps half of the correlation
    far = [own for own in lags if own is not None and own.value > HALF]
    best = far[-1] if far else lags[0]
    share = float(np.mean([part.share_upper.value for _, part in pairs if part.share_upper.value is not None]))
    # 1 / time = 1 / upper + 1 / lower, and the share in the upper state is upper / (upper + lower)
    factors = (1.0 / (1.0 - share), 1.0 / share)
    if best.value < 2.0 * best.error:
        time_s = best.step_s / -np.log(max(best.value, 0.0) + 2.0 * best.error)
        why = f"readings {best.step_s:.3g} s apart are not correlated"
        upper, lower = (Quantity(float(time_s * factor), None, "s", "<=", why, best.pairs) for factor in factors)
        return upper, lower
    value = min(best.value, 1.0 - 0.5 * best.error)
    time_s = best.step_s / -np.log(value)
    error_s = time_s**2 / best.step_s * best.error / value
    upper, lower = (
        Quantity(float(time_s * factor), float(error_s * factor), "s", points=best.pairs) for factor in factors
    )
    return upper, lower


@dataclass(frozen=True, slots=True)
class _Correlation:
    """Correlation of the state between readings some time apart."""

    value: float
    error: float
    step_s: float
    pairs: int


def _correlation(pairs: Sequence[tuple[Isotherm, TelegraphIsotherm]], lag: int) -> _Correlation | None:
    """Return the correlation over `lag` readings where Delta G is clear of the noise; None for too few pairs."""
    products, steps = [np.zeros(0)], [np.zeros(0)]
    for isotherm, part in pairs:
        if isotherm.time_s is None or part.share_upper.value is None:
            continue
        order = np.argsort(isotherm.time_s, kind="stable")
        is_clear = part.difference_at_S(isotherm.bias_V)[order] > RESOLVED * part.noise_S
        share = part.share_upper.value
        state = (part.expected_upper[order] - share) / np.sqrt(share * (1.0 - share))
        is_pair = is_clear[lag:] & is_clear[:-lag]
        # an expected state varies less than the state, by the share that noise hides
        seen = float(np.mean(state[is_clear] ** 2)) if is_clear.any() else 1.0
        products.append((state[lag:] * state[:-lag])[is_pair] / seen**2)
        steps.append((isotherm.time_s[order][lag:] - isotherm.time_s[order][:-lag])[is_pair])
    product, step = np.concatenate(products), np.concatenate(steps)
    if product.size < MINIMUM_PAIRS:
        return None
    # pairs that overlap are not independent
    error = float(product.std() / np.sqrt(product.size / lag))
    return _Correlation(float(product.mean()), error, float(np.median(step)), product.size)
