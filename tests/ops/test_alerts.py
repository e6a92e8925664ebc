"""Dashboard and alert rules: what they name exists, each alert is raised by its own condition, and none by denials."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from policy_service.domain.access import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fakes.served import Served

_ROOT = Path(__file__).parents[2]
_RULES = _ROOT / "ops/prometheus/alerts.yaml"
_DASHBOARD = _ROOT / "ops/grafana/policy-service.json"
_NOT_OURS = {"up"}
_OURS = re.compile(r"\bpolicy_service_\w+")
_MINUTES = 90

WELL = {
    'up{job="policy-service"}': "1+0x90",
    'policy_service_store_up{store="database"}': "1+0x90",
    'policy_service_store_up{store="redis"}': "1+0x90",
    'policy_service_lookups_total{level="database"}': "0+600x90",
    'policy_service_lookups_total{level="none"}': "0+0x90",
    "policy_service_plan_in_force": "1+0x90",
    "policy_service_registry_snapshot_age_seconds": "30+0x90",
    "policy_service_policy_age_seconds": "0+0x90",
    'policy_service_source_overdue{kind="identifiers",source="north"}': "0+0x90",
    "policy_service_breaches_total": "0+0x90",
    "policy_service_transitions_behind_seconds": "0.3+0x90",
    'policy_service_chargers_by_state{state="diverged"}': "0+0x90",
    'policy_service_chargers_by_state{state="pending_offline"}': "7+0x90",
    'policy_service_chargers_by_state{state="unsupported"}': "9+0x90",
    'policy_service_events_dropped_total{why="full"}': "0+0x90",
    "policy_service_event_spool_bytes": "1000+0x90",
    "policy_service_event_spool_limit_bytes": "1000000+0x90",
    "policy_service_event_spool_oldest_age_seconds": "1+0x90",
    "policy_service_audit_lost_total": "0+0x90",
    'policy_service_decision_duration_seconds_bucket{le="0.01"}': "0+600x90",
    'policy_service_decision_duration_seconds_bucket{le="1.0"}': "0+600x90",
    'policy_service_decision_duration_seconds_bucket{le="+Inf"}': "0+600x90",
    'policy_service_http_request_duration_seconds_count{method="POST",route="/v1/decide",status="200"}': "0+600x90",
}
ILL = {
    "PolicyServiceDown": {'up{job="policy-service"}': "1+0x60 0+0x30"},
    "PolicyServiceNoPlan": {"policy_service_plan_in_force": "1+0x60 0+0x30"},
    "PolicyServiceLookupFailures": {'policy_service_lookups_total{level="none"}': "0+0x60 1+1x30"},
    "PolicyServiceDatabaseDown": {'policy_service_store_up{store="database"}': "1+0x60 0+0x30"},
    "PolicyServiceRedisDown": {'policy_service_store_up{store="redis"}': "1+0x60 0+0x30"},
    "PolicyServiceOldCopy": {"policy_service_registry_snapshot_age_seconds": "30+0x30 30+120x60"},
    "PolicyServiceBreach": {"policy_service_breaches_total": "0+0x80 1+0x10"},
    "PolicyServiceNobodyTells": {"policy_service_transitions_behind_seconds": "0.3+0x60 0+60x30"},
    "PolicyServiceModeDiverged": {'policy_service_chargers_by_state{state="diverged"}': "0+0x60 3+0x30"},
    "PolicyServiceStalePolicies": {"policy_service_policy_age_seconds": "0+0x60 0+60x30"},
    "PolicyServiceSilentFeed": {'policy_service_source_overdue{kind="identifiers",source="north"}': "0+0x60 1+0x30"},
    "PolicyServiceEventsLost": {'policy_service_events_dropped_total{why="full"}': "0+0x80 1+0x10"},
    "PolicyServiceSpoolFilling": {"policy_service_event_spool_bytes": "1000+0x60 600000+0x30"},
    "PolicyServiceSpoolStuck": {"policy_service_event_spool_oldest_age_seconds": "1+0x60 1+60x30"},
    "PolicyServicePushStuck": {'policy_service_push_oldest_age_seconds{sink="webhooks"}': "0+0x60 1+60x30"},
    "PolicyServiceAuditLost": {"policy_service_audit_lost_total": "0+0x80 1+0x10"},
    "PolicyServiceSlow": {
        'policy_service_decision_duration_seconds_bucket{le="0.01"}': "0+0x90",
        'policy_service_decision_duration_seconds_bucket{le="1.0"}': "0+300x90",
    },
    "PolicyServiceErrors": {
        'policy_service_http_request_duration_seconds_count{method="POST",route="/v1/decide",status="500"}': (
            "0+0x60 1+1x30"
        )
    },
}


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(_RULES.read_text())["groups"]
    return group["rules"]


def _panels() -> list[dict[str, Any]]:
    return json.loads(_DASHBOARD.read_text())["panels"]


def _expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in _rules())
    for panel in _panels():
        yield from (target["expr"].replace("$__rate_interval", "5m") for target in panel.get("targets", ()))


@pytest.fixture(scope="module")
def exposed(served: Served) -> set[str]:
    """Return the names of all samples, histograms' of no sample yet among them."""
    served.decide(charger="NTH-01", identifier="04A2B3C4D5E6F7")
    names: set[str] = set()
    for family in text_string_to_metric_families(served.client.get("/metrics").text):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        if not family.name.endswith("_created"):  # the library's, beside each counter
            names |= {family.name + suffix for suffix in suffixes}
    return names


def test_every_metric_that_is_named_exists(exposed: set[str]) -> None:
    for expression in _expressions():
        promql_parser.parse(expression)
        named = set(_OURS.findall(expression)) or _NOT_OURS & set(re.findall(r"\w+", expression))
        assert named, expression
        assert named - _NOT_OURS <= exposed, expression


def test_every_metric_that_exists_is_on_the_dashboard(exposed: set[str]) -> None:
    shown = {name for expression in _expressions() for name in _OURS.findall(expression)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed} <= families


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    dashboard = json.loads(_DASHBOARD.read_text())
    ids = [panel["id"] for panel in _panels()]
    assert len(set(ids)) == len(ids)
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "instance"]
    for panel in _panels():
        assert {"type", "title", "gridPos"} <= panel.keys()
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["targets"]


def test_every_alert_has_its_page() -> None:
    text = (_ROOT / "docs/on-call.md").read_text()
    anchors = {heading.lower() for heading in re.findall(r"^### (\w+)$", text, re.MULTILINE)}
    for rule in _rules():
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert file == "docs/on-call.md"
        assert anchor in anchors
        assert rule["labels"]["severity"] in {"critical", "warning"}


def _case(name: str, series: Mapping[str, str], raised: set[str]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{rule["alert"]}",alertstate="firing"}}) or vector(0)',
                "eval_time": f"{_MINUTES}m",
                "exp_samples": [{"labels": "{}", "value": int(rule["alert"] in raised)}],
            }
            for rule in _rules()
        ],
    }


def _storm() -> dict[str, str]:
    """Return ten refusals a second for every reason there is."""
    return {
        f'policy_service_decisions_total{{outcome="access_denied",reason="{reason}"}}': "0+600x90" for reason in Reason
    }


def test_denials_raise_nothing_and_each_alert_is_raised_by_its_own_condition(promtool: str, tmp_path: Path) -> None:
    assert set(ILL) == {rule["alert"] for rule in _rules()}
    cases = [_case("well", WELL, set()), _case("a storm of denials", WELL | _storm(), set())]
    cases += [_case(name, WELL | _storm() | series, {name}) for name, series in ILL.items()]
    file = tmp_path / "cases.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(_RULES)], "evaluation_interval": "1m", "tests": cases}))
    for words in (["check", "rules", str(_RULES)], ["test", "rules", str(file)]):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stdout + done.stderr
