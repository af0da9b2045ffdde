"""Whether the contact is still what it was when a run stopped, at the bias values at which it was measured then."""

from collections.abc import Callable, Iterator

from acquisition.circuit import conductance_error_S
from acquisition.errors import InterlockError
from acquisition.plan import IsothermPlan
from acquisition.readings import Event
from acquisition.running.bias_walk import BiasWalk
from acquisition.running.past import Past, Reference
from acquisition.station_file import CircuitSection


class ContactCheck:
    """Compares a contact with what was measured of it before a gap.

    Parameters
    ----------
    circuit : CircuitSection
        The wiring.
    past : Past
        How long the gap was, and whether a change is accepted.
    now_s : callable
        Experiment time since the start of the run.
    attend : callable
        Called before each measurement; raises if the run is to stop or to pause.
    """

    def __init__(
        self, circuit: CircuitSection, past: Past, now_s: Callable[[], float], attend: Callable[[], None]
    ) -> None:
        self._circuit = circuit
        self._past = past
        self._now_s = now_s
        self._attend = attend

    def compare(self, walk: BiasWalk, isotherm: IsothermPlan, references: list[Reference]) -> Iterator[Event]:
        """Measure at each reference and tell what was found.

        Raises
        ------
        InterlockError
            If the contact has changed by more than noise and drift, and nobody has accepted that.
        """
        changes = []
        for reference in references:
            self._attend()
            change_S, allowed_S = self._change(walk, isotherm, reference)
            if abs(change_S) > allowed_S:  # once more, in case something just knocked at the table
                change_S, allowed_S = self._change(walk, isotherm, reference)
            found = f"{change_S / reference.conductance_S:+.2g} of itself at {1e3 * reference.bias_V:.3g} mV"
            allowed = f"{allowed_S / reference.conductance_S:.2g}"
            yield self._event(f"conductance changed by {found}, allowed {allowed}")
            if abs(change_S) > allowed_S:
                changes.append(found)
        walk.rest()
        if not changes:
            yield self._event(f"unchanged after {self._past.gap_s / 3600.0:.2f} h")
        elif self._past.is_change_accepted:
            yield self._event(f"changed, and accepted as it is: {'; '.join(changes)}")
        else:
            raise InterlockError(
                f"the contact is not what it was: at {isotherm.temperature_K:g} K its conductance changed by "
                f"{'; '.join(changes)}, more than noise and drift; look at it, then resume with --accept-change, or "
                "start a new run"
            )

    def _change(self, walk: BiasWalk, isotherm: IsothermPlan, reference: Reference) -> tuple[float, float]:
        """Return by how much the conductance differs from the reference, and by how much it may."""
        response = walk.probe(reference.current_A, reference.bias_V)
        error_S = conductance_error_S(
            isotherm.noise.sigma_V, response.conductance_S, response.excitation_Vrms, self._circuit
        )
        return response.conductance_S - reference.conductance_S, reference.allowed_S(error_S, self._past.gap_s)

    def _event(self, message: str) -> Event:
        return Event(self._now_s(), "contact", message)
