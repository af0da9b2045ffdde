"""The recipe: what to measure, read from TOML into frozen types; the only place that knows its file format."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from acquisition.toml_model import Count, NotNegative, Number, Positive, Text, TomlFile, TomlModel

_Slope = Literal[6, 12, 18, 24]
_RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class Spacing(StrEnum):
    """How the bias values are spread."""

    SINH = "sinh"
    UNIFORM = "uniform"


class Directions(StrEnum):
    """Which ways the bias is swept."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"


class OnDeadline(StrEnum):
    """What to do where a setpoint does not settle in time."""

    PAUSE = "pause"
    FLAG = "flag"


class RunSection(TomlModel):
    """Names that go into the run file."""

    name: _RunName = Field(description="short name of the run: letters, digits, '_', '-', '.', for the file name")
    sample: Text = Field(description="the sample, in your own words")
    note: str = Field(default="", description="anything worth knowing later")
    tags: tuple[Text, ...] = Field(default=(), description="words to find the run by, e.g. ['cooldown 3', 'annealed']")


class Series(TomlModel):
    """A block of isotherms: temperature is the outer loop, field the inner one."""

    temperatures_K: tuple[Positive, ...] = Field(
        min_length=1, description="temperatures in kelvin, measured in the order written"
    )
    fields_T: tuple[Number, ...] = Field(
        default=(0.0,), min_length=1, description="fields in tesla, measured at each temperature in the order written"
    )


class FieldSection(TomlModel):
    """How fields are reached and kept."""

    persistent: bool = Field(
        default=False, strict=True, description="close the persistent switch while an isotherm is measured"
    )
    degauss_from_T: Positive | None = Field(
        default=None, description="reach zero field by shrinking swings that begin at this field, in tesla"
    )
    hold_heater: bool = Field(
        default=False,
        strict=True,
        description="keep the heater as it is, not the thermometer, while the field changes at one temperature",
    )


class BiasSection(TomlModel):
    """The grid of bias values across the contact."""

    maximum_V: Positive = Field(description="largest bias across the contact in volt; the grid runs from - to +")
    points: Annotated[Count, Field(ge=3, le=1_000_001)] = Field(
        description="number of bias values of one direction, odd so that zero is one of them"
    )
    spacing: Spacing = Field(default=Spacing.SINH, description="'sinh' (dense near zero) or 'uniform'")
    dense_V: Annotated[Number, Field(ge=1e-9)] = Field(
        default=0.1e-3, description="scale of the sinh in volt: below it the grid is about uniform"
    )
    directions: Directions = Field(default=Directions.BOTH, description="'both', 'up' or 'down'")

    @field_validator("points")
    @classmethod
    def _odd(cls, points: int) -> int:
        if points % 2 == 0:
            raise ValueError(
                f"got {points}, expected an odd number, so that zero bias is on the grid: "
                f"write {points - 1} or {points + 1}"
            )
        return points


class ExcitationSection(TomlModel):
    """The lock-in excitation across the contact, tied to the temperature."""

    rms_over_kT: Positive = Field(default=1.0, description="w = sqrt(2) e Vrms / kB T, the same for every isotherm")
    minimum_Vrms: Positive | None = Field(default=None, description="never less than this, volt rms")
    maximum_Vrms: Positive | None = Field(default=None, description="never more than this, volt rms")

    @model_validator(mode="after")
    def _ordered(self) -> "ExcitationSection":
        if self.minimum_Vrms and self.maximum_Vrms and self.minimum_Vrms > self.maximum_Vrms:
            raise ValueError(
                f"minimum_Vrms = {self.minimum_Vrms:g} is above maximum_Vrms = {self.maximum_Vrms:g}; exchange them"
            )
        return self


class PhaseSetting(StrEnum):
    """Whether the lock-in's phase is left at zero, or set at zero bias as each isotherm begins."""

    FIXED = "fixed"
    EACH_ISOTHERM = "each-isotherm"


class SensitivitySetting(StrEnum):
    """Whether the lock-in's range is the planned one, or found as each isotherm begins and after an overload."""

    PLANNED = "planned"
    AUTOMATIC = "automatic"


class LockInSection(TomlModel):
    """Reference and filter of the lock-in, and how it is read."""

    frequency_Hz: Positive = Field(default=137.7, description="reference frequency in hertz")
    time_constant_s: Annotated[Number, Field(ge=1e-6, le=3e4)] = Field(
        default=0.3, description="time constant of the output filter in seconds"
    )
    slope_dB_per_octave: _Slope = Field(default=24, description="roll-off of the output filter")
    average_s: Annotated[Number, Field(ge=0, le=3600)] = Field(
        default=0.0, description="average X and Y over so many seconds at each point, after it has settled"
    )
    phase: PhaseSetting = Field(
        default=PhaseSetting.FIXED, description="'fixed', or 'each-isotherm' to set it at zero bias as one begins"
    )
    sensitivity: SensitivitySetting = Field(
        default=SensitivitySetting.PLANNED,
        description="'planned', or 'automatic' to find it as an isotherm begins and after an overload",
    )
    second_harmonic: bool = Field(
        default=False, strict=True, description="read twice the frequency at each point too; takes two more waits"
    )


class AnchorsSection(TomlModel):
    """The returns to zero bias that show the drift."""

    every_points: Count = Field(default=25, description="a zero-bias anchor after so many points of the sweep")


class SettlingSection(TomlModel):
    """When a setpoint counts as reached; every default may be overridden."""

    temperature_band_fraction: Positive = Field(default=0.005, description="half width of the band, part of T")
    temperature_band_K: Positive = Field(default=0.3e-3, description="... but never narrower than this, in kelvin")
    temperature_drift_fraction_per_10min: Positive = Field(
        default=0.002, description="largest drift, as part of T in ten minutes"
    )
    dwell_below_200mK_s: NotNegative = Field(default=600.0, description="time to stay in the band below 0.2 K")
    dwell_below_1K_s: NotNegative = Field(default=300.0, description="time to stay in the band below 1 K")
    dwell_above_1K_s: NotNegative = Field(default=180.0, description="time to stay in the band from 1 K up")
    temperature_deadline_s: Positive = Field(default=5400.0, description="give up after so many seconds")
    field_band_T: Positive = Field(default=0.5e-3, description="half width of the band, in tesla")
    field_dwell_s: NotNegative = Field(default=30.0, description="wait after the field is reached, in seconds")
    field_deadline_s: Positive = Field(default=3600.0, description="give up so many seconds after the ramp's own time")
    on_deadline: OnDeadline = Field(
        default=OnDeadline.PAUSE, description="'pause' until told to go on, or 'flag' the points and go on"
    )
    anchor_gap_s: NotNegative = Field(
        default=120.0, description="time between the two opening anchors of an isotherm, in seconds"
    )
    anchor_agreement_sigma: Positive = Field(default=3.0, description="by how much the two may differ, in sigma")
    jump_steps: Count = Field(default=20, description="a change of bias over more grid steps than this is a jump")
    jump_settle_s: NotNegative = Field(default=5.0, description="least wait after a jump, in seconds")
    overload_repeats: Annotated[int, Field(strict=True, ge=0, le=100)] = Field(
        default=3, description="how often a point with an overload is repeated"
    )


class FaultSection(TomlModel):
    """Something that is to go wrong with a simulated rack, for tests; `zerobias fault` lists the names."""

    at_s: NotNegative = Field(description="experiment time in seconds since the start of the run")
    name: Text = Field(description="name of the fault, e.g. 'lost-reply'")
    box: Text | None = Field(default=None, description="model of the box, where several can have it")
    for_s: Positive | None = Field(default=None, description="how long, in seconds; once or for good if left out")
    press: Text | None = Field(default=None, description="what is pressed on a front panel, in the box's own commands")


class Recipe(TomlFile):
    """What to measure. Two recipes from equal files are equal."""

    run: RunSection = Field(description="a table [run] with name and sample")
    series: tuple[Series, ...] = Field(min_length=1, description="one or more tables [[series]], measured in order")
    bias: BiasSection = Field(description="a table [bias] with maximum_V and points")
    excitation: ExcitationSection = Field(default=ExcitationSection(), description="a table [excitation]")
    lockin: LockInSection = Field(default=LockInSection(), description="a table [lockin]")
    field: FieldSection = Field(default=FieldSection(), description="a table [field]")
    anchors: AnchorsSection = Field(default=AnchorsSection(), description="a table [anchors]")
    settling: SettlingSection = Field(default=SettlingSection(), description="a table [settling]")
    fault: tuple[FaultSection, ...] = Field(
        default=(), description="tables [[fault]], what is to go wrong with a simulated rack, for tests"
    )


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe file.

    Parameters
    ----------
    path : str or Path
        The file, as the user named it; messages call it so.

    Raises
    ------
    InputError
        In one line: no such file, not TOML, or the first field that is wrong.
    """
    return Recipe.load(path)


def parse_recipe(text: str, where: str) -> Recipe:
    """Read a recipe from TOML text; `where` is what messages call it. Raises `InputError` as `load_recipe` does."""
    return Recipe.from_text(text, where)
