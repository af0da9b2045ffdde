"""The small version of the redraw benchmark: a ratio within one run."""

import numpy as np
from PyQt5.QtWidgets import QApplication
from window_redraw import make_fit, make_isotherms, measure_naive, measure_ours

from acquisition.gui import style


def test_batch_costs_a_third_of_the_naive_way_at_most(qapp: QApplication) -> None:
    style.apply(qapp, style.LIGHT)
    rng = np.random.default_rng(1)
    fit, made = make_fit(rng), make_isotherms(20, 401, rng)
    grown, slid = measure_ours(made, fit, qapp)
    naive = np.median(measure_naive(made, fit, qapp))
    assert naive > 3.0 * np.median(grown)
    assert naive > 3.0 * np.median(slid)
