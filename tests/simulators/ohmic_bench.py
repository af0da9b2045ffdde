"""One simulated box on the wiring, with an ohmic contact on a quiet stage: what the tests of electrical boxes share."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from simulators.clock import VirtualClock
from simulators.samples.isotherms import BiasCurve, ohmic_curve
from simulators.wiring import Wiring
from simulators.world import World

CONTACT_OHM = 10.0


class OhmicContact:
    background_S = 1.0 / CONTACT_OHM

    def curve(self, *_: object, **__: object) -> BiasCurve:
        return ohmic_curve(1.0 / CONTACT_OHM)

    def switches_s(self, start_s: float, end_s: float) -> list[float]:
        return []


class Surroundings:
    """A stage at 1 K and no field."""

    def sample_temperature_K(self, time_s: float) -> float:
        return 1.0

    def set_external_heat_W(self, time_s: float, name: str, power_W: float) -> None:
        pass

    def field_T(self, time_s: float) -> float:
        return 0.0


class Answering(Protocol):
    def answer(self, message: str) -> str | None: ...


Box = TypeVar("Box", bound=Answering)


class OhmicBench(Generic[Box]):
    """A box on an ohmic contact, with its clock in hand."""

    def __init__(self, make: Callable[[VirtualClock, World, int], Box], seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.world = World(OhmicContact(), Wiring(seed), Surroundings(), Surroundings())
        self.box = make(self.clock, self.world, seed)

    def send(self, *messages: str) -> None:
        for message in messages:
            assert self.box.answer(message) is None

    def ask(self, message: str) -> str:
        reply = self.box.answer(message)
        assert reply is not None
        return reply
