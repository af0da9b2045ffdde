"""Forward models of what a single contact does on its own: random curves, sudden transitions, telegraph noise.

These are one contact's accidents: each takes a seed or a list of positions, never a global random state.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from analysis.errors import ModelError
from analysis.mechanisms import ConductanceModel, Floats, freeze_columns, points, require_positive
from analysis.quantities import CONDUCTANCE_QUANTUM_S, thermal_voltage_V

_MODES = 96


@dataclass(frozen=True)
class RandomFunction:
    """A smooth Gaussian random function: mean 0, variance 1, correlation exp(-x^2 / 2 correlation^2).

    It is a sum of cosines with random phases and Gaussian wave numbers, hence defined everywhere by its seed.
    """

    correlation: float
    seed: int

    def __post_init__(self) -> None:
        require_positive(self, "correlation")

    @cached_property
    def waves(self) -> tuple[Floats, Floats]:
        """Wave numbers and phases, each of shape (modes,)."""
        generator = np.random.default_rng(self.seed)
        return generator.normal(0, 1 / self.correlation, _MODES), generator.uniform(0, 2 * np.pi, _MODES)

    def __call__(self, x: ArrayLike) -> Floats:
        """Return its values, the shape of `x`."""
        wave_number, phase = self.waves
        return np.cos(np.multiply.outer(x, wave_number) + phase) @ np.full(_MODES, np.sqrt(2 / _MODES))


@dataclass(frozen=True)
class ConductanceFluctuations:
    """Universal conductance fluctuations of a strongly disordered contact (Cu.4b, fig 3c and d).

    A Gaussian random function of bias and field, not even in the bias: interference in a fixed arrangement of
    scatterers. A mode of wave number k is smeared by the Fermi edges as pi k kB T / sinh(pi k kB T). Even in the field
    (Onsager), so its variance falls to one half once time-reversal symmetry is broken.

    Parameters
    ----------
    rms_S : float
        Size at T = 0 and H = 0; below e^2/h in the paper.
    correlation_V, correlation_T : float
        Correlation voltage, a few mV, and field; class-typical.
    seed : int
        The arrangement of the scatterers.
    """

    rms_S: float = 0.5 * CONDUCTANCE_QUANTUM_S
    correlation_V: float = 3e-3
    correlation_T: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        require_positive(self, "rms_S", "correlation_V", "correlation_T")

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape."""
        bias, temperature, field = points(bias_V, temperature_K, field_T)
        wave_number, phase = RandomFunction(self.correlation_V, self.seed).waves
        field_number = np.random.default_rng([self.seed, 1]).normal(0, 1 / self.correlation_T, _MODES)
        # x / sinh x as 1/sinc of an imaginary argument; the small number keeps 0/0 away
        smear = np.pi * np.abs(np.multiply.outer(thermal_voltage_V(temperature), wave_number)) + 1e-12
        modes = np.cos(np.multiply.outer(bias, wave_number) + phase) * np.cos(np.multiply.outer(field, field_number))
        damping = 2 * smear * np.exp(-smear) / -np.expm1(-2 * smear)
        return self.rms_S * np.sqrt(2 / _MODES) * np.sum(modes * damping, axis=-1)


@dataclass(frozen=True)
class ConductanceTransitions:
    """Sudden transitions of a quenched copper contact, seen as spikes of dI/dV at +-Vc (Cu.9, figs 2, 12, 13).

    Phenomenology: the paper gives facts, no formula. A transition is a step of the current, its spike a Gaussian;
    Vc(H) = Vc (1 - (H/Hc)^2), gone beyond Hc. Two transitions with one Vc and different Hc are a bifurcation. The step
    of the DC conductance keeps its height (fig 13), so that of the current shrinks as Vc(H).

    Parameters
    ----------
    position_V : array, shape (n,)
        Vc in zero field, 5 to 20 mV in the paper.
    critical_field_T : array, shape (n,)
        Hc.
    current_step_A : array, shape (n,)
        Height of the step in zero field, negative for the step down with rising bias that the paper sees.
    hysteresis_V : float
        How much later than Vc(H) the transition comes, in the direction of the sweep.
    width_V, width_V_per_K, width_V_per_T : float
        Width (standard deviation) and how it grows with temperature and field.
    """

    position_V: Floats
    critical_field_T: Floats
    current_step_A: Floats
    hysteresis_V: float = 0.2e-3
    width_V: float = 0.05e-3
    width_V_per_K: float = 0.05e-3
    width_V_per_T: float = 0.1e-3

    def __post_init__(self) -> None:
        freeze_columns(self, "position_V", "critical_field_T", "current_step_A")
        require_positive(self, "position_V", "critical_field_T", "width_V")
        if min(self.hysteresis_V, self.width_V_per_K, self.width_V_per_T) < 0:
            raise ModelError("ConductanceTransitions needs hysteresis and growth of the width of at least zero")

    def positions_V(self, field_T: float) -> Floats:
        """Return Vc(H) of the transitions that are left in a field, ascending."""
        left = np.abs(field_T) < self.critical_field_T
        return np.sort((self.position_V * (1 - (field_T / self.critical_field_T) ** 2))[left])

    def conductance_S(
        self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0, direction: ArrayLike = 0
    ) -> Floats:
        """Return the spikes in dI/dV in S, the broadcast shape.

        Parameters
        ----------
        bias_V, temperature_K, field_T : array, shapes that broadcast
        direction : int, or array of shape (n,)
            +1 while the bias rises, -1 while it falls, 0 without hysteresis; of each transition, or of all.
        """
        deviation, width_V, step_A = self._shape(bias_V, temperature_K, field_T, direction)
        return np.sum(step_A / width_V * np.exp(-0.5 * deviation**2), axis=-1) / np.sqrt(2 * np.pi)

    def current_A(
        self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0, direction: ArrayLike = 0
    ) -> Floats:
        """Return the steps of the current in A, zero at V = 0, the broadcast shape; arguments as `conductance_S`."""
        deviation, width_V, step_A = self._shape(bias_V, temperature_K, field_T, direction)
        size_V = np.abs(np.asarray(bias_V, dtype=float))[..., np.newaxis]
        steps_A = np.sum(step_A * (ndtr(deviation) - ndtr(deviation - size_V / width_V)), axis=-1)
        return np.sign(bias_V) * steps_A

    def _shape(
        self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike, direction: ArrayLike
    ) -> tuple[Floats, Floats, Floats]:
        """Return (|V| - Vc) / width, width and step of each transition, along a last axis."""
        bias, temperature, field = (a[..., np.newaxis] for a in points(bias_V, temperature_K, field_T))
        # below zero once the field exceeds Hc
        left = 1 - (field / self.critical_field_T) ** 2
        outward = np.sign(bias) * np.asarray(direction)
        width_V = self.width_V + self.width_V_per_K * temperature + self.width_V_per_T * np.abs(field)
        deviation = (np.abs(bias) - self.position_V * left - outward * self.hysteresis_V) / width_V
        return deviation, width_V, self.current_step_A * np.maximum(left, 0.0)


@dataclass(frozen=True)
class SlowFluctuator:
    """A slow two-state fluctuator that switches a contact between two curves (section V.A.1, MG.2, fig 19).

    Two fast two-level systems with splittings Dz and Dz' give curves that differ at low bias only: the difference is
    gone at 5 to 10 mV, which tells them from a defect that just scatters.

    Parameters
    ----------
    first, second : functions of bias_V, temperature_K, field_T
        The two curves.
    first_dwell_s, second_dwell_s : float
        Mean time in each state; seconds in the paper.
    """

    first: ConductanceModel
    second: ConductanceModel
    first_dwell_s: float = 3.0
    second_dwell_s: float = 3.0

    def __post_init__(self) -> None:
        require_positive(self, "first_dwell_s", "second_dwell_s")

    def conductance_S(
        self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0, in_second: ArrayLike = False
    ) -> Floats:
        """Return the change of conductance in S, the broadcast shape.

        Parameters
        ----------
        bias_V, temperature_K, field_T : array, shapes that broadcast
        in_second : array of bool, shape that broadcasts with them
            Which points find the fluctuator in its second state, as from `is_in_second`.
        """
        arguments = points(bias_V, temperature_K, field_T)
        return np.where(in_second, self.second(*arguments), self.first(*arguments))

    def switch_times_s(self, until_s: float, seed: int) -> Floats:
        """Return when it switches between time 0, in the first state, and `until_s`, shape (switches,)."""
        generator = np.random.default_rng(seed)
        pairs = 16 + int(1.5 * until_s / (self.first_dwell_s + self.second_dwell_s))
        times_s = np.zeros(1)
        while times_s[-1] < until_s:
            dwells_s = generator.exponential((self.first_dwell_s, self.second_dwell_s), (pairs, 2)).ravel()
            times_s = np.concatenate((times_s, times_s[-1] + np.cumsum(dwells_s)))
        return times_s[1:][times_s[1:] < until_s]


def is_in_second(time_s: ArrayLike, switch_times_s: Floats) -> np.ndarray:
    """Return whether the fluctuator is in its second state, array of bool of the shape of `time_s`."""
    return np.searchsorted(switch_times_s, time_s, side="right") % 2 == 1
