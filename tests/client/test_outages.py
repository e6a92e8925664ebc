"""A service that is really stopped: what the client answers meanwhile, and what the service hears afterwards."""

from __future__ import annotations

import asyncio
import stat
import time
from typing import TYPE_CHECKING

import pytest
from depot import (
    BLOCKED,
    CARD,
    PARTNER,
    PIN,
    STRANGER,
    VERSIONS,
    authorize,
    fill,
    policies,
    start,
)
from fakes.keyed import made
from fakes.served import eventually, serving

from policy_service.client import PolicyClient
from policy_service.domain.instant import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policy_service.client import OcppAnswer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


async def until(holds: Callable[[], object], *, within: float = 60) -> None:
    """Wait on this loop until it holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.05)


def status(answer: OcppAnswer) -> str:
    (info,) = answer.payload.values()
    return str(info["status"])


async def test_what_was_answered_before_is_answered_again_until_it_ends(tmp_path: Path) -> None:
    with serving(policies(tmp_path), tmp_path / "state") as node:
        fill(node)
        async with PolicyClient(node.url) as client:
            before = {
                (version, token): await client.ocpp(version, "SHUT", "Authorize", authorize(version, token))
                for version in VERSIONS
                for token in (CARD, STRANGER, BLOCKED)
            }
            decided = await client.decide(charger="SHUT", identifier=CARD)
            node.stop()
            for (version, token), known in before.items():
                answer = await client.ocpp(version, "SHUT", "Authorize", authorize(version, token))
                assert answer.source == "cache"
                assert (status(answer), answer.decision and answer.decision.reason) == (
                    status(known),
                    known.decision and known.decision.reason,
                )
                assert answer.decision is not None
                assert known.decision is not None
                assert answer.decision.decision_id != known.decision.decision_id
                action, begun = start(version, token)
                assert status(await client.ocpp(version, "SHUT", action, begun)) == status(known)
            spelled = await client.ocpp("1.6", "SHUT", "Authorize", {"idTag": "04:a2:b3:c4:d5:e680"})
            assert (spelled.source, status(spelled)) == ("cache", "Accepted")
            assert abs(parse_instant(spelled.payload["idTagInfo"]["expiryDate"]) - time.time() - 3600) < 60
            elsewhere = await client.ocpp("1.6", "NIGHTS", "Authorize", {"idTag": CARD})
            assert elsewhere.source == "on_unreachable"
            again = await client.decide(charger="SHUT", identifier=CARD)
            assert (again.source, again.outcome, again.policy) == ("cache", decided.outcome, decided.policy)


async def test_the_bundle_decides_what_was_never_asked_also_after_a_restart(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with serving(policies(tmp_path), tmp_path / "state") as node:
        fill(node)
        async with PolicyClient(node.url, bundle_label="depot:yard", state_dir=kept) as client:
            await until(lambda: client.bundle)
        node.stop()
        async with PolicyClient(node.url, bundle_label="depot:yard", state_dir=kept) as client:
            for version in VERSIONS:
                own = await client.ocpp(version, "SHUT", "Authorize", authorize(version, CARD))
                assert (own.source, status(own)) == ("bundle", "Accepted")
                stranger = await client.ocpp(version, "SHUT", *start(version, STRANGER))
                assert (stranger.source, status(stranger)) == ("bundle", "Invalid" if version == "1.6" else "Unknown")
                blocked = await client.ocpp(version, "SHUT", "Authorize", authorize(version, BLOCKED))
                assert (blocked.source, status(blocked)) == ("bundle", "Blocked")
                anybody = await client.ocpp(version, "OPEN", "Authorize", authorize(version, STRANGER))
                assert (anybody.source, status(anybody)) == ("bundle", "Accepted")
            other = await client.ocpp("1.6", "PUBLIC", "Authorize", {"idTag": CARD})
            assert (other.source, status(other)) == ("on_unreachable", "Invalid")
            decided = await client.decide(charger="SHUT", identifier=PARTNER)
            assert decided.source == "bundle"
            assert decided.reason in {"agreement_vehicle", "not_granted"}
    written = [path for path in kept.iterdir() if path.is_file()]
    assert {path.name for path in written} >= {"bundle.json", "bundle.confirmed.json"}
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any(token.encode() in path.read_bytes() for token in (CARD, STRANGER, BLOCKED, PARTNER, PIN))


async def test_without_either_the_policy_s_on_unreachable_counts_and_doubt_is_a_denial(tmp_path: Path) -> None:
    with serving(policies(tmp_path), tmp_path / "state") as node:
        fill(node)
        async with (
            PolicyClient(node.url, bundle_label=["depot:nights", "depot:public", "depot:yard"]) as bundled,
            PolicyClient(node.url) as taught,
            PolicyClient(node.url) as ignorant,
        ):
            await until(lambda: bundled.bundle)
            for charger in ("PUBLIC", "NIGHTS", "SHUT"):
                await taught.ocpp("2.1", charger, "Authorize", authorize("2.1", CARD))
            node.stop()
            pin = authorize("2.1", PIN, "KeyCode")
            told = {
                (name, charger): await client.ocpp("2.1", charger, "Authorize", pin)
                for name, client in {"bundled": bundled, "taught": taught, "ignorant": ignorant}.items()
                for charger in ("PUBLIC", "SHUT")
            }
            assert {answer.source for answer in told.values()} == {"on_unreachable"}
            accepted = {key for key, answer in told.items() if status(answer) == "Accepted"}
            assert accepted == {("bundled", "PUBLIC"), ("taught", "PUBLIC")}
            assert {answer.decision and answer.decision.reason for answer in told.values()} == {"lookup_failed"}
            empty = await taught.ocpp("2.1", "PUBLIC", "Authorize", authorize("2.1", ""))
            assert status(empty) == "Invalid"


async def test_own_only_lets_in_whom_the_service_has_called_own(tmp_path: Path) -> None:
    body = {"chargers": {"ids": ["NIGHTS"]}, "mode": "managed", "reason": "a test"}
    with serving(policies(tmp_path), tmp_path / "state") as node:
        fill(node)
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        assert node.client.post("/v1/overrides", json={**body, "until": soon}).status_code == 201
        async with PolicyClient(node.url) as client:
            for token in (CARD, STRANGER):  # at another charger: nothing of NIGHTS is remembered for them
                await client.ocpp("1.6", "SHUT", "Authorize", {"idTag": token})
            await client.ocpp("1.6", "NIGHTS", "Authorize", {"idTag": BLOCKED})
            node.stop()
            answers = {
                token: await client.ocpp("1.6", "NIGHTS", "Authorize", {"idTag": token}) for token in (CARD, STRANGER)
            }
    assert {answer.source for answer in answers.values()} == {"on_unreachable"}
    assert {token: status(answer) for token, answer in answers.items()} == {CARD: "Accepted", STRANGER: "Invalid"}
    assert parse_instant(answers[CARD].payload["idTagInfo"]["expiryDate"]) < time.time() + 60


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_decided_meanwhile_is_told_exactly_once(tmp_path: Path, *, restarted: bool) -> None:
    kept, folder = tmp_path / "kept", policies(tmp_path)
    key = made(tmp_path / "state", "csms", "admin")
    arguments = {"key": key, "bundle_label": "depot:yard", "state_dir": kept}
    with serving(folder, tmp_path / "state") as node:
        node.client.headers["Authorization"] = f"Bearer {key}"
        fill(node)
        client = PolicyClient(node.url, **arguments)  # type: ignore[arg-type]
        async with client:
            await until(lambda: client.bundle)
            await client.ocpp("1.6", "SHUT", "Authorize", {"idTag": CARD})
            node.stop()
            told = [
                await client.ocpp("1.6", "SHUT", "Authorize", {"idTag": CARD}, message_id="m-1"),
                await client.ocpp("2.1", "SHUT", *start("2.1", STRANGER)),
                await client.ocpp("2.1", "PUBLIC", "Authorize", authorize("2.1", PIN, "KeyCode")),
                await client.ocpp("1.6", "OPEN", "Authorize", {"idTag": CARD}),
            ]
            assert [answer.source for answer in told] == ["cache", "bundle", "on_unreachable", "bundle"]
            assert client.untold == 3  # freevend is nobody's decision
            waiting = (kept / "degraded.ndjson").read_bytes()
            assert not any(token.encode() in waiting for token in (CARD, STRANGER, PIN))
            if restarted:
                await client.__aexit__(None, None, None)
                client = PolicyClient(node.url, **arguments)  # type: ignore[arg-type]
                await client.__aenter__()
                assert client.untold == 3
            port = int(node.url.rpartition(":")[2])
            with serving(folder, tmp_path / "state", port=port) as again:
                await until(lambda: client.untold == 0)
                await client.__aexit__(None, None, None)
                again.client.headers["Authorization"] = f"Bearer {key}"
                found: list[dict[str, object]] = []

                def recorded() -> bool:
                    events = again.client.get("/v1/events").json()["events"]
                    found[:] = [event for event in events if event.get("degraded")]
                    return len(found) >= 3

                eventually(recorded, within=60)
                once_more = PolicyClient(node.url, **arguments)  # type: ignore[arg-type]
                async with once_more:
                    assert once_more.untold == 0
    by_id = {str(event["decision_id"]): event for event in found}
    assert sorted(by_id) == sorted(answer.decision.decision_id for answer in told[:3] if answer.decision)
    assert len(found) == 3
    cached, stranger, pin = (by_id[answer.decision.decision_id] for answer in told[:3] if answer.decision)
    assert [event["degraded"] for event in (cached, stranger, pin)] == ["cache", "bundle", "on_unreachable"]
    assert (cached["type"], cached["message_id"], cached["identifier_masked"]) == ("access.allowed", "m-1", "…E680")
    assert (stranger["reason"], stranger["policy"], stranger["transaction_id"]) == (
        "unknown_identifier",
        "yard",
        "4711",
    )
    assert stranger["identifier_fingerprint"] is not None
    assert (pin["identifier_masked"], pin["identifier_fingerprint"]) == ("…", None)
    assert not list(kept.glob("degraded*"))
