"""A contact in the circuit: whatever its mechanism, a table of its curves and what depends on time and history.

A contact is one forward model of `analysis`, or the two of a slow fluctuator, and possibly conductance transitions,
which have hysteresis. All of it is a pure function of seed, time and what was sent through the contact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.mechanisms import ConductanceModel, lockin_conductance_S
from analysis.mechanisms_events import ConductanceTransitions, SlowFluctuator
from analysis.quantities import KELVIN_PER_VOLT
from simulators.history import StepHistory
from simulators.samples.isotherms import BiasCurve, Isotherms

Floats = NDArray[np.float64]

_FIELD_STEP_T: Final = 1e-4
_MOST_FIELDS: Final = 64
_FIRST_HORIZON_S: Final = 3600.0
_SURE: Final = 8.0  # widths before its center until which a transition does not show


class Contact(Protocol):
    """What the world asks of a contact."""

    @property
    def background_S(self) -> float:
        """Return the conductance about which everything happens."""
        ...

    def curve(
        self, temperature_K: float, field_T: float, excitation_Vrms: float, time_s: float, source_A: StepHistory
    ) -> BiasCurve:
        """Return conductance against bias for electrons at `temperature_K` under an excitation (rms, across it).

        Time and what was sent through the contact until then say in which of its states it is.
        """
        ...

    def switches_s(self, start_s: float, end_s: float) -> Sequence[float]:
        """Return when the contact switches by itself between two times, ascending."""
        ...


@dataclass(frozen=True)
class Anatomy:
    """What a contact is made of.

    Attributes
    ----------
    background_S
        Conductance about which everything happens.
    model
        The whole conductance of bias, temperature and field, without excitation.
    transitions
        Conductance transitions beside it, or none.
    fluctuator
        A slow fluctuator that switches between `model`, its first curve, and its second one; or none.
    """

    background_S: float
    model: ConductanceModel
    transitions: ConductanceTransitions | None = None
    fluctuator: SlowFluctuator | None = None


class Tables:
    """The tabulated curves of one model, a table for each field, made when first asked for.

    Parameters
    ----------
    model
        Conductance of bias, temperature and field.
    """

    def __init__(self, model: ConductanceModel) -> None:
        self._model = model
        self._of_field: dict[int, Isotherms] = {}

    def curve(self, temperature_K: float, field_T: float) -> BiasCurve:
        """Return a curve without excitation; fields count in steps of 0.1 mT."""
        place = round(field_T / _FIELD_STEP_T)
        table = self._of_field.get(place)
        if table is None:
            if len(self._of_field) >= _MOST_FIELDS:
                self._of_field.pop(next(iter(self._of_field)))
            rounded_T = place * _FIELD_STEP_T
            table = self._of_field[place] = Isotherms(
                lambda bias_V, row_K: np.asarray(self._model(bias_V, row_K, rounded_T), dtype=np.float64)
            )
        return table.curve(temperature_K)


class TabulatedContact:
    """A contact read off tables (fills `Contact`).

    Parameters
    ----------
    anatomy
        What it is made of.
    tables
        Of its model and, with a fluctuator, of the second curve; contacts of one anatomy may share them.
    seed
        Draws when a fluctuator switches.
    """

    def __init__(self, anatomy: Anatomy, tables: Sequence[Tables], seed: int) -> None:
        self.anatomy = anatomy
        self._tables = tuple(tables)
        self._seed = seed
        self._horizon_s = _FIRST_HORIZON_S
        self._switches_s = np.zeros(0)

    @property
    def background_S(self) -> float:
        """Return the conductance about which everything happens."""
        return self.anatomy.background_S

    def curve(
        self, temperature_K: float, field_T: float, excitation_Vrms: float, time_s: float, source_A: StepHistory
    ) -> BiasCurve:
        """Return conductance against bias, from the table."""
        table, steps = self._tables[self.state(time_s)], None
        if self.anatomy.transitions is not None:
            steps = _Hysteresis.at(self.anatomy, temperature_K, field_T, time_s, source_A)
        return table.curve(temperature_K, field_T).under(excitation_Vrms, temperature_K / KELVIN_PER_VOLT, steps)

    def switches_s(self, start_s: float, end_s: float) -> list[float]:
        """Return when a fluctuator switches between two times, ascending."""
        if self.anatomy.fluctuator is None:
            return []
        switches_s = self._switches_until(end_s)
        first, last = np.searchsorted(switches_s, (start_s, end_s), side="right")
        return switches_s[first:last].tolist()

    def state(self, time_s: float) -> int:
        """Return 0 for the first curve, 1 for the second."""
        if self.anatomy.fluctuator is None:
            return 0
        return int(np.searchsorted(self._switches_until(time_s), time_s, side="right")) % 2

    def exact_conductance_S(
        self,
        bias_V: ArrayLike,
        temperature_K: float,
        field_T: float = 0.0,
        excitation_Vrms: float = 0.0,
        state: int = 0,
        direction: ArrayLike = 0,
    ) -> Floats:
        """Return the differential conductance by formula, shape as `bias_V`.

        In the first or second `state` of a fluctuator; with rising (+1) or falling (-1) bias, or without hysteresis.
        """
        anatomy = self.anatomy
        model = anatomy.fluctuator.second if anatomy.fluctuator is not None and state else anatomy.model

        def whole_S(shifted_V: ArrayLike, temperature: ArrayLike, field: ArrayLike) -> Floats:
            conductance_S = model(shifted_V, temperature, field)
            if anatomy.transitions is None:
                return conductance_S
            return conductance_S + anatomy.transitions.conductance_S(shifted_V, temperature, field, direction)

        return lockin_conductance_S(whole_S, bias_V, temperature_K, field_T, excitation_Vrms)

    def _switches_until(self, time_s: float) -> Floats:
        """Return the switches up to a time or later; a longer list begins as a shorter one does."""
        fluctuator = self.anatomy.fluctuator
        if fluctuator is not None and (time_s > self._horizon_s or not self._switches_s.size):
            while self._horizon_s < time_s:
                self._horizon_s *= 2.0
            self._switches_s = fluctuator.switch_times_s(self._horizon_s, self._seed)
        return self._switches_s


@dataclass(frozen=True, slots=True)
class _Hysteresis:
    """The transitions of a contact with the branch that each is on (fills `simulators.samples.isotherms.Steps`)."""

    transitions: ConductanceTransitions
    temperature_K: float
    field_T: float
    outward: Floats
    onset_V: float

    @classmethod
    def at(
        cls, anatomy: Anatomy, temperature_K: float, field_T: float, time_s: float, source_A: StepHistory
    ) -> "_Hysteresis":
        """Find the branches: outside the hysteresis there is but one, inside it the contact stays on the last.

        In a return to zero bias and back the contact passes the transition as in any other sweep.
        """
        transitions = anatomy.transitions
        assert transitions is not None
        left = np.maximum(0.0, 1.0 - (field_T / transitions.critical_field_T) ** 2)
        center_A = transitions.position_V * left * anatomy.background_S
        half_A = transitions.hysteresis_V * anatomy.background_S
        outward = [
            -1.0 if source_A.is_beyond(time_s, low, high) else 1.0
            for low, high in zip(center_A - half_A, center_A + half_A, strict=True)
        ]
        width_V = (
            transitions.width_V + transitions.width_V_per_K * temperature_K + transitions.width_V_per_T * abs(field_T)
        )
        onset_V = float(np.min(transitions.position_V * left)) - transitions.hysteresis_V - _SURE * width_V
        return cls(transitions, temperature_K, field_T, np.array(outward), onset_V)

    def conductance_S(self, bias_V: Floats) -> Floats:
        """Return the spikes, shape as `bias_V`."""
        if np.max(np.abs(bias_V), initial=0.0) < self.onset_V:
            return np.zeros_like(bias_V)
        side = np.sign(bias_V)[..., np.newaxis]
        return self.transitions.conductance_S(bias_V, self.temperature_K, self.field_T, side * self.outward)

    def current_A(self, bias_V: Floats) -> Floats:
        """Return the steps of the current, shape as `bias_V`."""
        if np.max(np.abs(bias_V), initial=0.0) < self.onset_V:
            return np.zeros_like(bias_V)
        side = np.sign(bias_V)[..., np.newaxis]
        return self.transitions.current_A(bias_V, self.temperature_K, self.field_T, side * self.outward)
