"""What a decision may cost at most, in floors of the same run and in instructions: see docs/performance.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import in_process
import instructions
import nodes
import pytest
import yard
from fakes.served import POLICIES
from floors import floor
from full_load import processor_us, write

if TYPE_CHECKING:
    from full_load import Target

_MOST_FLOORS = 6.0
_LEAST_OF_ECHO = 0.5
_MOST_MORE = 0.03
_COMMITTED: dict[str, int] = json.loads(Path(__file__).with_name("instructions.json").read_text(encoding="utf-8"))
"""Instructions a decision by minor version of Python."""
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_TRIES = 5


def test_a_decision_in_process_costs_a_few_floors() -> None:
    assert min(in_process.cost_of_decide(yard.plan(1, 10, 5)).floors for _ in range(_TRIES)) <= _MOST_FLOORS


@pytest.mark.skipif(not instructions.available(), reason="instructions are not counted: valgrind is not installed")
@pytest.mark.skipif(_PYTHON not in _COMMITTED, reason=f"instructions are not held: no figure for Python {_PYTHON}")
@pytest.mark.timeout(300)
def test_a_decision_executes_no_more_instructions_than_committed() -> None:
    counted, committed = instructions.instructions(yard.plan(1, 10, 5), yard.OWN, yard.NOW), _COMMITTED[_PYTHON]
    told = f"{counted:,.0f} instructions a decision, {committed:,} committed"
    assert counted <= committed * (1 + _MOST_MORE), f"{told}: tests/gate/instructions.json holds the figure"


def test_a_decision_over_http_costs_two_bare_echoes_at_most(tmp_path: Path) -> None:
    """In processor time of the event loop, every caller with a key and one question in ten denied."""
    with nodes.node(POLICIES, tmp_path / "state") as node:
        node.bring_in(nodes.shipped_fleet())
        questions = nodes.shipped_questions()
        node.warm(questions)
        file = write(nodes.requests(questions), tmp_path / "requests")
        with floor("echo", node.reply(questions[1])) as echo:
            pairs = [(_cost(echo, file), _cost(node.target, file)) for _ in range(_TRIES)]
    assert max(theirs / ours for theirs, ours in pairs) >= _LEAST_OF_ECHO


def _cost(target: Target, requests: Path) -> float:
    return processor_us(target, requests, connections=16, seconds=1)
