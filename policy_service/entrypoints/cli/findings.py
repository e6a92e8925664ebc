"""Findings about policy files as commands show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.console import stderr, stdout
from policy_service.language.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from policy_service.application.plan_holder import PlanState
    from policy_service.domain.diagnostic import Diagnostic


def note_findings(state: PlanState) -> None:
    """Write the findings of a tree that cannot be put in force beside the answer."""
    stderr_findings(state.diagnostics, state.sources)


def stderr_findings(diagnostics: Sequence[Diagnostic], sources: Mapping[str, bytes]) -> None:
    """Write findings with their excerpts beside the answer."""
    _write(stderr(), diagnostics, sources)


def out_findings(diagnostics: Sequence[Diagnostic], sources: Mapping[str, bytes]) -> None:
    """Write findings with their excerpts as the answer."""
    _write(stdout(), diagnostics, sources)


def _write(console: Console, diagnostics: Sequence[Diagnostic], sources: Mapping[str, bytes]) -> None:
    if diagnostics:
        coloured = console.is_terminal and not console.no_color
        console.file.write(render(diagnostics, sources, colour=coloured) + "\n")


def count(diagnostics: Sequence[Diagnostic]) -> tuple[int, int]:
    """Return how many errors and how many warnings there are."""
    errors = sum(finding.severity is Severity.ERROR for finding in diagnostics)
    return errors, len(diagnostics) - errors


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 policy``, ``2 policies``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def summary(errors: int, warnings: int, files: int) -> Text:
    """Return the line that ends a check with findings."""
    told = [Text(plural(errors, "error"), "bold red")] if errors else []
    told += [Text(plural(warnings, "warning"), "bold yellow")] if warnings else []
    return Text.assemble(Text(", ").join(told), f" in {plural(files, 'file')}")
