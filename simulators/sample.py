"""The contacts that can be measured without a cryostat: their truths by name, and the contacts themselves.

The truths are written down in `samples_copper`, `samples_titanium` and `samples_rivals`, as plain numbers;
`sample_models` makes them into the forward models of `analysis`. Those are fetched only when a contact is made: a plan,
which asks for the truths alone, would otherwise take twice as long to start.
"""

from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analysis.quantities import sharvin_radius_m, siemens
from simulators.samples.samples_copper import COPPER
from simulators.samples.samples_rivals import RIVALS
from simulators.samples.samples_titanium import TITANIUM

if TYPE_CHECKING:
    from simulators.samples.contact import Anatomy, Tables, TabulatedContact

_TRUTH: Final[dict[str, dict[str, Any]]] = COPPER | TITANIUM | RIVALS


def samples() -> dict[str, dict[str, Any]]:
    """Return the known samples: name -> true parameters, plain values fit for JSON.

    Values not given in the paper are named under ``class_typical`` or ``chosen_to_reproduce_the_paper``.
    """
    return {name: deepcopy(truth) | _derived(truth) for name, truth in _TRUTH.items()}


def _derived(truth: dict[str, Any]) -> dict[str, Any]:
    """Return what follows from the truth: its conductance in siemens, rounded, and by Sharvin's formula its size."""
    conductance_S = float(siemens(truth["background_e2_per_h"]))
    return {
        "conductance_S": round(conductance_S, 4),
        "sharvin_radius_nm": round(1e9 * float(sharvin_radius_m(conductance_S)), 2),
    }


def dummy_resistor(resistance_ohm: float) -> "TabulatedContact":
    """Return an ohmic resistor in the place of a contact."""
    from simulators.samples.contact import Anatomy, Tables, TabulatedContact

    anatomy = Anatomy(1.0 / resistance_ohm, lambda bias_V, _T, _H: np.full(np.shape(bias_V), 1.0 / resistance_ohm))
    return TabulatedContact(anatomy, (Tables(anatomy.model),), seed=1)


def make_contact(name: str, seed: int = 1) -> "TabulatedContact":
    """Return the contact of a sample; `seed` draws its telegraph noise, if it has any.

    Raises
    ------
    KeyError
        If there is no such sample.
    """
    from simulators.samples.contact import TabulatedContact

    anatomy, tables = _made(name)
    return TabulatedContact(anatomy, tables, seed)


@cache
def _made(name: str) -> "tuple[Anatomy, tuple[Tables, ...]]":
    """Return anatomy and tables of a sample; shared, since they hold nothing but their own function."""
    from simulators.samples.contact import Tables
    from simulators.samples.sample_models import anatomy_of

    anatomy = anatomy_of(_TRUTH[name])
    models = [anatomy.model] if anatomy.fluctuator is None else [anatomy.model, anatomy.fluctuator.second]
    return anatomy, tuple(Tables(model) for model in models)
