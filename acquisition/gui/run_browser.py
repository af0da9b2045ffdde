"""The run browser: the runs of a folder, searched by any word, opened by a double click."""

from PyQt5.QtCore import QFileSystemWatcher, Qt, QTimer
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from acquisition.gui.panel import Panel, Surroundings
from acquisition.run_list import find_runs
from acquisition.store import RunSummary

HEADINGS = ("started", "name", "sample", "state", "points", "file")
SETTLE_MS = 300


class RunBrowser(Panel):
    """Newest first; what is typed must occur in date, name, sample, note, state or file name."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Runs")
        self._folder = around.out
        self.search = QLineEdit()
        self.search.setPlaceholderText("search date, name, sample, note, state")
        self.search.setClearButtonEnabled(True)
        refresh = QPushButton("Refresh")
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        row = QHBoxLayout()
        row.addWidget(self.search)
        row.addWidget(refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(row)
        column.addWidget(self.list)
        self._watcher = QFileSystemWatcher(self)
        # a folder in which a run is written changes many times a second: look when it has been quiet for a moment
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self.refresh)
        self._watcher.directoryChanged.connect(lambda: self._quiet.start(SETTLE_MS))
        self.search.textChanged.connect(self.refresh)
        refresh.clicked.connect(self.refresh)
        self.list.itemDoubleClicked.connect(self._open)
        self.refresh()

    def refresh(self) -> None:
        """List what is in the folder now."""
        if self._folder.is_dir() and not self._watcher.directories():
            self._watcher.addPath(str(self._folder))
        self.list.clear()
        if self._folder.is_dir():
            found = find_runs(self._folder, self.search.text())
            self.list.addTopLevelItems([_row(summary) for summary in found.runs])
            self.list.setToolTip("\n".join(found.unreadable))

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
