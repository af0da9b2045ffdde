"""A magnet of our own making, on the stepped clock: what the field moves are tested on."""

from collections.abc import Mapping
from typing import Any

from instruments.errors import StateError
from instruments.persistent_mode import SwitchState
from instruments.roles import MagnetReading, MagnetState


class FakeMagnet:
    name = "magnet"
    identity = "fake"

    def __init__(self, clock: Any, field_T: float = 0.0) -> None:
        self._clock = clock
        self._start = (clock.now_s(), field_T, field_T, 1.0)
        self.state: MagnetState | None = None
        self.switch = SwitchState.OPEN
        self.magnet_T: float | None = None  # while the switch is shut
        self.slip_T = 0.0  # what the leads miss their target by
        self.did: list[str] = []

    def _supply_T(self) -> float:
        start_s, from_T, to_T, rate_T_per_min = self._start
        done_T = rate_T_per_min / 60.0 * (self._clock.now_s() - start_s)
        return to_T if done_T >= abs(to_T - from_T) else from_T + (done_T if to_T > from_T else -done_T)

    def _go(self, field_T: float, rate_T_per_min: float) -> None:
        self._start = (self._clock.now_s(), self._supply_T(), field_T, rate_T_per_min)

    def start_ramp(self, field_T: float, rate_T_per_min: float) -> None:
        self.did.append(f"ramp {field_T:g}")
        self.state = None
        self._go(field_T, rate_T_per_min)

    def hold(self) -> None:
        self.did.append("hold")
        self._go(self._supply_T(), 1.0)

    def read(self) -> MagnetReading:
        supply_T = self._supply_T()
        state = MagnetState.HOLDING if supply_T == self._start[2] else MagnetState.RAMPING
        return MagnetReading(supply_T if self.magnet_T is None else self.magnet_T, 0.0, self.state or state)

    def settings(self) -> Mapping[str, float]:
        return {}

    def make_safe(self) -> None:
        self.did.append("safe")

    def close(self) -> None:
        pass

    def switch_state(self) -> SwitchState:
        return self.switch

    def leads_field_T(self) -> float:
        return self._supply_T() + self.slip_T

    def start_leads(self, field_T: float, rate_T_per_min: float) -> None:
        if self.switch is not SwitchState.CLOSED:
            raise StateError(self.name, "switch not closed")
        self.did.append(f"leads {field_T:g}")
        self._go(field_T, rate_T_per_min)

    def set_switch_heater(self, is_on: bool) -> None:
        self.did.append(f"heater {'on' if is_on else 'off'}")
        self.switch = SwitchState.OPEN if is_on else SwitchState.CLOSED
        self.magnet_T = None if is_on else self._supply_T()
