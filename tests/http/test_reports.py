"""Reports to a fleet about itself: switched off unless wanted, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.keyed import stored
from fakes.served import POLICIES, serving

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
PATH = "/v1/reports/fleets/{fleet}"
BUS = {"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    with serving(POLICIES, tmp_path / "state", reports=True) as served:
        assert served.client.put(f"/v1/identifiers/{'a' * 32}", json={**BUS, "status": "blocked"}).is_success
        assert served.decide(charger="NTH-07", identifier=BUS["identifier"], time=NIGHT).json()["mode"] == "managed"
        assert served.client.put(f"/v1/identifiers/{'a' * 32}", json=BUS).is_success
        assert served.decide(charger="NTH-08", identifier=BUS["identifier"], time=NIGHT).json()["outcome"] == "allowed"
        assert served.decide(charger="NTH-08", identifier="04C2FFEE0001", time=NIGHT).is_success
        yield served


def test_a_report_counts_and_names_nobody(node: Served) -> None:
    found = node.client.get(PATH.format(fleet="north"))
    body = found.json()
    assert (body["allowed"], body["denied"], body["would_deny"]) == (1, 1, 0)
    assert body["denied_by_reason"] == {"identifier_blocked": 1}
    assert sum(body["denied_by_hour"].values()) == 1
    assert (body["waits"]["ended"], body["waits"]["not_ended"]) == (1, 0)
    assert 0 <= body["waits"]["longest_s"] <= 5
    assert "bus-17" not in found.text
    assert "E681" not in found.text
    assert node.client.get(PATH.format(fleet="nobody")).json()["allowed"] == 0


@pytest.mark.parametrize(
    ("since", "until"), [("2026-11-24T00:00Z", "2026-11-24T00:00Z"), ("2026-01-01T00:00Z", "2026-03-01T00:00Z")]
)
def test_a_span_is_31_days_at_the_most(node: Served, since: str, until: str) -> None:
    refused = node.client.get(PATH.format(fleet="north"), params={"from": since, "to": until})
    assert refused.status_code == 422


def test_a_key_of_a_fleet_sees_its_own_report_and_nothing_else(tmp_path: Path) -> None:
    wanted = [
        WantedKey("customer", frozenset({Scope.REPORT}), fleet="north"),
        WantedKey("reader", frozenset({Scope.READ})),
        WantedKey("ops", frozenset({Scope.ADMIN})),
    ]
    texts = stored(tmp_path / "state", *wanted)
    with serving(POLICIES, tmp_path / "state", reports=True) as served:
        customer, reader, ops = map(served.bringing, texts)
        assert customer.get(PATH.format(fleet="north")).status_code == 200
        assert customer.get(PATH.format(fleet="metro")).status_code == 403
        assert customer.get("/v1/events").status_code == 403
        assert customer.get("/openapi.json").status_code == 200
        assert reader.get(PATH.format(fleet="north")).status_code == 403
        assert ops.get(PATH.format(fleet="metro")).status_code == 200


def test_reports_are_off_unless_wanted(served: Served) -> None:
    missing = served.client.get(PATH.format(fleet="north"))
    assert (missing.status_code, missing.json()["detail"]) == (404, "reports are switched off")
