"""Every channel of a rack on the bench: what it reads, in its unit, and how old that is."""

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QBrush, QColor
from PyQt5.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from acquisition.by_hand import is_trouble, is_warning
from acquisition.clock import Wall
from acquisition.gui.style import Palette, Tone
from acquisition.gui.tail import RunTail
from acquisition.gui.units import title, with_unit

NAME, READS, AGE = range(3)
LEAST_WIDTH, NAME_WIDTH, AGE_WIDTH = 310, 135, 80
STALE_S = 10.0
"""A reading this old is no reading of now; a round takes a second, one in which a box does not answer several."""

Channel = tuple[str, str]
"""Role of the box, and name of the channel."""

_ROLE_OF_CHANNEL = Qt.ItemDataRole.UserRole


class ChannelList(QTreeWidget):
    """A line a box with its state in a word, and below it a line a channel.

    Parameters
    ----------
    palette : Palette
        The look.
    wall : Wall
        Tells how old readings are.
    """

    def __init__(self, palette: Palette, wall: Wall) -> None:
        super().__init__()
        self._palette, self._wall = palette, wall
        self._boxes: dict[str, QTreeWidgetItem] = {}
        self._channels: dict[Channel, QTreeWidgetItem] = {}
        self._newest_s, self._newest_wall_s = 0.0, wall.monotonic_s()
        self.setHeaderLabels(["channel", "reads", "age"])
        self.setIndentation(12)
        self.setMinimumWidth(LEAST_WIDTH)
        header = self.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(READS, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(NAME, NAME_WIDTH)
        self.setColumnWidth(AGE, AGE_WIDTH)

    @property
    def chosen(self) -> Channel | None:
        """Return the channel that is chosen, if one is."""
        item = self.currentItem()
        return None if item is None else item.data(NAME, _ROLE_OF_CHANNEL)

    def forget(self) -> None:
        """Begin anew, with another bench."""
        self._boxes.clear()
        self._channels.clear()
        self.clear()

    def show_words(self, words: dict[str, str]) -> None:
        """Take what the boxes say of themselves, by role."""
        for role, word in words.items():
            item = self._box(role)
            item.setText(NAME, f"{role}: {word}")
            item.setToolTip(NAME, word)
            item.setForeground(NAME, QBrush(QColor(self._colour(word))))

    def show_readings(self, tail: RunTail) -> None:
        """Take what the channels read last."""
        if tail.newest is not None and tail.newest.time_s != self._newest_s:
            self._newest_s, self._newest_wall_s = tail.newest.time_s, self._wall.monotonic_s()
        for channel, history in tail.channels.items():
            self.item(channel).setText(READS, with_unit(channel[1], history.values[-1]))

    def show_ages(self, tail: RunTail) -> None:
        """Say how old each reading is: behind the newest round of all, and that behind now."""
        since_s = self._wall.monotonic_s() - self._newest_wall_s
        pace = tail.header.get("speed") or 1.0
        for channel, history in tail.channels.items():
            age_s = since_s + max(0.0, self._newest_s - history.time_s[-1]) / pace
            is_stale = age_s > STALE_S
            item = self.item(channel)
            item.setText(AGE, f"stale, {age_s:.0f} s" if is_stale else f"{age_s:.0f} s")
            colour = QColor(self._palette.tones[Tone.WARNING] if is_stale else self._palette.foreground)
            for column in (READS, AGE):
                item.setForeground(column, QBrush(colour))

    def age(self, channel: Channel) -> str:
        """Return what the list says of a channel's age."""
        return self.item(channel).text(AGE)

    def _colour(self, word: str) -> str:
        if is_trouble(word):
            return self._palette.tones[Tone.BAD]
        return self._palette.tones[Tone.WARNING] if is_warning(word) else self._palette.foreground

    def _box(self, role: str) -> QTreeWidgetItem:
        if role not in self._boxes:
            self._boxes[role] = QTreeWidgetItem(self, [role, "", ""])
            self._boxes[role].setFirstColumnSpanned(True)
            self._boxes[role].setExpanded(True)
        return self._boxes[role]

    def item(self, channel: Channel) -> QTreeWidgetItem:
        """Return the line of a channel, made if there is none."""
        if channel not in self._channels:
            item = QTreeWidgetItem(self._box(channel[0]), [title(channel[1]), "", ""])
            item.setData(NAME, _ROLE_OF_CHANNEL, channel)
            self._channels[channel] = item
            if self.chosen is None:
                self.setCurrentItem(item)  # so that its course is drawn
        return self._channels[channel]
