# ruff: noqa: INP001 - a script, not a package
"""The service at work: start it on the shipped policies, import vehicles, ask, show the answers, stop it.

Run it with ``make demo``. It leaves with 0 when every answer is the expected one, with 1 otherwise.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from stage import ENVIRONMENT, SERVICE, leave, running, show, wide_console

if TYPE_CHECKING:
    import httpx2
    from rich.console import Console

HERE = Path(__file__).parent
POLICIES = HERE.parent / "policies"
STRANGER = {"identifier": "08:5E:99:99", "type": "rfid"}  # on nobody's list
ZONES = {"NTH": "Australia/Melbourne", "AKL": "Pacific/Auckland", "LDN": "Europe/London"}


class Question(NamedTuple):
    """Who asks where and when (local wall clock), and what the answer must be."""

    charger: str
    vehicle: str
    local: str
    outcome: str
    reason: str
    because: str


QUESTIONS = [
    Question("NTH-01", "stranger", "2026-11-24T12:00:00", "allowed", "freevend",
             "Open by day: nobody is looked up"),
    Question("NTH-01", "stranger", "2026-11-24T22:15:00", "access_denied", "unknown_identifier",
             "Managed at night, and nobody knows this card"),
    Question("NTH-01", "north-bus-001", "2026-11-24T22:15:00", "allowed", "own_vehicle",
             "The depot's own bus"),
    Question("NTH-01", "north-van-001", "2026-11-24T22:15:00", "access_denied", "not_granted",
             "Own, but bays of 150 kW are for buses alone"),
    Question("NTH-07", "metro-east-001", "2026-11-24T22:15:00", "allowed", "agreement_vehicle",
             "A partner's bus within its agreed hours"),
    Question("NTH-07", "metro-east-001", "2026-11-24T19:00:00", "access_denied", "not_granted",
             "The same bus, an hour too early"),
    Question("NTH-07", "old-line-coaches-001", "2026-11-24T22:15:00", "access_denied", "agreement_expired",
             "Its fleet's agreement lapsed in June"),
    Question("NTH-01", "north-bus-blocked", "2026-11-24T22:15:00", "access_denied", "identifier_blocked",
             "The card was lost and is blocked"),
    Question("AKL-01", "coastal-couriers-001", "2026-11-24T03:00:00", "allowed", "agreement_vehicle",
             "A courier by PIN, typed at the dock"),
    Question("LDN-05", "stranger", "2027-03-28T03:59:59", "access_denied", "unknown_identifier",
             "Clocks went forward in this match night"),
    Question("LDN-05", "stranger", "2027-03-28T04:00:00", "allowed", "freevend",
             "Over at 04:00, after eleven hours, not twelve"),
]  # fmt: skip


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, leave)  # so that the service is stopped then, too
    console = wide_console()
    scratch = tempfile.TemporaryDirectory(prefix="policy-service-demo-")
    with scratch as name, running(console, Path(name), POLICIES) as http:
        import_lines(console, http, "agreements")
        import_lines(console, http, "identifiers")
        wrong = ask_all(console, http)
        draw_week(console)
        wrong += list_denials(console, http)
    console.print(f"\n{wrong} answers are not the expected ones" if wrong else "\nEvery answer is the expected one.")
    return min(wrong, 1)


def import_lines(console: Console, http: httpx2.Client, noun: str) -> None:
    """Import demo/<noun>.ndjson."""
    body = (HERE / f"{noun}.ndjson").read_bytes()
    headers = {"Content-Type": "application/x-ndjson"}
    answer = http.post(f"/v1/{noun}/import", params={"source": "demo"}, content=body, headers=headers)
    if not answer.is_success or answer.json()["rejected"]:
        sys.exit(f"the import of {noun} failed: {answer.text}")
    console.print(f"{answer.json()['accepted']} {noun} imported")


def ask_all(console: Console, http: httpx2.Client) -> int:
    """Ask every question, show the answers, return how many are not the expected ones."""
    lines = (HERE / "identifiers.ndjson").read_text(encoding="utf-8").splitlines()
    records = {record["vehicle"]: record for record in map(json.loads, lines)}
    rows: list[tuple[str, ...]] = []
    wrong = 0
    for question in QUESTIONS:
        local = datetime.fromisoformat(question.local).replace(tzinfo=ZoneInfo(ZONES[question.charger[:3]]))
        record = records.get(question.vehicle, STRANGER)
        answer = decide(http, question.charger, record, local.astimezone(UTC))
        right = (answer["outcome"], answer["reason"]) == (question.outcome, question.reason)
        wrong += not right
        because = question.because if right else f"EXPECTED {question.outcome}, {question.reason}"
        at = f"{local:%a %d %b %Y %H:%M:%S}"
        rows.append((question.charger, question.vehicle, at, answer["outcome"], answer["reason"], because))
    show(console, "POST /v1/decide", ("charger", "vehicle", "local time", "outcome", "reason", "because"), rows)
    return wrong


def decide(http: httpx2.Client, charger: str, record: dict[str, str], at: datetime) -> dict[str, Any]:
    """Return the decision."""
    question = {"charger": charger, "identifier": record["identifier"], "identifier_type": record["type"]}
    return dict(http.post("/v1/decide", json={**question, "time": at.isoformat()}).raise_for_status().json())


def draw_week(console: Console) -> None:
    """Show a charger's week by the command that draws it, from the same policy files."""
    console.print()
    console.rule("policy-service schedule NTH-01", align="left")
    console.file.flush()
    flags = ["--from", "2026-11-23", "--policies", str(POLICIES)]
    subprocess.run([*SERVICE, "schedule", "NTH-01", *flags], check=True, env=ENVIRONMENT)  # noqa: S603


def list_denials(console: Console, http: httpx2.Client) -> int:
    """Show the access-denied events; return 1 if they are not the denials that were answered."""
    events = http.get("/v1/events?outcome=access_denied&limit=100").raise_for_status().json()["events"]
    names = ("type", "charger", "time", "identifier_masked", "vehicle", "reason", "window")
    rows = [tuple(event[name] or "-" for name in names) for event in events]
    show(console, "GET /v1/events?outcome=access_denied, newest first", names, rows)
    expected = [question.reason for question in reversed(QUESTIONS) if question.outcome == "access_denied"]
    return int([event["reason"] for event in events] != expected)


if __name__ == "__main__":
    sys.exit(main())
