"""Dashboard and alerts ask for what several workers expose, runbooks give a command, and the guide has the table."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml
from exposed import PREFIX, exercised, read
from fakes.served import ROOT, eventually

from policy_service.adapters.telemetry.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

ALERTS = ROOT / "ops" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "ops" / "grafana" / "policy-service.json"
GUIDE = ROOT / "docs" / "observability.md"
GRID = 24


def rules() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def queries() -> list[str]:
    """Return the dashboard's queries as Prometheus gets them."""
    found = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    return [query.replace("$__rate_interval", "5m").replace("$instance", ".*") for query in found]


def selectors(query: str) -> Iterator[promql_parser.VectorSelector]:
    """Return every selector of a query. Raises ValueError for one that is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def take(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), take)
    return iter(found)


def names(queries: list[str]) -> set[str]:
    return {str(selector.name) for query in queries for selector in selectors(query)}


ALERTED = [rule["expr"] for rule in rules()]


def test_every_metric_that_dashboard_and_alerts_ask_for_is_exposed(crowd: Served) -> None:
    exercised(crowd)
    eventually(lambda: "policy_service_source_last_import_timestamp_seconds" in read(crowd).names, within=10)
    exposed = read(crowd)
    asked = names([*queries(), *ALERTED])
    assert len(asked) > 20
    assert asked - exposed.names == {"up"}  # Prometheus's own
    labels = {(sample.name, label, value) for sample in exposed.samples for label, value in sample.labels.items()}
    for selector in (found for query in [*queries(), *ALERTED] for found in selectors(query)):
        for matcher in selector.matchers.matchers:
            known = {value for name, label, value in labels if (name, label) == (selector.name, matcher.name)}
            own = matcher.name in {"instance", "job"}  # Prometheus adds them
            assert own or matcher.op != promql_parser.MatchOp.Equal or matcher.value in known, selector


def test_every_metric_that_is_exposed_is_on_the_dashboard_or_in_the_guides(crowd: Served) -> None:
    exercised(crowd)
    text = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md")) + DASHBOARD.read_text()
    assert {name for name in read(crowd).types if name not in text} == set()


def test_the_guides_table_is_the_table() -> None:
    rows = [line for line in GUIDE.read_text().splitlines() if line.startswith(f"| `{PREFIX}")]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    assert [row[:4] for row in cells] == [
        [f"`{row.exposed}`", row.kind, ", ".join(f"`{label}`" for label in row.labels), row.told]
        for row in METRICS.values()
    ]


def test_every_row_is_on_the_dashboard() -> None:
    asked = names(queries())
    histograms = {f"{PREFIX}{row.name}_bucket" for row in METRICS.values() if row.kind == "histogram"}
    plain = {row.exposed for row in METRICS.values() if row.kind != "histogram"}
    assert (histograms | plain) - asked == set()


def test_the_queries_of_a_panel_are_told_apart_and_use_variables_that_there_are() -> None:
    variables = {each["name"] for each in json.loads(DASHBOARD.read_text())["templating"]["list"]}
    for panel in panels():
        references = [target["refId"] for target in panel.get("targets", [])]
        assert len(references) == len(set(references))
        assert all(target["datasource"] == panel["datasource"] for target in panel.get("targets", []))
        assert set(re.findall(r"\$\{?(\w+)", json.dumps(panel))) - {"__rate_interval"} <= variables
        assert panel["type"] == "row" or panel["description"]


def test_no_two_panels_overlap() -> None:
    places = [panel["gridPos"] for panel in panels()]
    assert all(place["x"] + place["w"] <= GRID for place in places)
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_leads_to_a_command(rule: dict[str, Any]) -> None:
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    section = _sections((ROOT / path).read_text()).get(anchor)
    assert section is not None, f"{path} has no section {anchor}"
    assert "```sh" in section, "a runbook gives one command at least"


def _sections(text: str) -> dict[str, str]:
    """Return the text below each heading, by its anchor."""
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-"): body
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_no_alert_counts_denials() -> None:
    about_denials = {f"{PREFIX}{name}" for name in ("decisions_total", "events_stored_total")}
    assert names(ALERTED) & about_denials == set()
