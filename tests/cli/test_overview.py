from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.launched import ROOT

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


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_from_the_start_is_no_defect(closed: str) -> None:
    command = ["sh", "-c", f'"$0" -m policy_service check policies {closed}', sys.executable]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own
    assert (result.returncode, result.stderr) == (ExitCode.OK, "")


def test_a_terminal_without_a_width_is_shown_all(cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    ended = cli("check", str(ROOT / "policies"))
    assert (ended.code, ended.out.count("no findings")) == (0, 1)


def test_a_misspelt_command_is_answered_with_the_right_one(cli: Callable[..., Ended]) -> None:
    ended = cli("sevre")
    assert ended.code == ExitCode.USAGE
    assert "Did you mean 'serve'?" in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("decide A --class ownn", "'ownn' is not one of 'own', 'agreement', 'unknown'. Did you mean 'own'?"),
        ("diff main --format jsn", "'jsn' is not one of 'human', 'markdown', 'json'. Did you mean 'json'?"),
        ("import nothing x", "'nothing' is not one of 'identifiers', 'agreements', 'chargers'.\n"),
        ("schedule A --days 0", "'--days': it must be 1 or more\n"),
        ("test --fail-under 150", "'--fail-under': it must be 100 or less\n"),
        ("test --fail-under most", "'--fail-under': it must be a number\n"),
        ("why --last one", "'--last': it must be a whole number\n"),
        ("check --policies X", "The directory is an argument: policy-service check DIR"),
        ("why --policies X", "No such option: --policies\n"),
        ("serve --port x", "--port: it must be a whole number\n"),
        ("serve --ungoverned open", "--ungoverned: it must be 'deny', 'own_only' or 'freevend'\n"),
        ("serve --public-url ftp://x", "--public-url: it is not of the form that is asked for\n"),
        ("schedule A --label a:b -p trees/sound", "name a charger or a label, not both"),
        ("why --event x --last 2", "--event and --last both say which denials"),
        ("diff trees/sound --replay x --replay-latest 5", "--replay and --replay-latest both say which decisions"),
        ("check trees/sound --json --format sarif", "--json and --format both say how to write"),
        ("decide A --class own --type mac", "--type says what an identifier is, and --class asks without one"),
        ("import identifiers x --force", "--force is about what replace drops, and merge drops nothing"),
        ("import chargers x --mode merge --force", "--force is about what replace drops, and merge drops nothing"),
        ("serve --unix-socket x --port 9000", "--unix-socket and --host or --port both say where to listen"),
        ("serve --host ::1 --unix-socket x", "--unix-socket and --host or --port both say where to listen"),
        ("explain A --class own --type mac", "--type says what an identifier is, and --class asks without one"),
    ],
)
def test_a_mistake_in_a_call_is_told_in_peoples_words(cli: Callable[..., Ended], words: str, told: str) -> None:
    ended = cli(*words.split())
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert told in ended.err
    assert "Input should" not in ended.err
    assert "Value error" not in ended.err


def test_a_defect_is_told_in_two_lines(cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr("policy_service.entrypoints.cli.schema.schemas", broken)
    ended = cli("schema")
    assert ended.code == ExitCode.INTERNAL
    assert "ZeroDivisionError" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("words", ["--help", "check policies", "check policies --format json", "schema"])
def test_a_full_disk_is_told_as_one(words: str) -> None:
    command = [sys.executable, "-m", "policy_service", *words.split()]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own
    told = "error: there is no room left for what the command writes\n  help: free some of the disk, and run it again\n"
    assert (ended.returncode, ended.stderr) == (ExitCode.NO_ROOM, told)
