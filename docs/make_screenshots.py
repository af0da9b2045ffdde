"""Make the pictures of the window in docs/images.

python docs/make_screenshots.py [NAME ...] [--run RUNFILE]      all, or only those of these names

The live views are taken of the run that is named, or of one of examples/cu1.toml, which is measured first; the panels
beside them of small runs of their own. On a fine screen a scale of two makes 3840 x 2160 pixels, in a program of its
own.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5.QtCore import QDeadlineTimer, QSettings, QThread
from PyQt5.QtWidgets import QWidget

from acquisition.cli import main
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.bench_panel import BenchPanel
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.compare_window import CompareWindow
from acquisition.gui.editor import Editor
from acquisition.gui.evidence_panel import EvidencePanel
from acquisition.gui.launch import RunChoice
from acquisition.gui.panel import Surroundings
from acquisition.gui.plan_panel import PlanPanel
from acquisition.gui.queue_panel import QueuePanel
from acquisition.gui.run_browser import RunBrowser
from acquisition.gui.selection import Selection
from acquisition.gui.simulator_panel import SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow
from acquisition.queue_runner import work_off
from acquisition.recipe import Recipe
from acquisition.run_queue import QueueEntry, change_queue
from acquisition.running.command_file import Action, CommandKind, Quantity
from acquisition.station_file import Station
from acquisition.terminal.commands import station_for
from simulators.faults import MEANINGS
from simulators.sample import samples

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
QUICK = ROOT / "examples" / "quick.toml"
SIZE, FINE_SIZE = (1280, 800), (1920, 1080)
VIEWS = (
    *("Raw curves", "Isotherms", "Exponent", "Zero bias", "Field", "Map", "Noise", "Conditions", "Evidence", "Log"),
)


class Studio:
    """A window on a folder of runs, and a camera."""

    def __init__(self, folder: Path, out: Path, run_file: Path | None) -> None:
        self.application = make_application()
        self.folder, self.out, self.run_file = folder, out, run_file
        settings = QSettings(str(out / "layout.ini"), QSettings.Format.IniFormat)
        faults = {fault.value: meaning for fault, meaning in MEANINGS.items()}
        truths = samples()
        self.around = Surroundings(
            style.LIGHT, settings, WallClock(), list(truths), station_for, out, None, "cu1", None, faults, truths
        )
        self.window = self.open_window(style.LIGHT, SIZE)

    def open_window(self, palette: style.Palette, size: tuple[int, int]) -> LabWindow:
        """Open a window that looks at nothing yet."""
        style.apply(self.application, palette)
        window = LabWindow(replace(self.around, palette=palette, selection=Selection()))
        window.panel(StartPanel).recipe.line.setText("examples/quick.toml")
        window.resize(*size)
        window.show()
        self.wait(0.2)
        return window

    def look_at_whole_run(self, window: LabWindow) -> None:
        """Look at the run of the paper's contact, measured if there is none, until it is fitted."""
        self.run_file = self.run_file or self.measure("cu1", ROOT / "examples" / "cu1.toml")
        window.attach(self.run_file)
        self.wait_for(lambda: window.panel(CollapseView).alpha is not None, 300.0)
        self.wait(0.5)

    def measure(self, sample: str, recipe: Path = QUICK) -> Path:
        """Measure a recipe on a sample and return the run file."""
        before = set(self.out.glob("*.zerobias.sqlite"))
        own = self.out / recipe.name
        own.write_text(recipe.read_text(encoding="utf-8").replace('sample = "cu1"', f'sample = "{sample}"'), "utf-8")
        main(["run", str(own), "--simulate", sample, "--out", str(self.out)])
        (run_file,) = set(self.out.glob("*.zerobias.sqlite")) - before
        return run_file

    def wait(self, seconds: float) -> None:
        """Let the window live for a while."""
        self.wait_for(lambda: False, seconds)

    def wait_for(self, is_so: Callable[[], bool], seconds: float = 30.0) -> None:
        """Let the window live until something is so."""
        deadline = QDeadlineTimer(int(1000 * seconds))
        while not is_so() and not deadline.hasExpired():
            self.application.processEvents()
            QThread.msleep(10)

    def show(self, name: str) -> None:
        """Bring a panel to the front."""
        if name in self.window.docks:
            self.window.docks[name].show()
            self.window.docks[name].raise_()
        self.wait(0.3)

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Take a picture of the window, or of another one."""
        self.wait(0.2)
        (widget or self.window).grab().save(str(self.folder / f"{name}.png"))


def views(studio: Studio) -> None:
    """Take the window as it opens and with a run, every view by itself, and the window in the dark."""
    window = studio.window
    studio.picture("window-empty")
    studio.look_at_whole_run(window)
    studio.picture("window")
    for name in VIEWS:
        studio.show(name)
        if name == "Evidence":
            studio.wait_for(lambda: "verdict after" in window.panel(EvidencePanel).verdict.text(), 300.0)
        studio.picture(f"panel-{name.lower().replace(' ', '-')}", window.docks[name])
    studio.picture("panel-collapse", window.centre)
    dark = studio.open_window(style.DARK, SIZE)
    studio.look_at_whole_run(dark)
    studio.picture("window-dark", dark)
    dark.close()
    style.apply(studio.application, style.LIGHT)


def fine(studio: Studio) -> None:
    """Take the window on a fine screen."""
    if os.environ.get("QT_SCALE_FACTOR") != "2":
        run = [] if studio.run_file is None else ["--run", str(studio.run_file)]
        again = [sys.executable, str(HERE), "fine", *run]
        subprocess.run(again, check=True, env=os.environ | {"QT_SCALE_FACTOR": "2"})
        return
    window = studio.open_window(style.LIGHT, FINE_SIZE)
    studio.look_at_whole_run(window)
    studio.picture("window-4k", window)
    window.close()


def editors(studio: Studio) -> None:
    """Take the editor of recipes, right and wrong, and that of stations."""
    recipe = Editor(Recipe, studio.around)
    recipe.load(ROOT / "examples" / "cu1.toml")
    recipe.show()
    recipe.preview.setCurrentIndex(1)
    studio.picture("editor-recipe", recipe)
    recipe.preview.setCurrentIndex(0)
    studio.picture("editor-grid", recipe)
    recipe.document.put(("bias", "points"), 80)
    recipe.document.put(("series", 0, "temperatures_K"), [4.2, 40.0])
    recipe._show_document()
    studio.picture("editor-wrong", recipe)
    station = Editor(Station, studio.around)
    station.load(ROOT / "examples" / "station.toml")
    station.show()
    studio.picture("editor-station", station)


def instruments(studio: Studio) -> None:
    """Take the instrument panel with things set by hand, and the course of the temperature."""
    panel = studio.window.panel(BenchPanel)
    studio.window.show_panel(panel)
    panel.take.click()
    studio.wait_for(lambda: panel._tail is not None and ("magnet", "field_T") in panel._tail.channels)
    panel.actions_[Action.SET_UP].click()
    for quantity, text in (
        (Quantity.EXCITATION_Vrms, "250"),
        (Quantity.SENSITIVITY_V, "100"),
        (Quantity.BIAS_V, "1"),
        (Quantity.TEMPERATURE_K, "4"),
        (Quantity.FIELD_T, "12"),
    ):
        panel.form.lines[quantity].setText(text)
        panel.form.buttons[quantity].click()
    studio.wait_for(lambda: panel._tail is not None and ("lock-in", "conductance_S") in panel._tail.channels)
    studio.wait(6.0)
    studio.picture("panel-instruments")
    panel.give_back.click()
    studio.wait_for(panel.take.isEnabled)


def under_way(studio: Studio) -> None:
    """Take the simulator and the plan panel of a run under way."""
    window = studio.window
    window.launch(RunChoice(QUICK, None, "cu1", studio.out, speed=2000.0))
    studio.wait_for(lambda: window._tail is not None and window._tail.points > 230)
    studio.show("Simulator")
    studio.picture("panel-simulator")
    window._send(CommandKind.RETIRE, {"isotherm": 3})
    plan = window.panel(PlanPanel)
    plan.temperatures.setText("0.3, 0.15")
    plan.append.click()
    studio.show("Plan")
    studio.wait(1.5)
    studio.picture("panel-plan")
    assert plan.name in window.docks
    window._send(CommandKind.ABORT, {"reason": "the picture is taken"})
    studio.wait_for(lambda: window._tail is not None and window._tail.state == "aborted")
    assert window.panel(SimulatorPanel).name in window.docks


def queue(studio: Studio) -> None:
    """Take a queue of which the first run is done."""
    wall, station = studio.around.wall, str(shutil.copy(ROOT / "examples" / "station.toml", studio.out))
    entries = [QueueEntry(str(QUICK), None, "cu2"), QueueEntry(str(ROOT / "examples" / "cu1.toml"), None, "cu1")]
    for entry in entries:
        change_queue(studio.out, lambda queue, entry=entry: queue.with_added(entry), wall)
    change_queue(studio.out, lambda queue: queue.with_skipped(queue.entries[1].id), wall)
    work_off(studio.out, wall)
    for entry in (QueueEntry(str(QUICK), None, "cu3", speed=100.0), QueueEntry(str(QUICK), station, None)):
        change_queue(studio.out, lambda queue, entry=entry: queue.with_added(entry), wall)
    studio.window.panel(QueuePanel).look()
    studio.show("Queue")
    studio.picture("panel-queue")


def browser(studio: Studio) -> None:
    """Take the browser with a preview, and two samples on one curve."""
    for sample in ("cu1", "cu2"):
        studio.measure(sample)
    panel = studio.window.panel(RunBrowser)
    studio.show("Runs")
    studio.wait_for(lambda: panel.list.topLevelItemCount() > 1)
    first = panel.list.topLevelItem(0)
    assert first is not None
    first.setSelected(True)
    studio.picture("panel-runs")
    panel.list.clearSelection()
    for row in range(2):
        item = panel.list.topLevelItem(row)
        assert item is not None
        item.setSelected(True)
    panel.compare.click()
    compared = panel.findChild(CompareWindow)
    studio.wait_for(lambda: "agree" in compared.verdict.text(), 60.0)
    studio.picture("compare", compared)
    compared.close()


PICTURES = {picture.__name__: picture for picture in (views, fine, editors, instruments, under_way, queue, browser)}


def main_of_pictures() -> None:
    """Take the pictures, each kind in a window and a folder of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    parser.add_argument("--run", type=Path, metavar="RUNFILE")
    options = parser.parse_args()
    run_file = options.run and options.run.resolve()
    for name in options.names or PICTURES:
        with tempfile.TemporaryDirectory() as temporary, contextlib.chdir(temporary):
            Path("examples").symlink_to(ROOT / "examples")  # so that no picture names a folder of this machine
            out = Path("runs")
            out.mkdir()
            studio = Studio(ROOT / "docs" / "images", out, run_file)
            PICTURES[name](studio)
            studio.window.close()


if __name__ == "__main__":
    main_of_pictures()
