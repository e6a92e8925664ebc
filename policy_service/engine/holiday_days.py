"""What the engine asks of public holidays: the dates of a region and year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class UnknownRegionError(ValueError):
    """A region that the holiday data does not have, with the names that come close, or those of its country."""

    def __init__(self, region: str, close: tuple[str, ...] = (), of_country: tuple[str, ...] = ()) -> None:
        """Keep the region and the suggestions."""
        super().__init__(region)
        self.region = region
        self.close = close
        self.of_country = of_country

    @property
    def help(self) -> str:
        """Say what can be written instead."""
        if self.close:
            return f"did you mean {' or '.join(f'`{name}`' for name in self.close)}?"
        if self.of_country:
            return f"known are {', '.join(f'`{name}`' for name in self.of_country)}"
        return "write COUNTRY or COUNTRY-SUBDIVISION in ISO 3166 codes, such as `AU-VIC`"


class HolidayDates(Protocol):
    """Public holidays by region, such as ``AU-VIC`` or ``NZ``, from data of a fixed version."""

    @property
    def version(self) -> str:
        """Name the data: equal versions give equal dates."""
        ...

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        """Return the names of the region's holidays by date. Raises UnknownRegionError."""
        ...
