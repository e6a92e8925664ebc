"""Long work shows how far it is: on a terminal, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ended import Ended

COMMANDS = [
    (("check", "trees/clean"), "reading and compiling"),
    (("test", "trees/sound"), "asking cases"),
    (("diff", "trees/clean", "trees/sound"), "comparing"),
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let streams count as a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    return monkeypatch


@pytest.mark.parametrize(("command", "stage"), COMMANDS)
@pytest.mark.usefixtures("terminal")
def test_a_terminal_shows_the_stage(cli: Callable[..., Ended], command: tuple[str, ...], stage: str) -> None:
    ended = cli(*command)
    assert stage in ended.err
    assert stage not in ended.out


@pytest.mark.parametrize(("command", "stage"), COMMANDS)
def test_nothing_is_shown_in_a_pipeline(
    cli: Callable[..., Ended], terminal: pytest.MonkeyPatch, command: tuple[str, ...], stage: str
) -> None:
    terminal.setenv("CI", "true")
    assert stage not in cli(*command).err


@pytest.mark.parametrize("flags", [("check", "trees/clean", "--json"), ("test", "trees/sound", "--json")])
@pytest.mark.usefixtures("terminal")
def test_nothing_is_shown_beside_json(cli: Callable[..., Ended], flags: tuple[str, ...]) -> None:
    assert cli(*flags).err == ""
