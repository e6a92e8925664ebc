"""What the engine asks of public holidays: the dates of a region and year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class UnknownRegionError(ValueError):
    """A region that the holiday data does not have, with the names that come close."""

    def __init__(self, region: str, close: tuple[str, ...] = ()) -> None:
        """Keep the region and the suggestions."""
        super().__init__(region)
        self.region = region
        self.close = close


class HolidayDates(Protocol):
    """Public holidays by region, such as ``AU-VIC`` or ``NZ``, from data of a fixed version."""

    @property
    def version(self) -> str:
        """Name the data: equal versions give equal dates."""
        ...

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        """Return the names of the region's holidays by date. Raises UnknownRegionError."""
        ...
