"""The strip: what it says in every phase of a run, and that it never passes history off as the present."""

import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from acquisition.clock import WallClock
from acquisition.gui.run_phase import RunPhase, magnet_mode
from acquisition.gui.run_status import RunStatus
from acquisition.gui.status_strip import Status, StatusStrip, age_text, clock_text
from acquisition.gui.style import LIGHT
from acquisition.gui.tail import Fresh, RunTail
from acquisition.readings import AFTER_SWEEP, PAUSE_OFF, PAUSING, QUENCH, Event, Monitor, PointFlag
from acquisition.running.lock import FileLock, lock_path
from acquisition.safety import NOT_SAFE

LOW_HELIUM = "helium_fraction below 0.2 for 300 s: it is 0.15 -> ramp-down; transfer, then resume"


def phase(*kinds: str) -> RunPhase:
    return RunPhase().after([Event(float(place), kind, f"{kind} it is") for place, kind in enumerate(kinds)])


def shown(qtbot: Any, **what: Any) -> dict[str, str]:
    """What the cells say of a status."""
    strip = StatusStrip(LIGHT)
    qtbot.addWidget(strip)
    strip.show_status(Status(**what))
    return {name: cell.text() for name, cell in strip.cells.items()}


@pytest.mark.parametrize(
    ("kinds", "mode"),
    [
        (("ramping",), "ramping"),
        (("ramping", "settled"), "driven"),
        (("ramping", "paused", "safe-state"), "driven"),
        (("switch-heating",), "heating switch"),
        (("switch-heating", "field", "ramping", "settled", "switch-cooling"), "closing switch"),
        (("ramping", "settled", "switch-cooling", "persistent", "settling", "settled", "sweeping"), "persistent"),
        (("persistent", "switch-heating", "field", "ramping"), "ramping"),
        (("degaussing", "field"), "driven"),
        (("ramping", QUENCH, "safety-stop", "safe-state"), "QUENCH"),
        (("ramping", QUENCH, "safety-stop", "resumed"), "driven"),
    ],
)
def test_mode_of_the_magnet_follows_the_events(kinds: tuple[str, ...], mode: str) -> None:
    assert magnet_mode(phase(*kinds), {"is_persistent": False}) == mode


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({}, ""),
        ({"is_persistent": True}, "persistent"),
        ({"switch_heater": "OFF_AT_FIELD"}, "persistent"),
        ({"switch_heater": "ON"}, "driven, switch heater on"),
        ({"switch_heater": "OFF_AT_ZERO"}, "driven, switch heater off"),
        ({"switch_heater": "NOT_FITTED"}, "driven"),
    ],
)
def test_mode_of_the_magnet_is_what_the_supply_was_found_at(settings: dict[str, object], mode: str) -> None:
    assert magnet_mode(RunPhase(), settings) == mode


def test_strip_says_what_a_run_is_doing_and_of_its_end_only_what_the_state_does_not_say() -> None:
    assert phase("settling", "settled").doing == "settling: settling it is"
    assert phase("settling", "sweeping", "flagged").doing == "sweeping: sweeping it is"
    assert RunPhase().after([Event(1.0, "closing", "all points measured")]).doing == "all points measured"


def test_pause_to_come_is_known_until_it_comes_or_is_taken_back() -> None:
    wish = Event(1.0, PAUSING, AFTER_SWEEP)
    assert RunPhase().after([wish]).coming_pause == AFTER_SWEEP
    for kind in (PAUSE_OFF, "paused", "resumed"):
        assert RunPhase().after([wish, Event(2.0, kind, "")]).coming_pause == ""


def test_bias_is_not_shown_as_it_was_once_the_source_is_at_zero(qtbot: Any) -> None:
    point = {"bias_V": 0.31e-3, "current_A": 34e-6, "lockin_x_V": 33e-6, "points": 9, "is_measuring": True}
    assert shown(qtbot, state="running", **point)["bias"] == "+0.3100 mV +34.00 \u00b5A"
    paused = shown(qtbot, state="paused", phase=phase("sweeping", "paused", "safe-state"), **point)
    assert paused["bias"] == "at zero, safe"
    dead = shown(qtbot, state="interrupted", **point)
    assert (dead["bias"], dead["lock-in X"]) == ("-", "-")  # nobody knows
    between = shown(qtbot, state="running", **(point | {"is_measuring": False}))
    assert between["lock-in X"] == "-"


def test_box_that_could_not_be_made_safe_is_told(qtbot: Any) -> None:
    told = f"idle-safe: Keithley 2400; {NOT_SAFE}SR830: not sent"
    left = RunPhase().after([Event(1.0, "failed", "gone"), Event(1.0, "safe-state", told)])
    further = left.after([Event(1.0, "safe-state", "heater off")])
    for one in (left, further):
        cells = shown(qtbot, state="aborted", phase=one)
        assert (cells["run"], cells["bias"]) == ("aborted, NOT SAFE", "-")
    mended = left.after([Event(2.0, "safe-state", "idle-safe: Keithley 2400, SR830")])
    assert shown(qtbot, state="aborted", phase=mended)["run"] == "aborted, safe"


def test_temperature_of_a_run_that_has_ended_claims_nothing(qtbot: Any) -> None:
    read = {"temperature_K": 0.35, "drift_K_per_min": 1e-4, "is_settled": True}
    assert shown(qtbot, state="running", **read)["T"] == "0.35000 K +0.10 mK/min, settled"
    cooling = read | {"drift_K_per_min": -0.3201, "is_settled": False}
    assert shown(qtbot, state="running", **cooling)["T"] == "0.35000 K -320 mK/min, not settled"
    assert shown(qtbot, state="aborted", **read)["T"] == "0.35000 K, read last"
    assert "not settled" in shown(qtbot, state="paused", **(read | {"is_settled": False}))["T"]
    flagged = shown(qtbot, state="running", flags=PointFlag.TEMPERATURE_UNSETTLED, **read)
    assert "not settled" in flagged["T"]


def test_helium_says_when_it_is_low_and_when_there_is_no_meter(qtbot: Any) -> None:
    assert shown(qtbot)["helium"] == "-"
    assert shown(qtbot, state="running")["helium"] == "no meter"
    assert shown(qtbot, helium_fraction=0.63)["helium"] == "63%"
    assert shown(qtbot, helium_fraction=0.25)["helium"] == "25%, LOW"
    assert shown(qtbot, helium_fraction=0.15, phase=RunPhase(alarms=(LOW_HELIUM,)))["helium"] == "15%, OUT"


def test_interlock_and_coming_pause_stand_beside_the_state(qtbot: Any) -> None:
    assert shown(qtbot, state="running", phase=RunPhase(alarms=(LOW_HELIUM,)))["run"] == "running, INTERLOCK"
    coming = shown(qtbot, state="running", phase=RunPhase(coming_pause=AFTER_SWEEP))
    assert coming["run"] == "running, pauses after this sweep"
    tripped = RunPhase(alarms=("compliance: it is 1 -> pause; check leads",))
    assert shown(qtbot, state="paused", phase=tripped, points=3)["compliance"] == "YES"


def test_engine_that_hangs_is_not_called_alive(qtbot: Any) -> None:
    assert shown(qtbot, heartbeat_age_s=0.7)["engine"] == "alive"
    assert shown(qtbot, heartbeat_age_s=42.0)["engine"] == "SILENT for 42 s"
    assert shown(qtbot)["engine"] == "not running"


def test_disk_nearly_full_says_so(qtbot: Any) -> None:
    assert shown(qtbot, free_bytes=71_000_000_000)["disk"] == "71 GB free"
    assert shown(qtbot, free_bytes=350_000_000)["disk"] == "0.35 GB free, LOW"


def test_end_has_its_date_where_it_is_not_today() -> None:
    now = datetime(2026, 11, 28, 22, 30, tzinfo=UTC)
    assert clock_text(now + timedelta(minutes=70), now) == "23:40"
    assert clock_text(now + timedelta(hours=30), now) == "Mon 30 Nov 04:30"


def test_ages_are_told_in_the_unit_that_says_most() -> None:
    assert [age_text(age_s) for age_s in (4.0, 99.0, 150.0, 7200.0, 3 * 86400.0)] == [
        *("4 s", "99 s", "2 min", "2 h", "3 days"),
    ]


@pytest.fixture
def old_run(finished_run: Path, tmp_path: Path) -> Path:
    """A run that ended three days ago, copied just now."""
    copy = Path(shutil.copy(finished_run, tmp_path))
    ended = (WallClock().now() - timedelta(days=3)).isoformat(timespec="seconds")
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE run SET value = ? WHERE key = 'ended'", [json.dumps(ended)])
    return copy


def test_newest_field_is_shown_when_only_the_temperature_was_read_since(finished_run: Path) -> None:
    tail = RunTail(finished_run)
    status = RunStatus(tail, WallClock())
    looked = tail.look()
    status.saw(looked)
    later_s = looked.time_s[-1] + 100.0
    status.saw(Fresh(monitors=(Monitor(later_s, 0.5, 1.5), Monitor(later_s + 5.0, 0.6, None))))
    now = status.now()
    assert (now.temperature_K, now.field_T) == (0.6, 1.5)
    tail.close()


def test_run_that_ended_days_ago_has_an_old_commit(old_run: Path, qtbot: Any) -> None:
    tail = RunTail(old_run)
    status = RunStatus(tail, WallClock())
    status.saw(tail.look())
    now = status.now()
    assert now.commit_age_s == pytest.approx(3 * 86400.0, abs=60.0)
    assert now.heartbeat_age_s is None
    tail.close()


def test_run_under_way_has_the_commit_of_its_file_not_of_the_look(finished_run: Path, tmp_path: Path) -> None:
    copy, wall = Path(shutil.copy(finished_run, tmp_path)), WallClock()
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE run SET value = '\"running\"' WHERE key = 'state'")
    two_hours_ago = wall.now().timestamp() - 7200.0
    with FileLock(lock_path(copy), "test", wall):
        os.utime(copy, (two_hours_ago, two_hours_ago))
        os.utime(lock_path(copy), (two_hours_ago + 7100.0, two_hours_ago + 7100.0))
        tail = RunTail(copy)
        status = RunStatus(tail, wall)
        status.saw(tail.look())
        now = status.now()
        tail.close()
    assert now.commit_age_s == pytest.approx(7200.0, abs=60.0)
    assert now.heartbeat_age_s == pytest.approx(100.0, abs=60.0)
