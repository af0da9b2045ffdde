"""The panels of the window and their places: one line each."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from acquisition.gui.bench_panel import BenchPanel
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.conditions_view import ConditionsView
from acquisition.gui.evidence_panel import EvidencePanel
from acquisition.gui.exponent_view import ExponentView
from acquisition.gui.field_view import FieldView
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.log_pane import LogPane
from acquisition.gui.map_view import MapView
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.plan_panel import PlanPanel
from acquisition.gui.queue_panel import QueuePanel
from acquisition.gui.raw_view import RawView
from acquisition.gui.run_browser import RunBrowser
from acquisition.gui.scatter_view import ScatterView
from acquisition.gui.simulator_panel import SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.zero_bias_view import ZeroBiasView


class Area(Enum):
    """Where a panel stands at first: a tab in the middle, or a dock that can be moved, beside or below."""

    CENTRE = "centre"
    LEFT = "left"
    RIGHT = "right"
    BOTTOM = "bottom"


@dataclass(frozen=True)
class Place:
    """A panel's area, and how it is made; the panels of one area are tabs in this order."""

    area: Area
    make: Callable[[Surroundings], Panel]


PANELS = (
    Place(Area.CENTRE, StartPanel),
    Place(Area.CENTRE, CollapseView),
    Place(Area.CENTRE, BenchPanel),
    Place(Area.LEFT, RawView),
    Place(Area.RIGHT, IsothermsPanel),
    Place(Area.BOTTOM, ExponentView),
    Place(Area.BOTTOM, ZeroBiasView),
    Place(Area.BOTTOM, FieldView),
    Place(Area.BOTTOM, MapView),
    Place(Area.BOTTOM, ScatterView),
    Place(Area.BOTTOM, ConditionsView),
    Place(Area.BOTTOM, EvidencePanel),
    Place(Area.BOTTOM, LogPane),
    Place(Area.BOTTOM, PlanPanel),
    Place(Area.BOTTOM, QueuePanel),
    Place(Area.BOTTOM, RunBrowser),
    Place(Area.BOTTOM, SimulatorPanel),
)
