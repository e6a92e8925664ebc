"""Findings about policy files as commands tell them in passing, and counts with their nouns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.console import stderr
from policy_service.language.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.plan_holder import PlanState
    from policy_service.domain.diagnostic import Diagnostic


def note_findings(state: PlanState, within: str) -> None:
    """Write the findings of a tree that cannot be put in force beside the answer; ``within`` as for any."""
    stderr_findings(state.diagnostics, state.sources, within)


def stderr_findings(diagnostics: Sequence[Diagnostic], sources: Mapping[str, bytes], within: str = "") -> None:
    """Write findings with their excerpts beside the answer.

    ``within`` is what stands before the names of files where the caller stands, so that their places can be opened.
    """
    console = stderr()
    if diagnostics:
        coloured = console.is_terminal and not console.no_color
        named = {f"{within}{name}": content for name, content in sources.items()}
        found = (replace(each, place=each.place._replace(file=f"{within}{each.place.file}")) for each in diagnostics)
        console.file.write(render(found, named, colour=coloured) + "\n")


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 policy``, ``2 policies``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
