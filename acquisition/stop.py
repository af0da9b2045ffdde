"""The one way to ask a run to stop: a flag with a reason, set from anywhere, looked at wherever the loop waits."""


class StopRequest:
    """A request to stop, with its reason; the first one counts."""

    def __init__(self) -> None:
        self.reason = ""

    def request(self, reason: str) -> None:
        """Ask the run to stop; safe in a signal handler."""
        self.reason = self.reason or reason

    def is_requested(self) -> bool:
        """Say whether the run is to stop."""
        return bool(self.reason)
