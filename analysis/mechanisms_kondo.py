"""Forward models of Kondo scatterers beyond the bare fixed point: fields, splittings, magnetic impurities, traps."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import ModelError
from analysis.mechanisms import Floats, TwoLevelSystems, freeze_columns, points, require_positive, two_channel_kondo
from analysis.mechanisms_events import RandomFunction
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_TESLA, KELVIN_PER_VOLT

FERMI_LIQUID_BIAS_WEIGHT = 3 / (2 * np.pi**2)
"""Weight of (eV/kB)^2 beside T^2 in a Fermi liquid with symmetric leads, 0.152; other geometries have other weights."""

SPIN_HALF = 0.5
_RESONANCE_EXPONENT = 0.22


@dataclass(frozen=True)
class TwoChannelKondo:
    """Two-level systems in a magnetic field, by the two ways of appendix B.

    Parameters
    ----------
    systems : TwoLevelSystems
        With their splittings in zero field.
    tuning_K : float
        Rms wander of a splitting with the field, Delta(H) random (section V.A.1, B 1, Ti.5); 0 in clean copper.
    tuning_correlation_T : float
        Field over which it wanders; class-typical.
    seed : int
        Which wanderings.
    channel_coupling : float
        lambda_3 of eq B1: a field splits the channels, a relevant perturbation of dimension -1/2, and changes G by
        (e^2/h) lambda_3 mu_B |H| / (kB (TK T)^(1/2)) at V = 0 for each system while that is small against e^2/h.
    """

    systems: TwoLevelSystems
    tuning_K: float = 0.0
    tuning_correlation_T: float = 1.0
    seed: int = 1
    channel_coupling: float = 0.0

    def __post_init__(self) -> None:
        require_positive(self, "tuning_correlation_T")
        if not (np.isfinite(self.tuning_K) and self.tuning_K >= 0 and np.isfinite(self.channel_coupling)):
            raise ModelError("TwoChannelKondo needs tuning_K of at least zero and a finite channel_coupling")

    def in_field(self, field_T: float) -> TwoLevelSystems:
        """Return the systems with the splittings they have in a field."""
        if self.tuning_K == 0:
            return self.systems
        wander = [
            RandomFunction(self.tuning_correlation_T, self.seed + index)([abs(field_T), 0.0]) @ (1, -1)
            for index in range(len(self.systems.splitting_K))
        ]
        return replace(self.systems, splitting_K=np.abs(self.systems.splitting_K + self.tuning_K * np.array(wander)))

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape."""
        bias, temperature, field = points(bias_V, temperature_K, field_T)
        total = self._channel_breaking_S(bias, temperature, field)
        for value in np.unique(field):
            here = field == value
            total[here] += two_channel_kondo(bias[here], temperature[here], self.in_field(float(value)))
        return total[()]

    def _channel_breaking_S(self, bias: Floats, temperature: Floats, field: Floats) -> Floats:
        # T -> (T^2 + (A eV/kB)^2)^(1/2): the function of v in eq 21 has to fall as v^(-1/2), for G to forget T there
        bias_K = np.multiply.outer(bias * KELVIN_PER_VOLT, self.systems.scale_A)
        energy_K = np.hypot(temperature[..., np.newaxis], bias_K)
        zeeman_K = KELVIN_PER_TESLA * np.abs(field)[..., np.newaxis]
        strength = zeeman_K / np.sqrt(self.systems.kondo_temperature_K * energy_K)
        return np.array(self.channel_coupling * CONDUCTANCE_QUANTUM_S * np.sum(strength / np.hypot(1, strength), -1))


@dataclass(frozen=True)
class SaturatedPowerLaw:
    """The V^(1/2) law with premature saturation of titanium contacts (eq 29, Ti.3, Ti.4).

    sum_i a_i [(eV/kB)^2 + (2 Teff_i)^2]^(1/4) with Teff_i^2 = Tx_i^2 + T^2; one term for the paper's sample 5, two for
    its sample 6. The paper fits each temperature apart and finds Tx -> T without a splitting, hence the sum of squares.
    A field moves Tx at random (Ti.5): it changes G by little, with either sign, and below Tx only.

    Parameters
    ----------
    amplitude_S_per_sqrt_K : array, shape (n,)
        a_i.
    saturation_K : array, shape (n,)
        Tx_i in zero field, 1.43 K in sample 5.
    tuning_K, tuning_correlation_T : float
        Rms wander of a Tx with the field, none by default, and the field over which it wanders; class-typical.
    seed : int
        Which wanderings.
    """

    amplitude_S_per_sqrt_K: Floats
    saturation_K: Floats
    tuning_K: float = 0.0
    tuning_correlation_T: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        freeze_columns(self, "amplitude_S_per_sqrt_K", "saturation_K")
        require_positive(self, "tuning_correlation_T")
        if not (np.isfinite(self.tuning_K) and self.tuning_K >= 0):
            raise ModelError("SaturatedPowerLaw needs tuning_K of at least zero")

    def saturation_in_field_K(self, field_T: ArrayLike) -> Floats:
        """Return Tx_i(H), with a last axis of length n; without tuning, of shape (n,)."""
        wander = [
            RandomFunction(self.tuning_correlation_T, self.seed + index)
            for index in range(len(self.saturation_K) if self.tuning_K else 0)
        ]
        moved = [function(np.abs(field_T)) - function(0.0) for function in wander]
        return np.abs(self.saturation_K + self.tuning_K * np.stack(moved, axis=-1)) if moved else self.saturation_K

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape."""
        bias, temperature, field = points(bias_V, temperature_K, field_T)
        effective_K = np.hypot(temperature[..., np.newaxis], self.saturation_in_field_K(field))
        energy_K = np.hypot(bias[..., np.newaxis] * KELVIN_PER_VOLT, 2 * effective_K)
        return np.sqrt(energy_K) @ self.amplitude_S_per_sqrt_K


@dataclass(frozen=True)
class MagneticKondo:
    """Magnetic impurities: Fermi-liquid T^2 and V^2 below TK, a logarithm about and above it, Zeeman splitting (A 2).

    -depth R(E) with E^2 = T^2 + b (eV/kB)^2. R is Hamann's curve (Phys. Rev. 158, 570 (1967)) over its value at E = 0,
    1 - ln w / [(ln w)^2 + pi^2 S (S+1)]^(1/2): a straight line in ln E for |ln w| below about S + 1, and 1 / (ln w)^2
    far above, as of parquet diagrams. Where it fails, at the bottom, it ends in a Fermi liquid as is usual,
    w^2 = (E / E0)^2 + 1 / S (S+1). For a spin 1/2 the numerical renormalisation group knows R up to about 10 TK,
    [1 + (2^(1/s) - 1) (E / TK)^2]^(-s), s = 0.22 (Goldhaber-Gordon et al., Phys. Rev. Lett. 81, 5225 (1998)), which
    is 2 % of the depth off Hamann's at most and meets it at 8 TK: there it ends and Hamann's goes on.
    In a field it is the mean of copies shifted by +-g mu_B H / e: splitting 2 g mu_B H / e, unseen where TK is larger.

    Parameters
    ----------
    depth_S : float
        Depth of the dip at T = 0.
    kondo_temperature_K : float
        TK, where half of the depth is left: 5.3 E0 for a spin 1/2, 97 E0 for 5/2.
    g_factor : float
        Of the impurity spin.
    bias_weight : float
        b; it depends on the geometry.
    spin : float
        S; 5/2 for manganese.
    """

    depth_S: float
    kondo_temperature_K: float
    g_factor: float = 2.0
    bias_weight: float = FERMI_LIQUID_BIAS_WEIGHT
    spin: float = SPIN_HALF

    def __post_init__(self) -> None:
        require_positive(self, "depth_S", "kondo_temperature_K", "bias_weight", "spin")

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape; negative."""
        bias, temperature, field = points(bias_V, temperature_K, field_T)
        zeeman_V = self.g_factor * KELVIN_PER_TESLA * field / KELVIN_PER_VOLT
        copies = (self._resonance(bias + sign * zeeman_V, temperature) for sign in (-1, 1))
        return -0.5 * self.depth_S * sum(copies, start=np.zeros(()))

    def _resonance(self, bias: Floats, temperature: Floats) -> Floats:
        energy_squared = temperature**2 + self.bias_weight * (bias * KELVIN_PER_VOLT) ** 2
        squared = energy_squared / self.kondo_temperature_K**2
        resonance = _hamann(squared, self.spin * (self.spin + 1.0))
        if self.spin != SPIN_HALF:
            return resonance
        group = (1 + (2 ** (1 / _RESONANCE_EXPONENT) - 1) * squared) ** -_RESONANCE_EXPONENT
        return np.where(squared > 1.0, np.maximum(group, resonance), group)


def _hamann(squared: Floats, moment: float) -> Floats:
    """Return R of (E / TK)^2, shape as `squared`, for S (S+1)."""

    def resistivity(w_squared: ArrayLike) -> Floats:
        log = 0.5 * np.log(w_squared)
        return np.asarray(0.5 * (1.0 - log / np.hypot(log, np.pi * np.sqrt(moment))))

    bottom = resistivity(1.0 / moment)
    # where half of the bottom is left gives TK / E0
    sine = 1.0 - bottom
    half = np.exp(2.0 * np.pi * np.sqrt(moment) * sine / np.sqrt(1.0 - sine**2)) - 1.0 / moment
    return resistivity(half * squared + 1.0 / moment) / bottom


@dataclass(frozen=True)
class ChargeTrap:
    """Electrons that hop through a charge trap in the insulator: a Kondo peak at V = 0 that splits in a field (A 5).

    The same resonance as `MagneticKondo`, added to the conductance instead of taken from it.

    Parameters
    ----------
    height_S : float
        Height of the peak at T = 0.
    kondo_temperature_K, g_factor : float
        Of the trap.
    """

    height_S: float
    kondo_temperature_K: float
    g_factor: float = 2.0

    def __post_init__(self) -> None:
        require_positive(self, "height_S", "kondo_temperature_K")

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance in S, the broadcast shape; positive."""
        dip = MagneticKondo(self.height_S, self.kondo_temperature_K, self.g_factor)
        return -dip.conductance_S(bias_V, temperature_K, field_T)
