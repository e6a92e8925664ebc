"""The two sides of a comparison as typed: directories or git revisions, with other time zone or holiday data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policy_service import bootstrap
from policy_service.application.policy_diff import Side
from policy_service.application.ports import PolicyFilesError
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.policy_tree import default_directory, read_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import Ungoverned
    from policy_service.engine.holiday_days import HolidayDates

_ZONES = "Directory of compiled time zone files in place of the pinned ones, such as another release's"
_DAYS = "File of holidays in place of the library's, as `policy-service holidays --json` writes it"


@dataclass(frozen=True, slots=True)
class OtherData:
    """Data that a side is compiled with in place of the installed releases'."""

    old_tzdata: Annotated[
        Path | None,
        typer.Option("--old-tzdata", metavar="DIR", help=f"{_ZONES}, for OLD.", file_okay=False, exists=True),
    ] = None
    new_tzdata: Annotated[
        Path | None, typer.Option("--new-tzdata", metavar="DIR", help="The same for NEW.", file_okay=False, exists=True)
    ] = None
    old_holidays: Annotated[
        list[Path] | None,
        typer.Option("--old-holidays", metavar="FILE", help=f"{_DAYS}, for OLD; may be repeated.", exists=True),
    ] = None
    new_holidays: Annotated[
        list[Path] | None, typer.Option("--new-holidays", metavar="FILE", help="The same for NEW.", exists=True)
    ] = None


class RecordedHolidays:
    """Holidays as another release of the data knew them; what no file tells is asked of the installed one."""

    def __init__(self, paths: list[Path], otherwise: HolidayDates) -> None:
        """Read the files. Raises CommandError."""
        self._otherwise = otherwise
        self._known = dict(_recorded(path) for path in paths)
        self.version = f"{otherwise.version} but for {', '.join(map(str, paths))}"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        """Return the names of the region's holidays by date. Raises UnknownRegionError."""
        known = self._known.get((region, year))
        return self._otherwise(region, year) if known is None else known


def _recorded(path: Path) -> tuple[tuple[str, int], Mapping[date, str]]:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        days = {date.fromisoformat(each["date"]): str(each["name"]) for each in told["holidays"]}
        return (str(told["region"]), int(told["year"])), days
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"`{path}` is no file of holidays"
        raise CommandError(message, "write it with `policy-service holidays REGION --year YEAR --json`") from error


def sides(
    named: tuple[str, str | None], within: Path | None, data: OtherData, now: int, ungoverned: Ungoverned
) -> tuple[Side, Side]:
    """Read both sides; NEW left out is the policy directory as it stands. Raises CommandError."""
    offline = bootstrap.offline()
    directory = within or default_directory()
    new = str(directory) if named[1] is None else named[1]
    old_days, new_days = (
        offline.holidays if not paths else RecordedHolidays(paths, offline.holidays)
        for paths in (data.old_holidays, data.new_holidays)
    )
    old_zones, new_zones = (
        None if path is None else str(path.absolute()) for path in (data.old_tzdata, data.new_tzdata)
    )
    return (
        Side(_files(named[0], directory), old_days, offline.profiles, now, ungoverned, zone_data=old_zones),
        Side(_files(new, directory), new_days, offline.profiles, now, ungoverned, zone_data=new_zones),
    )


def _files(named: str, directory: Path) -> Mapping[str, bytes]:
    """Read a directory, or the policy directory of a git revision; ``REVISION:DIR`` names another directory."""
    if Path(named).is_dir():
        return read_directory(Path(named))
    revision, _, within = named.partition(":")
    try:
        return bootstrap.offline().read_revision(revision, Path(within) if within else directory)
    except PolicyFilesError as error:
        message = f"`{named}` is no directory, and git cannot read it: {error}"
        raise CommandError(message, "give a directory, or a branch, tag or commit, or REVISION:DIR") from error
