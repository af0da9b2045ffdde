"""The errors of the analysis side, one small tree.

AnalysisError             anything below
  DataError               columns that cannot be curves: NaN, T <= 0, missing, of unequal length
  WindowError             a window that leaves too little: one isotherm, no overlap in v, too few points
  ModelError              parameters outside a model's domain
"""


class AnalysisError(Exception):
    """Report in one line what cannot be computed, from what, and what to do."""


class DataError(AnalysisError):
    """Refuse columns that cannot be conductance curves."""


class WindowError(AnalysisError):
    """Refuse a window that leaves too little to compare."""


class ModelError(AnalysisError):
    """Refuse parameters outside a model's domain."""
