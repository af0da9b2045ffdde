"""The run browser: the runs of a folder, searched by any word, previewed by a click, opened by two, and compared."""

from pathlib import Path

from PyQt5.QtCore import QFileSystemWatcher, Qt, QThread, QTimer
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.file_dialog import FOLDERS, ask_for_file
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.run_preview import RunPreview
from acquisition.run_list import PLACES, RunFolder, RunList
from acquisition.run_reader import RunSummary

HEADINGS = ("started", "name", "sample", "state", "points", "file")
SETTLE_MS = 300
GROWTH_MS = 2000
AT_ONCE = 20
"""Files read between two looks at mouse and keys, some 2 ms each."""


class RunBrowser(Panel):
    """Newest first; what is typed must occur in what is known of a run, see `acquisition.run_list`."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Runs")
        self._runs = RunFolder(around.out)
        self._palette = around.palette
        self._shown: Path | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText("words, or sample:cu1 date:2026-11 tag:annealed note:helium")
        self.search.setToolTip(
            "Every word must occur in what is known of a run; tags are those of its recipe, [run] tags"
        )
        self.search.setClearButtonEnabled(True)
        self.folder = QPushButton("Folder ...")
        self.folder.setToolTip("List the runs of another folder; new runs go where they went before")
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self.list.setUniformRowHeights(True)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.setSortingEnabled(True)
        self.list.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self.found = QLabel()
        self.found.setWordWrap(True)
        self.compare = QPushButton("Compare the chosen")
        self.compare.setToolTip("Put several runs on one scaling curve: do they have the same, up to two scales each?")
        self.preview = RunPreview(around.palette)
        self._arrange()
        self._watcher = QFileSystemWatcher(self)
        # a folder in which a run is written changes many times a second: look when it has been quiet for a moment
        self._quiet, self._reading, self._growth = QTimer(self), QTimer(self), QTimer(self)
        self._quiet.setSingleShot(True)
        for timer, action in (
            (self._quiet, self.catch_up),
            (self._reading, self._read_some),
            (self._growth, self._look_at_growth),
        ):
            timer.timeout.connect(action)
        self._growth.start(GROWTH_MS)
        self._watcher.directoryChanged.connect(lambda _: self._quiet.start(SETTLE_MS))
        self.search.textChanged.connect(self._show)
        self.folder.clicked.connect(self._ask_folder)
        self.list.itemDoubleClicked.connect(self._open)
        self.list.itemSelectionChanged.connect(self._choose)
        self.compare.clicked.connect(self._compare)
        self._choose()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        for widget in (self.search, self.folder, self.compare):
            row.addWidget(widget)
        left = QWidget()
        under = QVBoxLayout(left)
        under.setContentsMargins(0, 0, 0, 0)
        under.addWidget(self.list)
        under.addWidget(self.found)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(self.preview)
        split.setSizes([700, 500])
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(row)
        column.addWidget(split)

    # --- the folder -------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Look what is in the folder now, and read what is new of it, little by little."""
        folder = self._runs.folder
        if not self.is_seen:
            return
        if folder.is_dir():
            if not self._watcher.directories():
                self._watcher.addPath(str(folder))
            self._runs.look()
            self._read_some()
        else:
            self._show()

    def _read_some(self) -> None:
        if self._runs.read(AT_ONCE):
            self._reading.start(0)
        else:
            self._reading.stop()
        if self._reading.isActive() and self._items():  # the list is made anew at the end, not with each few
            self.found.setText(f"{len(self._runs)} runs read, more to come ...")
        else:
            self._show()

    def _look_at_growth(self) -> None:
        """Look again if a run is being measured: its points do not change the folder."""
        if any(item.summary.state in GOING_ON for item in self._items()) and not self._reading.isActive():
            self.catch_up()

    def _ask_folder(self) -> None:
        ask_for_file(self, "Folder of runs", self._runs.folder, FOLDERS, self.show_folder)

    def show_folder(self, folder: Path) -> None:
        """List the runs of another folder."""
        self._stop_watching()
        self._runs = RunFolder(folder)
        self.catch_up()

    # --- the list ---------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """List what is found of what is read by now; a list that is the same but for its numbers stays in its place."""
        found = self._runs.find(self.search.text())
        items = {item.summary.path: item for item in self._items()}
        if items.keys() == {run.path for run in found.runs}:
            for run in found.runs:
                items[run.path].show_summary(run)
        else:
            chosen = set(self.chosen())
            self.list.clear()
            self.list.addTopLevelItems([_Row(run) for run in found.runs])
            for item in self._items():
                item.setSelected(item.summary.path in chosen)
        self._say(found)

    def _say(self, found: RunList) -> None:
        """Say how many are found, where, and what cannot be read."""
        unreadable = len(found.unreadable)
        parts = [self._count_text(len(found.runs), len(self._runs) - unreadable)]
        if unreadable:
            parts.append(f"{unreadable} file{'s' if unreadable > 1 else ''} cannot be read (the mouse here says why)")
        self.found.setText("; ".join(parts))
        self.found.setToolTip("\n".join(found.unreadable))

    def _count_text(self, found: int, known: int) -> str:
        folder = self._runs.folder
        if not known:
            return f"no runs in {folder} yet"
        if not found:
            return f"none of {known} runs has all these words; a word may be bound to a place: {', '.join(PLACES)}"
        return f"{found} of {known} runs in {folder}"

    def chosen(self) -> list[Path]:
        """Return the runs that are selected, in the order of the list."""
        return [item.summary.path for item in self._items() if item.isSelected()]

    def _items(self) -> "list[_Row]":
        items = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        return [item for item in items if isinstance(item, _Row)]

    def _choose(self) -> None:
        """Show the run that is selected; several can be compared."""
        chosen = self.chosen()
        self.compare.setEnabled(len(chosen) > 1)
        shown = chosen[0] if len(chosen) == 1 else None
        if shown != self._shown:
            self._shown = shown
            self.preview.show_run(shown)

    def _compare(self) -> None:
        from acquisition.gui.compare_window import CompareWindow  # it weighs, and so takes scipy

        CompareWindow(self.chosen(), self._palette, self).show()

    def _open(self, item: "_Row") -> None:
        self.run_opened.emit(item.summary.path)

    def _stop_watching(self) -> None:
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())

    def end(self) -> None:
        """Watch the folder no more, and wait for a comparison under way."""
        for timer in (self._quiet, self._reading, self._growth):
            timer.stop()
        for comparison in self.findChildren(QThread):
            comparison.wait()
        self._stop_watching()


class _Row(QTreeWidgetItem):
    """A run in the list, sorted by what its cells mean."""

    def __init__(self, summary: RunSummary) -> None:
        super().__init__()
        self.show_summary(summary)

    def show_summary(self, summary: RunSummary) -> None:
        """Show what is known of it now."""
        self.summary = summary
        cells = (
            summary.started[:16].replace("T", " "),
            summary.name,
            summary.sample,
            summary.state.value,
            f"{summary.points}/{summary.planned_points}",
            summary.path.name,
        )
        for column, text in enumerate(cells):
            if self.text(column) != text:
                self.setText(column, text)

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        """Order by the column the list is sorted by, points by their number; where that is alike, by the file."""
        table = self.treeWidget()
        column = 0 if table is None else table.sortColumn()
        assert isinstance(other, _Row)
        return self._key(column) < other._key(column)

    def _key(self, column: int) -> tuple[str | int, str]:
        is_number = HEADINGS[column] == "points"
        return (self.summary.points if is_number else self.text(column).lower()), self.summary.path.name
