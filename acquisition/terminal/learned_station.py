"""A station whose approach times are those that its own earlier runs took, for the time estimate of the next."""

from pathlib import Path

from acquisition.errors import InputError
from acquisition.planning.learned_times import learned_approach
from acquisition.readings import Event
from acquisition.recipe import Recipe
from acquisition.run_reader import RunFileReader, reading
from acquisition.run_schema import SUFFIX
from acquisition.station_file import Station

MOST_RUNS = 20
"""So many of the newest runs are asked."""


def with_learned_times(station: Station, recipe: Recipe, sample: str | None, folder: Path) -> tuple[Station, int]:
    """Return the station with the approach times learned, and from how many runs.

    Of this station, on the same kind of rack (real, or simulated with any sample), that waited as this recipe does.
    """
    runs = [
        events
        for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True)[:MOST_RUNS]
        if (events := _events_of(path, station, recipe, is_simulated=sample is not None)) is not None
    ]
    if not runs:
        return station, 0
    approach = learned_approach(runs, station.temperature, recipe.settling)
    temperature = station.temperature.model_copy(update={"approach": approach})
    return station.model_copy(update={"temperature": temperature}), len(runs)


def _events_of(path: Path, station: Station, recipe: Recipe, *, is_simulated: bool) -> list[Event] | None:
    """Return the events of a run file that teaches something about this; None for any other, or an unreadable one."""
    try:
        with reading(path), RunFileReader(path) as reader:
            header = reader.header()
            is_alike = (
                header.get("station", {}).get("station", {}).get("name") == station.station.name
                and (header.get("simulated") is not None) == is_simulated
                and header.get("recipe", {}).get("settling") == recipe.to_dict()["settling"]
            )
            return reader.events() if is_alike else None
    except InputError:
        return None
