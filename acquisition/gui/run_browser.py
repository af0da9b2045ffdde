"""The run browser: the runs of a folder, searched by any word, previewed by a click, opened by two, and compared."""

from pathlib import Path

from PyQt5.QtCore import QFileSystemWatcher, Qt, QTimer
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.run_preview import RunPreview
from acquisition.run_list import find_runs
from acquisition.run_reader import RunSummary

HEADINGS = ("started", "name", "sample", "state", "points", "file")
SETTLE_MS = 300


class RunBrowser(Panel):
    """Newest first; what is typed must occur in what is known of a run, see `acquisition.run_list`."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Runs")
        self._folder = around.out
        self._palette = around.palette
        self._shown: Path | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText("words, or sample:cu1 date:2026-11 tag:annealed note:helium")
        self.search.setClearButtonEnabled(True)
        refresh = QPushButton("Refresh")
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self.list.setUniformRowHeights(True)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        row = QHBoxLayout()
        row.addWidget(self.search)
        self.compare = QPushButton("Compare the chosen")
        self.compare.setToolTip("Put several runs on one scaling curve: do they have the same, up to two scales each?")
        self.preview = RunPreview(around.palette)
        row.addWidget(refresh)
        row.addWidget(self.compare)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.list)
        split.addWidget(self.preview)
        split.setSizes([700, 500])
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(row)
        column.addWidget(split)
        self._watcher = QFileSystemWatcher(self)
        # a folder in which a run is written changes many times a second: look when it has been quiet for a moment
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self.refresh)
        self._watcher.directoryChanged.connect(self._wait_for_quiet)
        self.search.textChanged.connect(self.refresh)
        refresh.clicked.connect(self.refresh)
        self.list.itemDoubleClicked.connect(self._open)
        self.list.itemSelectionChanged.connect(self._choose)
        self.compare.clicked.connect(self._compare)
        self.refresh()
        self._choose()

    def refresh(self) -> None:
        """List what is in the folder now."""
        if self._folder.is_dir() and not self._watcher.directories():
            self._watcher.addPath(str(self._folder))
        chosen = set(self.chosen())
        self.list.clear()
        if self._folder.is_dir():
            found = find_runs(self._folder, self.search.text())
            self.list.addTopLevelItems([_row(summary) for summary in found.runs])
            self.list.setToolTip("\n".join(found.unreadable))
        for item in self._items():
            if item.data(0, Qt.ItemDataRole.UserRole) in chosen:
                item.setSelected(True)

    def chosen(self) -> list[Path]:
        """Return the runs that are selected, in the order of the list."""
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in self._items() if item.isSelected()]

    def _items(self) -> list[QTreeWidgetItem]:
        items = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        return [item for item in items if item is not None]

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

    def end(self) -> None:
        """Watch the folder no more."""
        self._quiet.stop()
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())

    def _wait_for_quiet(self) -> None:
        self._quiet.start(SETTLE_MS)

    def _open(self, item: QTreeWidgetItem) -> None:
        self.run_opened.emit(item.data(0, Qt.ItemDataRole.UserRole))


def _row(summary: RunSummary) -> QTreeWidgetItem:
    cells = (
        summary.started[:16].replace("T", " "),
        summary.name,
        summary.sample,
        summary.state.value,
        f"{summary.points}/{summary.planned_points}",
        summary.path.name,
    )
    item = QTreeWidgetItem(list(cells))
    item.setData(0, Qt.ItemDataRole.UserRole, summary.path)
    return item
