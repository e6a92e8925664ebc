"""Commands and profiles as a CSMS asks for them: the mode of the schedule, what was reported, and plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import serving

from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.entrypoints.profile_answers import profile_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: nights}
spec:
  timezone: UTC
  chargers: {labels: {depot: north}}
  defaultMode: freevend
  windows:
    - name: night
      mode: managed
      rrule: FREQ=DAILY
      from: 2026-01-01
      start: "18:00"
      end: "06:00"
      runningSessions: {stopAfter: PT15M}
---
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: wallbox, title: Ours}
spec:
  protocols: [ocpp1.6]
  freevend: {key: AuthEnabled, "on": "false", "off": "true", readBack: false, reboot: always}
  onBreach: stop
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: ABB, labels: {depot: north}, protocol: ocpp1.6, profile: abb-terra-ac, syntheticIds: [TACW22-0013]}
    - {id: ZAP, labels: {depot: north}, protocol: ocpp1.6, profile: zaptec-go, syntheticIds: [ZAPFREE17]}
    - {id: TWO, labels: {depot: north}, protocol: ocpp2.0.1, profile: ocpp-2x}
    - {id: OWN, labels: {depot: north}, profile: wallbox}
    - {id: KEBA, labels: {depot: north}, protocol: ocpp1.6, profile: keba}
    - {id: BARE, labels: {depot: north}}
    - {id: WRONG, labels: {depot: north}, protocol: ocpp2.1, profile: zaptec-go}
    - {id: NOBODYS, protocol: ocpp1.6, profile: zaptec-go}
"""
DAY, NIGHT = "2026-11-24T12:00:00Z", "2026-11-24T22:00:00Z"
SHUT = ["ChangeConfiguration", "ChangeConfiguration", "ChangeConfiguration", "ClearCache"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("switching")
    (root / "policies").mkdir()
    (root / "policies" / "yard.yaml").write_text(TREE)
    with serving(root / "policies", root / "state") as served:
        yield served


def commands(node: Served, charger: str, at: str = NIGHT, **asked: str) -> dict[str, Any]:
    reply = node.client.get(f"/v1/chargers/{charger}/commands", params={"at": at, **asked})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def actions(found: dict[str, Any]) -> list[str]:
    return [command["action"] for command in found["commands"]]


def test_the_whole_answer(node: Served) -> None:
    assert commands(node, "ABB", reported="freevend") == {
        "charger": "ABB",
        "protocol": "ocpp1.6",
        "profile": "abb-terra-ac",
        "mode": "managed",
        "reported": "freevend",
        "supported": True,
        "fallback": None,
        "reboot": "when_asked",
        "reset": {"action": "Reset", "payload": {"type": "Soft"}},
        "running_sessions": {"action": "stop_after", "after_s": 900},
        "synthetic_ids": ["TACW22-0013"],
        "commands": [
            {"action": "ChangeConfiguration", "payload": {"key": "FreevendEnabled", "value": "false"}},
            {
                "action": "GetConfiguration",
                "payload": {"key": ["FreevendEnabled"]},
                "expect": {"variables": {"FreevendEnabled": "false"}},
            },
            {"action": "ChangeConfiguration", "payload": {"key": "AllowOfflineTxForUnknownId", "value": "false"}},
            {"action": "ChangeConfiguration", "payload": {"key": "LocalAuthorizeOffline", "value": "true"}},
            {"action": "ChangeConfiguration", "payload": {"key": "LocalPreAuthorize", "value": "false"}},
            {"action": "ClearCache", "payload": {}},
        ],
        "notes": ["In freevend it sends its serial number; list that in the charger's syntheticIds."],
    }


@pytest.mark.parametrize(("at", "mode"), [(DAY, "freevend"), (NIGHT, "managed")])
def test_a_mode_that_is_not_known_is_taken_for_the_other(node: Served, at: str, mode: str) -> None:
    other = {"freevend": "managed", "managed": "freevend"}[mode]
    whole = commands(node, "TWO", at, reported=other)
    assert whole["mode"] == mode
    for asked in ({}, {"reported": "unknown"}):
        assert commands(node, "TWO", at, **asked) == {**whole, "reported": None}
    assert actions(commands(node, "TWO", at, reported=mode)) == ["GetVariables"]


def test_a_charger_is_given_the_token_that_its_record_lists(node: Served) -> None:
    found = commands(node, "ZAP", DAY)
    assert found["commands"][0]["payload"] == {"key": "FreeChargingIdTag", "value": "ZAPFREE17"}
    assert found["synthetic_ids"] == ["ZAPFREE17", "FREEVEND"]
    assert found["running_sessions"] == {"action": "keep", "after_s": None}


def test_an_own_profile_is_followed_and_its_protocol_assumed(node: Served) -> None:
    found = commands(node, "OWN")
    assert actions(found) == ["ChangeConfiguration", "ClearCache", "Reset"]
    assert (found["reboot"], found["protocol"]) == ("always", "ocpp1.6")
    assert found["notes"] == [
        "The charger's protocol is not known; ocpp1.6 is assumed.",
        "What was switched cannot be read back: that it was accepted has to do.",
    ]


@pytest.mark.parametrize("charger", ["KEBA", "BARE"])
def test_what_cannot_be_switched_falls_back_and_says_so(node: Served, charger: str) -> None:
    found = commands(node, charger)
    assert (found["supported"], found["fallback"]) == (False, "accept_all_in_freevend")
    assert (found["reboot"], found["reset"]) == ("never", None)
    assert actions(found) == SHUT
    assert actions(commands(node, charger, DAY)) == []
    assert any("cannot be switched" in note for note in found["notes"])
    nameless = "The charger names no profile and counts as unknown."
    assert (nameless in found["notes"]) is (charger == "BARE")


def test_a_profile_of_another_protocol_switches_nothing(node: Served) -> None:
    found = commands(node, "WRONG")
    assert (found["supported"], found["protocol"]) == (False, "ocpp2.1")
    assert found["notes"][0] == "The profile zaptec-go is not for ocpp2.1."
    assert actions(found) == ["ClearCache"]


def test_a_charger_that_no_policy_governs_is_left_alone(node: Served) -> None:
    found = commands(node, "NOBODYS")
    assert (found["mode"], found["supported"], found["commands"]) == (None, True, [])
    assert found["notes"] == ["No policy governs the charger: nothing is switched."]


def test_an_imported_charger_may_name_what_does_not_exist_yet(node: Served) -> None:
    charger = {"labels": {"depot": "north"}, "profile": "of-tomorrow", "protocol": "ocpp1.6"}
    assert node.client.put("/v1/chargers/FRESH", json=charger).status_code == 201
    found = commands(node, "FRESH")
    assert found["profile"] == "unknown"
    assert found["notes"][0] == "There is no profile of-tomorrow; the charger counts as unknown."
    assert node.client.delete("/v1/chargers/FRESH").status_code == 204


def test_files_that_name_built_in_profiles_are_valid(node: Served) -> None:
    def found(text: str) -> list[str]:
        reply = node.client.post("/v1/policies/validate", json={"files": {"yard.yaml": text}})
        return [each["code"] for each in reply.json()["diagnostics"]]

    assert found(TREE) == ["PS115"]  # WRONG, which is so on purpose
    assert found(TREE.replace("profile: keba", "profile: kebba")) == ["PS104", "PS115"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/chargers/NONE/commands", 404),
        ("/v1/chargers/ABB/commands?reported=open", 422),
        ("/v1/chargers/ABB/commands?at=2026-11-24T22:00", 422),
        ("/v1/chargers/ABB/commands?mode=managed", 422),
        ("/v1/charger-profiles/none", 404),
        ("/v1/charger-profiles/NONE", 422),
        ("/v1/charger-profiles?limit=0", 422),
        ("/v1/charger-profiles?cursor=%21", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(node: Served, path: str, status: int) -> None:
    reply = node.client.get(path)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"


def test_profiles_are_listed_in_pages_with_all_their_facts(node: Served) -> None:
    listed: list[dict[str, Any]] = []
    cursor = None
    while cursor is not None or not listed:
        asked: dict[str, Any] = {"limit": 10} | ({} if cursor is None else {"cursor": cursor})
        page = node.client.get("/v1/charger-profiles", params=asked).json()
        listed += page["charger_profiles"]
        cursor = page["next_cursor"]
    built_in = packaged_profiles().profiles
    assert [profile["name"] for profile in listed] == sorted(built_in)
    counts = {"abb-terra-ac": 1, "zaptec-go": 3, "ocpp-2x": 1, "wallbox": 1, "keba": 1, "unknown": 1}
    assert {profile["name"]: profile["chargers"] for profile in listed if profile["chargers"]} == counts
    for profile in listed:
        assert node.client.get(f"/v1/charger-profiles/{profile['name']}").json() == profile
        if profile["name"] != "wallbox":
            assert profile == profile_view(built_in[profile["name"]], profile["chargers"])


def test_an_own_profile_is_told_apart(node: Served) -> None:
    found = node.client.get("/v1/charger-profiles/wallbox").json()
    assert (found["origin"], found["file"], found["title"]) == ("own", "yard.yaml", "Ours")
    assert (found["on_breach"], found["switches"][0]["reboot"]) == ("stop", "always")
    assert found["denial"]["undocumented"] is False
    assert node.client.get("/v1/charger-profiles/easee").json()["origin"] == "built_in"
