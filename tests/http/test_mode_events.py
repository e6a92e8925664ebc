"""Mode events over HTTP: pages of what was told, and as it comes, kept to the caller's chargers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from fakes.keyed import keys, stored
from fakes.listener import listening
from fakes.mode_log import tell
from fakes.modes import AT, mode_event
from fakes.served import POLICIES, eventually, serving

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope
from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.http.event_schema import mode_envelope_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

    from policy_service.domain.mode_events import ModeEvent

ENVELOPE = jsonschema_rs.validator_for(mode_envelope_schema())
STREAM = "/v1/transitions/stream"
EVENTS = "/v1/transitions/events"
CHARGER = "of-the-tests"
"""No charger of the policies: whatever else is told is told of others."""
WITHIN_S = 60


def due(number: int, charger: str = CHARGER, **changed: object) -> ModeEvent:
    return mode_event(charger, **{"at": AT + number * 1000, "recorded_at": AT + number, **changed})


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    with serving(POLICIES, tmp_path) as served:
        yield served


def test_mode_events_come_as_they_are_told_and_are_replayed_after_a_break(node: Served, tmp_path: Path) -> None:
    tell(tmp_path, due(0))
    with listening(node, STREAM, charger=CHARGER) as listener:
        told = tell(tmp_path, *(due(number) for number in range(1, 4)))
        eventually(lambda: listener.names() == told, within=WITHIN_S)
        for message in listener.messages:
            ENVELOPE.validate(message.data)
            assert message.event == message.data["type"] == "mode.transition_due"
        node.stop()
    last = listener.messages[0].id
    with serving(POLICIES, tmp_path) as again:
        late = tell(tmp_path, due(9))
        with listening(again, STREAM, after=last, charger=CHARGER) as replayed:
            eventually(lambda: replayed.names() == [*told[1:], *late], within=WITHIN_S)


def test_pages_hold_what_the_stream_tells(node: Served, tmp_path: Path) -> None:
    cleared = due(2, type=ModeEventType.CLEAR_CACHE_DUE, transition_id=None, to_mode=None, detail={"cause": "registry"})
    first, second, third = tell(tmp_path, due(1), cleared, due(3, labels={"depot": "south"}))
    page = node.client.get(EVENTS, params={"charger": CHARGER, "limit": 2}).json()
    assert [each["id"] for each in page["events"]] == [third, second]
    assert page["events"][1] == {
        "id": second,
        "type": "cache.clear_due",
        "at": "2026-11-18T11:06:42.000Z",
        "recorded_at": "2026-11-18T11:06:40.002Z",
        "charger": CHARGER,
        "labels": {"depot": "north"},
        "transition_id": None,
        "mode": None,
        "cause": "registry",
    }
    tell(tmp_path, due(4))
    rest = node.client.get(EVENTS, params={"charger": CHARGER, "limit": 2, "cursor": page["next_cursor"]}).json()
    assert ([each["id"] for each in rest["events"]], rest["next_cursor"]) == ([first], None)
    for wanted, expected in (
        ({"type": "cache.clear_due"}, [second]),
        ({"label": "depot:south"}, [third]),
        ({"to": "2026-11-18T11:06:40Z"}, []),
    ):
        found = node.client.get(EVENTS, params={"charger": CHARGER, **wanted}).json()["events"]
        assert [each["id"] for each in found] == expected, wanted


def test_bad_form_is_a_problem_and_a_position_of_nowhere_a_gap(node: Served, tmp_path: Path) -> None:
    for path, params in ((EVENTS, {"cursor": "no"}), (EVENTS, {"outcome": "allowed"}), (STREAM, {"type": "fault"})):
        assert node.client.get(path, params=params).status_code in {400, 422}, params
    assert node.client.get(STREAM, headers={"Last-Event-ID": "x"}).status_code == 422
    tell(tmp_path, due(1))
    with listening(node, STREAM, after="4711", charger=CHARGER) as listener:
        eventually(lambda: [message.event for message in listener.messages] == ["gap"], within=WITHIN_S)


def test_a_listener_is_kept_to_its_chargers_and_ends_with_its_key(tmp_path: Path) -> None:
    wanted = (
        WantedKey("all", frozenset({Scope.ADMIN})),
        WantedKey("south", frozenset({Scope.READ}), labels=(("depot", ("nowhere-else",)),)),
    )
    _, bound = stored(tmp_path, *wanted)
    with serving(POLICIES, tmp_path) as node, listening(node, STREAM, key=bound) as listener:
        theirs = due(1, "S-1", labels={"depot": "nowhere-else"})
        tell(tmp_path, due(0), theirs, due(2))
        eventually(lambda: listener.names() == [theirs.id], within=WITHIN_S)
        found = node.bringing(bound).get(EVENTS).json()["events"]
        assert [each["id"] for each in found] == [theirs.id]
        assert keys(tmp_path, "revoke", "south").returncode == 0
        eventually(listener.ended.is_set, within=WITHIN_S)
