"""Webhooks by command: made, looked at, tried, rotated, stopped and removed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import httpx2
import pytest
from fakes.served import eventually, serving

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

URL = "https://csms.invalid/hooks"
_SHUT = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: shut}
spec: {timezone: Asia/Kolkata, chargers: {ids: [SHUT]}, defaultMode: managed, allow: [{class: own}]}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: shut}
spec: {chargers: [{id: SHUT}]}
"""


def test_a_webhook_from_beginning_to_end(cli: Callable[..., Ended], service: str) -> None:
    def webhooks(*words: str, code: int = 0) -> Ended:
        ended = cli("webhooks", *words, "--url", service)
        assert ended.code == code, ended
        return ended

    assert webhooks("list").out == "there is no webhook\n"
    chosen = ("--type", "access.denied", "--label", "depot:north", "--label", "depot:south", "--description", "CSMS")
    made = webhooks("add", URL, *chosen)
    name = made.err.split()[0]
    assert made.out.startswith("whsec_")
    assert webhooks("list").out == f"{name}  access  well  {URL}\n"
    assert webhooks("show", name).out.splitlines() == [
        f"{name}  access  well  {URL}",
        "whose    CSMS",
        "type     access.denied",
        "label    depot:north, depot:south",
    ]
    fresh = webhooks("rotate", name)
    assert fresh.out.startswith("whsec_")
    assert fresh.out != made.out
    until = r"until \w{3} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? Europe/London, \S+Z the secret so far signs as well; .*\n"
    assert re.fullmatch(until, fresh.err)
    assert webhooks("test", name, code=ExitCode.FINDINGS).out == "not delivered: name not found\n"
    assert json.loads(webhooks("test", name, "--json", code=ExitCode.FINDINGS).out)["error"] == "name not found"
    assert webhooks("pause", name).out.startswith(f"{name}  access  paused  ")
    assert json.loads(webhooks("resume", name, "--json").out)["enabled"] is True
    assert webhooks("dead-letters", name).out == "there are no dead letters\n"
    assert json.loads(webhooks("dead-letters", name, "--json").out) == {"dead_letters": []}
    assert webhooks("dead-letters", name, "--retry").out == "0 dead letters are sent once more\n"
    assert webhooks("dead-letters", name, "--retry", "--json").out == '{"queued": 0}\n'
    assert webhooks("remove", name).out == f"{name} is removed\n"
    assert json.loads(webhooks("list", "--json").out) == {"webhooks": []}


def test_what_a_webhook_missed_is_told_by_the_chargers_clock(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "shut.yaml").write_text(_SHUT)
    with serving(tmp_path / "policies", tmp_path / "state", webhook_retry_for=1) as node:

        def webhooks(*words: str) -> str:
            return cli("webhooks", *words, "--url", node.url).out

        name = cli("webhooks", "add", URL, "--url", node.url).err.split()[0]
        assert node.decide(charger="SHUT", identifier="04C201").json()["outcome"] == "access_denied"
        local = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+05:30"
        failing = re.compile(rf"failing  since {local}: name not found; next try {local}")
        eventually(lambda: failing.search(webhooks("show", name)), within=10)
        letter = re.compile(rf"{local}  access\.denied  SHUT  \S+  name not found\n")
        eventually(lambda: letter.fullmatch(webhooks("dead-letters", name)), within=10)


def test_the_list_tells_why_a_receiver_fails(cli: Callable[..., Ended], service: str) -> None:
    name = cli("webhooks", "add", URL, "--charger", "LDN-04", "--url", service).err.split()[0]
    body = {"charger": "LDN-04", "identifier": "CAFECAFE0177", "time": "2026-06-01T21:30:00Z"}
    assert httpx2.post(f"{service}/v1/decide", json=body).json()["outcome"] == "access_denied"
    eventually(lambda: " failing " in cli("webhooks", "list", "--url", service).out, within=10)
    local = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0[01]:00"
    first, second = cli("webhooks", "list", "--url", service).out.splitlines()
    assert first == f"{name}  access  failing  {URL}"
    assert re.fullmatch(rf"  failing  since {local}: name not found; next try {local}", second)
    assert cli("webhooks", "remove", name, "--url", service).code == 0


@pytest.mark.parametrize(
    ("words", "told", "help_"),
    [
        (("csms.example",), "the URL does not begin with https://", "write it like https://"),
        (
            (URL, "--type", "access.denid"),
            "--type access.denid: there is no such type",
            "did you mean `access.denied`?",
        ),
        ((URL, "--type", "moon"), "--type moon: there is no such type", "there are access.denied, access.allowed, "),
        ((URL, "--type", "mode.diverged"), "the feed access has no such events", "add --feed modes"),
        (
            (URL, "--reason", "not_grantd"),
            "--reason not_grantd: there is no such reason",
            "did you mean `not_granted`?",
        ),
    ],
)
def test_a_word_that_is_wrong_reaches_nobody(
    cli: Callable[..., Ended], words: tuple[str, ...], told: str, help_: str
) -> None:
    ended = cli("webhooks", "add", *words, "--url", "http://127.0.0.1:9")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert told in first
    assert second.startswith(f"  help: {help_}")


def test_what_cannot_be_a_webhook_is_told(cli: Callable[..., Ended], service: str) -> None:
    inside = cli("webhooks", "add", "https://127.0.0.1/", "--url", service)
    assert inside.code == ExitCode.REFUSED
    assert inside.err.splitlines()[0] == "error: nothing was made: the URL cannot be used: the address is not public"
    assert "POLICY_SERVICE_WEBHOOKS_ALLOW_PRIVATE=true" in inside.err
    plain = cli("webhooks", "add", "http://csms.example/", "--url", service)
    assert plain.code == ExitCode.REFUSED
    assert plain.err.splitlines()[0].endswith("only https is accepted")
    assert cli("webhooks", "add", URL, "--label", "depot", "--url", service).code == ExitCode.USAGE
    assert cli("webhooks", "show", "../../health/live", "--url", service).code == ExitCode.REFUSED
    assert cli("webhooks", "list", "--url", "http://127.0.0.1:9").code == ExitCode.UNREACHABLE
