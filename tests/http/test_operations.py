"""Health, metrics and the description of the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fakes.served import Served


def test_health(served: Served) -> None:
    assert served.client.get("/health/live").json() == {"status": "live"}
    state = served.client.get("/health/ready").json()
    assert (state["status"], state["policy_age_s"], state["problems"]) == ("ready", 0, [])
    assert state["problem_codes"] == []
    assert state["stores"] == {"database": "up", "redis": "off"}
    assert re.fullmatch(r"\d{4}[a-z]", state["tzdata"])


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_who_asks_for_the_head_of_health_alone_gets_that(served: Served, path: str) -> None:
    whole, head = served.client.get(path), served.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    told = ("content-type", "content-length", "cache-control")
    assert [head.headers.get(name) for name in told] == [whole.headers.get(name) for name in told]


def test_metrics_name_outcomes_and_no_charger(served: Served) -> None:
    served.decide(charger="NTH-01", identifier="x", time="2026-11-24T01:15:00Z")
    text = served.client.get("/metrics").text
    assert 'policy_service_decisions_total{outcome="allowed",reason="freevend"}' in text
    assert 'route="/v1/decide"' in text
    assert "policy_service_policy_age_seconds 0.0" in text
    assert "NTH-01" not in text


def test_the_documentation_loads_nothing_from_elsewhere(served: Served) -> None:
    page = served.client.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert links
    assert all(link.startswith("/") and served.client.get(link).status_code == 200 for link in links)
    assert "http" not in re.sub(r'lang="en"|http-equiv', "", page.text)


def test_every_answer_is_described(served: Served) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    wanted = {"/v1/decide", "/v1/decide/batch", "/v1/explain", "/v1/chargers/{charger_id}/schedule", "/v1/transitions"}
    assert wanted <= paths.keys()
    for path, operations in paths.items():
        problem = "application/json" if path.startswith("/ocpi/") else "application/problem+json"  # OCPI has its own
        for operation in operations.values():
            assert operation["summary"], path
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == [problem]
