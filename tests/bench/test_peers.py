"""The comparison with peers compares the same work: all who are at hand here give the same answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from peers.depots import yard
from peers.in_process import engine, floor, rule_engine_rules
from peers.line_up import line_up
from peers.measure import DisagreementError, best_of, contestant
from peers.over_http import cerbos, fastapi_app, opa
from peers.peer import Loaded
from peers.questions import identifiers, questions
from starlette.testclient import TestClient

if TYPE_CHECKING:
    from pathlib import Path

    from peers.peer import Engine

CHARGERS = 30
SIZES = [1, 7, 100]
AT_HAND = [floor.PEER, engine.PEER, rule_engine_rules.PEER]


@pytest.mark.parametrize("windows", SIZES)
@pytest.mark.parametrize("peer", AT_HAND, ids=lambda peer: peer.name)
def test_each_engine_answers_as_the_plainest_reading_does(peer: Engine, windows: int) -> None:
    made = yard(windows, CHARGERS)
    with peer.load(made) as loaded:
        assert contestant(peer.name, loaded, questions(made, 300)).name == peer.name


def test_a_thousand_windows_a_depot_compile_and_agree() -> None:
    made = yard(1_000, CHARGERS)
    with engine.PEER.load(made) as loaded:
        assert contestant(engine.PEER.name, loaded, questions(made, 300)).arguments


def test_the_service_a_user_would_write_answers_as_the_plainest_reading_does() -> None:
    made = yard(7, CHARGERS)
    vehicles = {identifier: each for each in ("own", "agreement") for identifier in identifiers(each)}
    client = TestClient(fastapi_app.app_of(list(made.depots), made.depot_of, vehicles))
    for question in questions(made, 100):
        body = {"charger": question.charger, "identifier": question.identifier, "time": question.time}
        assert client.post("/decide", json=body).json() == {
            "allowed": question.allowed,
            "vehicle_class": question.vehicle_class,
        }


def test_an_engine_that_answers_otherwise_is_not_timed() -> None:
    made = yard(1, CHARGERS)
    open_to_all = Loaded(lambda question: (question,), lambda _question: True, bool)
    with pytest.raises(DisagreementError, match=r"^open to all does not agree: .* is to be denied$"):
        contestant("open to all", open_to_all, questions(made, 50))


@pytest.mark.parametrize("windows", SIZES)
def test_questions_have_the_mix_that_is_told(windows: int) -> None:
    made = yard(windows, CHARGERS)
    depots = {depot.name: depot for depot in made.depots}
    asked = questions(made, 200)
    outside = [
        question
        for question in asked
        if not any(each.holds(question.weekday, question.minute) for each in depots[question.depot].windows)
    ]
    assert sum(not question.allowed for question in asked) == 20
    assert len(outside) == 60


@pytest.mark.parametrize("windows", [*SIZES, 1000])
def test_windows_of_a_depot_never_overlap_and_lie_within_a_day(windows: int) -> None:
    for depot in yard(windows, CHARGERS).depots:
        minutes = [
            (day, minute) for each in depot.windows for day in each.days for minute in range(each.start, each.end)
        ]
        assert len(depot.windows) == windows
        assert len(minutes) == len(set(minutes))
        assert all(0 <= each.start < each.end <= 1440 for each in depot.windows)


def test_every_engine_is_timed_in_nanoseconds_an_answer() -> None:
    made = yard(1, CHARGERS)
    with floor.PEER.load(made) as fast, rule_engine_rules.PEER.load(made) as slow:
        asked = questions(made, 100)
        took = best_of([contestant("floor", fast, asked), contestant("rules", slow, asked)], rounds=2)
    assert 0 < took["floor"] < took["rules"]


def test_who_is_not_installed_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zen", None)  # what an import of a missing package does
    found = line_up(["floor", "zen_expression"], [])
    assert [each.name for each in found.engines] == [floor.PEER.name]
    assert found.skipped["zen_expression"].startswith("not installed: ")


@pytest.mark.parametrize("server", [cerbos.PEER, opa.PEER], ids=lambda server: server.name)
def test_a_server_whose_registry_is_out_of_reach_is_named_with_the_reason(
    server: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("peers.provisions._HOME", tmp_path)
    monkeypatch.setattr("peers.provisions._USUAL_GO", str(tmp_path))
    name = "cerbos" if server is cerbos.PEER else "opa"
    found = line_up([], [name])
    assert found.servers == []
    assert "which is not installed" in next(iter(found.skipped.values()))
