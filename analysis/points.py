"""Points as they come from a run under way, before anything is made of them. Light: who only reads needs no fit."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Points:
    """Trusted points in the order of time, shape (n,) each; `isotherm_index` tells the isotherms of the plan apart."""

    isotherm_index: NDArray[np.int64]
    bias_V: Floats
    temperature_K: Floats
    field_T: Floats
    conductance_S: Floats
    conductance_error_S: Floats
    time_s: Floats
    excitation_Vrms: Floats
    direction: NDArray[np.int8]
    is_anchor: NDArray[np.bool_]

    def select(self, rows: NDArray[np.bool_]) -> "Points":
        """Return only those `rows` (bool, shape (n,))."""
        return Points(*(getattr(self, column.name)[rows] for column in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence["Points"]) -> "Points":
        """Return all `parts`, at least one, in their order."""
        return cls(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(cls)))
