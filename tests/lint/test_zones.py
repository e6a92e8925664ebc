"""Time zones that are no place's: where they are written, and which place is meant."""

from __future__ import annotations

import pytest
from trees import POLICY, found_in

from policy_service.engine.zone import zone_names

SCHEDULE = """\
# yaml-language-server: $schema=schemas/schedule.v1.json
apiVersion: policy-service/v1
kind: Schedule
metadata: {name: nights}
spec:
  timezone: Etc/GMT-1
  windows:
    - {rrule: FREQ=DAILY, from: 2026-01-01, start: "22:00", end: "06:00"}
"""
OVERRIDE = """\
# yaml-language-server: $schema=schemas/override.v1.json
apiVersion: policy-service/v1
kind: Override
metadata: {name: west-door}
spec:
  chargers: {ids: [Y-01]}
  from: 2027-05-01T10:00
  to: 2027-05-01T18:00
  mode: managed
  reason: EST is meant
  timezone: "EST"
"""


def told(files: dict[str, str]) -> list[tuple[str, str, str | None]]:
    found = [each.diagnostic for each in found_in(files) if each.diagnostic.code == "PS225"]
    return [(str(each.place), each.message, each.help) for each in found]


@pytest.mark.parametrize(
    ("zone", "message", "meant"),
    [
        ("EST", "`EST` names no place: its clock is UTC-05:00 all year, summer and winter", "America/New_York"),
        ("HST", "`HST` names no place: its clock is UTC-10:00 all year, summer and winter", "Pacific/Honolulu"),
        ("Etc/GMT", "`Etc/GMT` names no place: its clock is UTC all year, summer and winter", "Europe/London"),
        ("CET", "`CET` names no place: it does not follow one that changes its clock otherwise", "Europe/Berlin"),
        (
            "EST5EDT",
            "`EST5EDT` names no place: it does not follow one that changes its clock otherwise",
            "America/New_York",
        ),
    ],
)
def test_the_place_that_is_meant_is_told(zone: str, message: str, meant: str) -> None:
    files = {"a.yaml": POLICY.replace("Australia/Melbourne", zone)}
    assert told(files) == [("a.yaml:6:13", message, f"did you mean `{meant}`?")]


def test_zones_of_schedules_and_overrides_are_looked_at() -> None:
    found = told({"a.yaml": POLICY, "b.yaml": SCHEDULE, "c.yaml": OVERRIDE})
    assert [place for place, _, _ in found] == ["b.yaml:6:13", "c.yaml:11:14"]
    assert found[0][1].startswith("`Etc/GMT-1` names no place: its clock is UTC+01:00 all year")
    assert found[0][2] == "write the zone of the place where the chargers stand, such as `Australia/Melbourne`"


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "Zulu", "Asia/Tokyo", "Japan", "US/Eastern", "NZ"])
def test_places_and_utc_are_taken_as_meant(zone: str) -> None:
    assert zone in zone_names()
    assert told({"a.yaml": POLICY.replace("Australia/Melbourne", zone)}) == []
