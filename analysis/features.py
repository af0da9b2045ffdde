"""What the data show besides the exponent: every other sign by which mechanisms are told apart, in one object."""

from dataclasses import dataclass

from analysis.anomaly import Anomaly
from analysis.departure import Departure
from analysis.effective_temperature import HeatingTest
from analysis.field_law import FieldLaw
from analysis.phonons import PhononSpectrum
from analysis.saturation import Saturation
from analysis.symmetry import Symmetry
from analysis.telegraph import Telegraph
from analysis.transitions import Transitions
from analysis.two_exponents import TwoExponents
from analysis.zeeman import ZeemanSplitting


@dataclass(frozen=True, slots=True)
class Features:
    """The signs that evidence weighs; a part that the data do not give is None, and `missing` says why.

    Attributes
    ----------
    anomaly : Anomaly or None
        Sign, amplitude, number of two-level systems.
    symmetry : Symmetry or None
    saturation : Saturation or None
    departure : Departure or None
        Needs a fit of the exponent.
    heating : HeatingTest or None
        Needs two isotherms.
    exponents : TwoExponents or None
        Needs two isotherms.
    field_law : FieldLaw or None
        Needs more than one field.
    zeeman : ZeemanSplitting or None
        Needs more than one field.
    transitions : Transitions or None
    telegraph : Telegraph or None
    phonons : PhononSpectrum or None
    missing : dict of str to str
        Why a part is None, by its name.
    """

    anomaly: Anomaly | None
    symmetry: Symmetry | None
    saturation: Saturation | None
    departure: Departure | None
    heating: HeatingTest | None
    exponents: TwoExponents | None
    field_law: FieldLaw | None
    zeeman: ZeemanSplitting | None
    transitions: Transitions | None
    telegraph: Telegraph | None
    phonons: PhononSpectrum | None
    missing: dict[str, str]
