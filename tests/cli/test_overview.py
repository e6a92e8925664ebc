from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import policy_service
from policy_service.entrypoints.cli.app import COMMANDS
from policy_service.entrypoints.cli.exit_codes import MEANINGS, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ended import Ended

HEAVY = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "holidays", "pydantic", "redis", "yaml", "httpx2")
PROBE = """
import json, sys, time
began = time.process_time()
from policy_service.entrypoints.cli.app import run
code = run(sys.argv[1:])
print(json.dumps([code, time.process_time() - began, sorted(sys.modules)]), file=sys.stderr)
"""


def probe(*arguments: str) -> tuple[int, float, set[str]]:
    command = [sys.executable, "-c", PROBE, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    code, seconds, modules = json.loads(result.stderr.splitlines()[-1])
    return code, seconds, set(modules)


def test_help_loads_nothing_heavy_and_is_quick() -> None:
    runs = [probe("--help") for _ in range(3)]
    assert all(code == 0 for code, _, _ in runs)
    assert not runs[0][2] & set(HEAVY)
    assert min(seconds for _, seconds, _ in runs) < 0.5


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_neither_web_framework_nor_database(command: str) -> None:
    code, _, modules = probe(command, "--help")
    assert code == 0
    assert not modules & {"fastapi", "starlette", "uvicorn", "sqlalchemy", "holidays", "redis"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(cli: Callable[..., Ended], command: str) -> None:
    ended = cli(command, "--help")
    assert ended.code == 0
    assert f"policy-service {command} " in ended.out.partition("Example")[2]


def test_the_overview_lists_every_command_and_every_exit_code(cli: Callable[..., Ended]) -> None:
    ended = cli("--help")
    assert all(f"  {name} " in ended.out for name in COMMANDS)
    assert all(f"{code:>3}  {MEANINGS[code]}" in ended.out for code in ExitCode)


def test_it_tells_its_version(cli: Callable[..., Ended]) -> None:
    assert cli("--version").out == f"policy-service {policy_service.__version__}\n"


def test_a_misspelt_command_is_answered_with_the_right_one(cli: Callable[..., Ended]) -> None:
    ended = cli("sevre")
    assert ended.code == ExitCode.USAGE
    assert "Did you mean 'serve'?" in ended.err


def test_a_defect_is_told_in_two_lines(cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr("policy_service.entrypoints.cli.schema.schemas", broken)
    ended = cli("schema")
    assert ended.code == ExitCode.INTERNAL
    assert "ZeroDivisionError" in ended.err
    assert "Traceback" not in ended.err
