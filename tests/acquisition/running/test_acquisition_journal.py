"""What changed an instrument is told shortly, and nothing is left out."""

from acquisition.running.journal import WriteJournal


def test_run_of_levels_is_one_entry() -> None:
    journal = WriteJournal()
    for second in range(100):
        journal.now_s = lambda second=second: float(second)
        journal.note("K", f":SOUR:CURR {second}e-6")
    (entry,) = journal.take()
    assert (entry.count, entry.time_s, entry.until_s) == (100, 0.0, 99.0)
    assert (entry.message, entry.last_message) == (":SOUR:CURR 0e-6", ":SOUR:CURR 99e-6")


def test_another_kind_another_box_and_another_cause_begin_new_entries() -> None:
    journal = WriteJournal()
    journal.note("K", ":SOUR:CURR 1")
    journal.note("S", "SLVL 1")
    journal.note("K", ":SOUR:CURR 2")
    journal.note("K", "OUTP ON")
    journal.cause = "paused"
    journal.note("K", "OUTP OFF")
    assert [(one.instrument, one.count, one.cause) for one in journal.take()] == [
        ("K", 2, "connecting"),
        ("S", 1, "connecting"),
        ("K", 1, "connecting"),
        ("K", 1, "paused"),
    ]


def test_what_was_taken_is_gone() -> None:
    journal = WriteJournal()
    journal.note("K", "X 1")
    assert len(journal.take()) == 1
    journal.note("K", "X 2")
    assert [entry.count for entry in journal.take()] == [1]
