"""Public holidays from the ``holidays`` library, loaded on first use: it costs a third of a second."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from policy_service.engine.holiday_days import UnknownRegionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@cache
def known_regions() -> frozenset[str]:
    """Return every region name: a country's two letters, or those with a subdivision, such as ``AU-VIC``."""
    import holidays  # noqa: PLC0415 - see the module's first line

    supported = holidays.list_supported_countries(include_aliases=False)
    countries = {country for country in supported if len(country) == 2}  # noqa: PLR2004 - ISO 3166-1 alpha-2
    return frozenset(countries) | {f"{country}-{part}" for country in countries for part in supported[country]}


class LibraryHolidays:
    """Answers from the installed release of the library, whose number is part of a plan's revision."""

    @property
    def version(self) -> str:
        """Name the release."""
        return f"holidays {version('holidays')}"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        """Return the names of the region's public holidays by date. Raises UnknownRegionError."""
        return _dates(region, year)


@cache
def _dates(region: str, year: int) -> Mapping[date, str]:
    import holidays  # noqa: PLC0415 - see the module's first line

    if region not in known_regions():
        raise _unknown(region)
    country, _, subdivision = region.partition("-")
    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


def _unknown(region: str) -> UnknownRegionError:
    """Return the error, with names of the same country where that is known: all others would be guesses."""
    country, _, subdivision = region.upper().partition("-")
    known = sorted(known_regions())
    inside = subdivision != "" and country in known_regions()
    named = _regions_by_name().get(_folded(subdivision if inside else region), ())
    if meant := tuple(name for name in named if not inside or name.startswith(f"{country}-")):
        return UnknownRegionError(region, meant)
    if not inside:
        return UnknownRegionError(region, tuple(get_close_matches(region.upper(), known, n=3)))
    of_country = tuple(name for name in known if name.partition("-")[0] == country)
    parts = [name.partition("-")[2] for name in of_country]
    close = get_close_matches(subdivision, [part for part in parts if part], n=3)
    return UnknownRegionError(region, tuple(f"{country}-{part}" for part in close), of_country)


@cache
def _regions_by_name() -> Mapping[str, tuple[str, ...]]:
    """Return what countries and subdivisions are called in the library, folded, each with the regions of that name."""
    import holidays  # noqa: PLC0415 - see the module's first line
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - see the module's first line

    regions: dict[str, tuple[str, ...]] = {}
    named = [(name, code) for name, code, *_ in COUNTRIES.values()]
    for country, subdivisions in holidays.list_supported_countries(include_aliases=False).items():
        aliases = holidays.country_holidays(country).subdivisions_aliases if subdivisions else {}
        named += [(name, f"{country}-{code}") for name, code in aliases.items()]
    for name, region in named:
        if region in known_regions():
            regions[_folded(name)] = (*regions.get(_folded(name), ()), region)
    return regions


def _folded(name: str) -> str:
    return "".join(name.casefold().split())
