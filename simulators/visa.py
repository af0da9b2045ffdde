"""The PyVISA backend of the simulated racks.

``pyvisa.ResourceManager("cu1@zerobias")`` opens the rack of sample ``cu1`` with seed 1;
``pyvisa.ResourceManager(rack.visa_library)`` opens a rack made by `simulators.rack.open_rack`. No transport, no thread,
no waiting: replies are computed in the caller, timeouts pass on the rack's virtual clock.
"""

import itertools
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from pyvisa import attributes, constants, errors, rname
from pyvisa.constants import EventAttribute, ResourceAttribute, StatusCode
from pyvisa.highlevel import VisaLibraryBase
from pyvisa.typing import VISARMSession, VISASession
from pyvisa.util import DebugInfo, LibraryPath

from simulators.rack import Rack, find_rack
from simulators.sample import samples
from simulators.session import ConnectionLostError, End, Session

_STATUS_OF_END: Final = {
    End.END_OF_MESSAGE: StatusCode.success,
    End.TERMINATION_CHARACTER: StatusCode.success_termination_character_read,
    End.COUNT: StatusCode.success_max_count_read,
    End.TIMEOUT: StatusCode.error_timeout,
}


class RackVisaLibrary(VisaLibraryBase):
    """The VISA functions a message-based client uses, on the boxes of one simulated rack.

    Service requests, callbacks, memory access and asynchronous transfer are not there and raise NotImplementedError,
    as PyVISA expects of a backend.
    """

    _sessions: dict[int, Session]
    _attributes: dict[int, dict[ResourceAttribute | EventAttribute, Any]]
    _lock_holders: dict[str, int]

    @staticmethod
    def get_library_paths() -> Iterable[LibraryPath]:
        """Return the racks opened by name alone; the first is the one of a bare ``"@zerobias"``."""
        return [LibraryPath(name) for name in samples()]

    @staticmethod
    def get_debug_info() -> DebugInfo:
        """Return the lines `pyvisa-info` prints."""
        return {"Simulated racks": ", ".join(samples())}

    def _init(self) -> None:
        self._session_numbers = itertools.count(1)
        self._sessions = {}
        self._attributes = {}
        self._lock_holders = {}
        find_rack(self.library_path)

    def _rack(self) -> Rack:
        return find_rack(self.library_path)

    def open_default_resource_manager(self) -> tuple[VISARMSession, StatusCode]:
        """Open a session of the resource manager."""
        number = VISARMSession(next(self._session_numbers))
        return number, self.handle_return_value(number, StatusCode.success)

    def list_resources(self, session: VISARMSession, query: str = "?*::INSTR") -> tuple[str, ...]:
        """Return the addresses of the rack's boxes that match `query`."""
        return rname.filter(self._rack().boxes, query)

    def open(
        self,
        session: VISARMSession,
        resource_name: str,
        access_mode: constants.AccessModes = constants.AccessModes.no_lock,
        open_timeout: int = constants.VI_TMO_IMMEDIATE,
    ) -> tuple[VISASession, StatusCode]:
        """Connect to the box at `resource_name`; an absent one is VI_ERROR_RSRC_NFOUND."""
        try:
            resource = rname.parse_resource_name(resource_name)
        except rname.InvalidResourceName:
            self.handle_return_value(session, StatusCode.error_invalid_resource_name)
            raise
        address = str(resource)
        rack = self._rack()
        box = rack.boxes.get(address)
        if box is None:
            self.handle_return_value(session, StatusCode.error_resource_not_found)
            raise errors.VisaIOError(StatusCode.error_resource_not_found)
        number = VISASession(next(self._session_numbers))
        is_stream = resource.resource_class == "SOCKET"
        self._sessions[number] = Session(box, rack.clock, is_stream=is_stream, wire=rack.wires[address])
        self._attributes[number] = {
            ResourceAttribute.resource_name: address,
            ResourceAttribute.resource_class: resource.resource_class,
            ResourceAttribute.interface_type: resource.interface_type_const,
            ResourceAttribute.interface_number: int(getattr(resource, "board", 0)),
        }
        if access_mode & constants.AccessModes.exclusive_lock:
            self.lock(number, constants.Lock.exclusive, open_timeout)
        return number, self.handle_return_value(number, StatusCode.success)

    def close(self, session: Any) -> StatusCode:
        """Close a session of any kind and give its locks back."""
        self._sessions.pop(session, None)
        self._attributes.pop(session, None)
        self._lock_holders = {name: holder for name, holder in self._lock_holders.items() if holder != session}
        return self.handle_return_value(session, StatusCode.success)

    def write(self, session: VISASession, data: bytes) -> tuple[int, StatusCode]:
        """Send `data`; the box has answered, if it does, when this returns."""
        try:
            self._open_session(session).write(data)
        except ConnectionLostError:
            return 0, self.handle_return_value(session, StatusCode.error_connection_lost)
        return len(data), self._succeeded(session, StatusCode.success)

    def read(self, session: VISASession, count: int) -> tuple[bytes, StatusCode]:
        """Read up to `count` bytes or raise VI_ERROR_TMO after the timeout of virtual time."""
        try:
            data, end = self._open_session(session).read(count)
        except ConnectionLostError:
            return b"", self.handle_return_value(session, StatusCode.error_connection_lost)
        if end is End.TIMEOUT or end is End.COUNT:
            return data, self.handle_return_value(session, _STATUS_OF_END[end])
        return data, self._succeeded(session, _STATUS_OF_END[end])

    def clear(self, session: VISASession) -> StatusCode:
        """Clear the device: replies that have arrived are lost."""
        self._sound_session(session).clear()
        return self.handle_return_value(session, StatusCode.success)

    def flush(self, session: VISASession, mask: constants.BufferOperation) -> StatusCode:
        """Discard the read buffer if `mask` says so; writing is never buffered."""
        if mask & (constants.BufferOperation.discard_read_buffer | constants.BufferOperation.discard_receive_buffer):
            self._sound_session(session).clear()
        return self.handle_return_value(session, StatusCode.success)

    def read_stb(self, session: VISASession) -> tuple[int, StatusCode]:
        """Return the status byte of the box."""
        return self._sound_session(session).status_byte(), self.handle_return_value(session, StatusCode.success)

    def assert_trigger(self, session: VISASession, protocol: constants.TriggerProtocol) -> StatusCode:
        """Trigger the box, which is the same as sending ``*TRG``."""
        self._sound_session(session).write(b"*TRG\n")
        return self.handle_return_value(session, StatusCode.success)

    def gpib_control_ren(self, session: VISASession, mode: constants.RENLineOperation) -> StatusCode:
        """Accept any state of the remote line; no front panel to lock."""
        return self.handle_return_value(session, StatusCode.success)

    def lock(
        self, session: VISASession, lock_type: constants.Lock, timeout: int, requested_key: str | None = None
    ) -> tuple[str, StatusCode]:
        """Lock the box for this session; VI_ERROR_RSRC_LOCKED if another session holds it."""
        self._sound_session(session)
        self._lock_holders[self._address(session)] = session
        return requested_key or "", self.handle_return_value(session, StatusCode.success)

    def unlock(self, session: VISASession) -> StatusCode:
        """Give the lock back; VI_ERROR_SESN_NLOCKED if this session holds none."""
        if self._lock_holders.get(self._address(session)) != session:
            return self.handle_return_value(session, StatusCode.error_session_not_locked)
        del self._lock_holders[self._address(session)]
        return self.handle_return_value(session, StatusCode.success)

    def enable_event(
        self,
        session: VISASession,
        event_type: constants.EventType,
        mechanism: constants.EventMechanism,
        context: None = None,
    ) -> StatusCode:
        """Accept; no event ever comes."""
        return self.handle_return_value(session, StatusCode.success)

    def disable_event(
        self, session: VISASession, event_type: constants.EventType, mechanism: constants.EventMechanism
    ) -> StatusCode:
        """Accept; no event ever comes."""
        return self.handle_return_value(session, StatusCode.success)

    def discard_events(
        self, session: VISASession, event_type: constants.EventType, mechanism: constants.EventMechanism
    ) -> StatusCode:
        """Accept; no event ever comes."""
        return self.handle_return_value(session, StatusCode.success)

    def get_attribute(self, session: Any, attribute: ResourceAttribute | EventAttribute) -> tuple[Any, StatusCode]:
        """Return what was set, or the default of the VISA specification."""
        line = self._sessions.get(session)
        if line is not None and attribute in _SESSION_ATTRIBUTES:
            value = _SESSION_ATTRIBUTES[attribute][0](line)
        else:
            known = self._attributes.get(session, {})
            value = known.get(attribute, attributes.AttributesByID[attribute].default)
        return value, self.handle_return_value(session, StatusCode.success)

    def set_attribute(self, session: Any, attribute: ResourceAttribute, attribute_state: Any) -> StatusCode:
        """Set timeout and termination where they act; anything else is only remembered."""
        line = self._sessions.get(session)
        if line is not None and attribute in _SESSION_ATTRIBUTES:
            _SESSION_ATTRIBUTES[attribute][1](line, attribute_state)
        else:
            self._attributes.setdefault(session, {})[attribute] = attribute_state
        return self.handle_return_value(session, StatusCode.success)

    def _succeeded(self, session: VISASession, status: StatusCode) -> StatusCode:
        """Do what `handle_return_value` does of a status that is neither error nor warning, in a third of the time."""
        self._last_status = self._last_status_in_session[session] = status
        return status

    def _open_session(self, session: int) -> Session:
        line = self._sessions.get(session)
        if line is None:
            raise errors.InvalidSession
        if self._lock_holders and self._lock_holders.get(self._address(session), session) != session:
            self.handle_return_value(cast(VISASession, session), StatusCode.error_resource_locked)
        return line

    def _sound_session(self, session: int) -> Session:
        line = self._open_session(session)
        if line.is_lost:
            self.handle_return_value(cast(VISASession, session), StatusCode.error_connection_lost)
        return line

    def _address(self, session: int) -> str:
        return self._attributes[session][ResourceAttribute.resource_name]


def _set_timeout(line: Session, timeout_ms: int) -> None:
    line.timeout_s = timeout_ms * 1e-3


def _set_termination_character(line: Session, character: int) -> None:
    line.termination_character = character


def _enable_termination_character(line: Session, is_enabled: bool) -> None:
    line.is_termination_enabled = bool(is_enabled)


_SESSION_ATTRIBUTES: Final[
    dict[ResourceAttribute | EventAttribute, tuple[Callable[[Session], Any], Callable[[Session, Any], None]]]
] = {
    ResourceAttribute.timeout_value: (lambda line: round(line.timeout_s * 1e3), _set_timeout),
    ResourceAttribute.termchar: (lambda line: line.termination_character, _set_termination_character),
    ResourceAttribute.termchar_enabled: (lambda line: line.is_termination_enabled, _enable_termination_character),
}
