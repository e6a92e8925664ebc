"""By which clocks chargers of a running service go."""

from __future__ import annotations

from policy_service.entrypoints.cli.service_calls import ServiceCalls
from policy_service.entrypoints.cli.zones import Clocks


def test_each_charger_goes_by_the_clock_of_its_policy(mixed: str) -> None:
    clocks = Clocks(ServiceCalls(mixed, None))
    found = {charger: clocks.at(charger).name for charger in ("EAST-1", "WEST-1", "STRAY-1", "NOWHERE-1")}
    assert found == {
        "EAST-1": "Europe/London",
        "WEST-1": "America/New_York",
        "STRAY-1": "UTC",  # under no policy
        "NOWHERE-1": "UTC",
    }


def test_where_all_policies_share_a_clock_nobody_asks_whose_a_charger_is(service: str) -> None:
    clocks = Clocks(ServiceCalls(service, None))
    assert clocks.at("NOWHERE-1").name == "Europe/London"
