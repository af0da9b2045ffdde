"""Who is on the wires: every VISA resource asked for its identity, and which model that is.

Boxes of the common language answer ``*IDN?``, Oxford's older ones ``V``. Neither changes anything, but a box that knows
neither may show an error. Raw sockets are not listed by VISA: the address of such a box has to be known.
"""

from dataclasses import dataclass

import pyvisa
from pyvisa.resources import MessageBasedResource

from instruments.errors import ConnectionFailedError

TIMEOUT_MS = 1000
"""How long a box may take to say who it is."""

_QUESTIONS = (("*IDN?", "\n"), ("V", "\r"))

_KNOWN = (
    ("lockin", "SR830", ("SR830",)),
    ("lockin", "SR860", ("SR860",)),
    ("lockin", "SR865A", ("SR865A",)),
    ("sourcemeter", "Keithley2400", ("KEITHLEY", "MODEL 24")),
    ("sourcemeter", "Keithley2450", ("KEITHLEY", "MODEL 2450")),
    ("sourcemeter", "YokogawaGS200", ("YOKOGAWA", "GS2")),
    ("voltmeter", "Keithley2182A", ("KEITHLEY", "MODEL 2182")),
    ("temperature", "LakeShore336", ("LSCI", "MODEL336")),
    ("temperature", "LakeShore372", ("LSCI", "MODEL372")),
    ("temperature", "ITC503", ("ITC503",)),
    ("magnet", "AMI430", ("AMERICAN MAGNETICS", "430")),
    ("magnet", "MercuryiPS", ("MERCURY", "IPS")),
    ("magnet", "IPS120", ("IPS120",)),
    ("magnet", "PS120", ("PS120",)),
)


@dataclass(frozen=True, slots=True)
class FoundBox:
    """A box on the wires: where it is, what it says of itself, and, if there is a driver, its role and model."""

    address: str
    identity: str
    role: str = ""
    model: str = ""


def discover(visa_library: str = "") -> list[FoundBox]:
    """Ask every VISA resource who it is.

    Parameters
    ----------
    visa_library : str
        PyVISA library specification; empty for the default.

    Returns
    -------
    list of FoundBox
        By address; one that did not answer has no identity.

    Raises
    ------
    ConnectionFailedError
        If there is no such VISA library.
    """
    try:
        manager = pyvisa.ResourceManager(visa_library)
        addresses = sorted(manager.list_resources("?*"))
    except (OSError, ValueError, pyvisa.Error) as error:
        name = visa_library or "the default VISA library"
        raise ConnectionFailedError(name, f"cannot be used ({error}); install one, or name @py") from error
    return [_recognised(address, _identity(manager, address)) for address in addresses]


def _identity(manager: pyvisa.ResourceManager, address: str) -> str:
    for question, terminator in _QUESTIONS:
        try:
            with manager.open_resource(address, timeout=TIMEOUT_MS) as resource:
                if not isinstance(resource, MessageBasedResource):
                    return ""
                resource.write_termination = resource.read_termination = terminator
                resource.write(question)
                answer = resource.read_raw().decode("ascii", "replace").strip()
        except pyvisa.Error:
            continue
        if answer and not answer.startswith("?"):  # Oxford's "I do not know that"
            return answer
    return ""


def _recognised(address: str, identity: str) -> FoundBox:
    fitting = [known for known in _KNOWN if all(word in identity.upper() for word in known[2])]
    role, model, _ = max(fitting, key=lambda known: len("".join(known[2])), default=("", "", ()))
    return FoundBox(address, identity, role, model)
