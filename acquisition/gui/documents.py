"""The documents of the project, to be read beside the window: what a panel shows, how a rack of one's own is set up."""

from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt, QUrl
from PyQt5.QtGui import QImage, QTextDocument
from PyQt5.QtWidgets import QTextBrowser, QWidget

DOCUMENTS = Path(__file__).parents[2] / "docs"
SIZE = (900, 700)
MARGIN, WIDEST_PICTURE = 16, 820


class Documents(QTextBrowser):
    """A page, and those that it links to; the keys Alt+Left and Alt+Right go back and forth."""

    def __init__(self, page: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Zerobias - documents")
        self.setOpenExternalLinks(True)
        self.resize(*SIZE)
        document = self.document()
        assert document is not None
        document.setDocumentMargin(MARGIN)
        self.setSource(QUrl.fromLocalFile(str(page)))

    def loadResource(self, type: int, name: QUrl) -> Any:  # Qt's names
        """Return what a page needs; pictures no wider than the page."""
        found = super().loadResource(type, name)
        if type != QTextDocument.ResourceType.ImageResource:
            return found
        picture = QImage(self.source().resolved(name).toLocalFile())
        if picture.width() <= WIDEST_PICTURE:
            return picture
        return picture.scaledToWidth(WIDEST_PICTURE, Qt.TransformationMode.SmoothTransformation)
