"""``holidays``: the public holidays of a region and year, as policies that name the region have them."""

from __future__ import annotations

from typing import Annotated

import typer

from policy_service import bootstrap
from policy_service.engine.holiday_days import UnknownRegionError
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.instants import as_date
from policy_service.entrypoints.cli.policy_tree import FixedClock

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_FIRST_YEAR, _LAST_YEAR = 1971, 2198


@app.command(epilog="\b\nExample:\n  policy-service holidays AU-VIC --year 2027")
def holidays(
    region: Annotated[
        str, typer.Argument(metavar="REGION", help="COUNTRY or COUNTRY-SUBDIVISION in ISO 3166 codes, such as AU-VIC.")
    ],
    *,
    year: Annotated[
        int | None, typer.Option(min=_FIRST_YEAR, max=_LAST_YEAR, metavar="YEAR", help="Left out: this year.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, which `diff --old-holidays` reads.")] = False,
) -> None:
    """List the public holidays of a region: the days that `holidays: REGION` means in a policy."""
    known = bootstrap.offline().holidays
    when = as_date(FixedClock().now()).year if year is None else year
    try:
        days = sorted(known(region, when).items())
    except UnknownRegionError as error:
        message = f"no holidays are known for the region `{region}`"
        raise CommandError(message, error.help) from None
    if as_json:
        told = [{"date": day.isoformat(), "name": name} for day, name in days]
        out_json({"region": region, "year": when, "data": known.version, "holidays": told})
        return
    for day, name in days:
        out(f"{day:%Y-%m-%d %a}  {name}")
    note(f"{len(days)} days, by {known.version}")
