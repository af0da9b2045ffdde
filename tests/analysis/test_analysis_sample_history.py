"""Events in the life of a contact, from plain mappings."""

import pytest

from analysis.errors import DataError
from analysis.sample_history import EventKind, SampleEvent, sample_events


def test_events_come_from_plain_mappings() -> None:
    entries = [
        {"kind": "quench", "note": "cooled at once"},
        {"kind": "anneal", "anomaly_left": 0.1, "anomaly_left_error": 0.02, "conductance_change": 0.004},
    ]
    assert sample_events(entries) == (
        SampleEvent(EventKind.QUENCH, note="cooled at once"),
        SampleEvent(EventKind.ANNEAL, 0.1, 0.02, 0.004),
    )


def test_what_was_not_measured_stays_unknown() -> None:
    (event,) = sample_events([{"kind": "anneal", "anomaly_left": None, "anomaly_left_error": None}])
    assert event.anomaly_left is None


@pytest.mark.parametrize("entry", [{"kind": "baked"}, {}, {"kind": "anneal", "anomaly_left": "half"}])
def test_an_entry_that_is_no_event_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(DataError, match="history holds"):
        sample_events([entry])


@pytest.mark.parametrize(
    ("entry", "is_annealing"),
    [({"kind": "anneal"}, True), ({"kind": "thermal-cycle", "hours_warm": 30}, True), ({"kind": "cooldown"}, False)],
)
def test_a_day_above_77_K_counts_as_annealing(entry: dict[str, object], is_annealing: bool) -> None:
    (event,) = sample_events([entry])
    assert event.is_annealing is is_annealing
