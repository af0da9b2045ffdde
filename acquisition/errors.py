"""The errors of the acquisition side, one small tree; each knows its exit status.

    AcquisitionError                anything below
      InputError              2     a recipe, station, file or argument that cannot be used; nothing was touched
        PlanError             2     a recipe that parses but breaks a limit of the station
      RunFileError            4     the run file cannot be written (disk full, read-only) or read
      GuardError              4     there is no guard and none can be started; nothing may be ramped
      InterlockError          3     an interlock stopped the run; the rack is safe
      AbortedError            5     the user stopped the run; the rack is safe

Errors of the boxes are `instruments.errors.InstrumentError` (exit status 4).
"""


class AcquisitionError(Exception):
    """Report trouble in one line: what, where, what was expected, what to do."""

    exit_status = 1


class InputError(AcquisitionError):
    """Refuse input before anything is touched."""

    exit_status = 2


class PlanError(InputError):
    """Refuse a recipe that the station cannot run within its limits."""


class RunFileError(AcquisitionError):
    """Report a run file that cannot be written or read."""

    exit_status = 4


class GuardError(AcquisitionError):
    """Report that there is no guard and none can be started."""

    exit_status = 4


class InterlockError(AcquisitionError):
    """Report a run that an interlock stopped.

    Parameters
    ----------
    message : str
        What tripped, and what the operator is to do.
    is_heater_to_go_off, is_field_to_go_down : bool
        What is to be done beside the idle-safe state.
    """

    exit_status = 3

    def __init__(self, message: str, *, is_heater_to_go_off: bool = False, is_field_to_go_down: bool = False) -> None:
        super().__init__(message)
        self.is_heater_to_go_off = is_heater_to_go_off
        self.is_field_to_go_down = is_field_to_go_down


class AbortedError(AcquisitionError):
    """Report a run that the user stopped."""

    exit_status = 5
