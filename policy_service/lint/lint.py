"""Run the rules over a tree: levels and ignores applied, in reading order."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Diagnostic, Severity
from policy_service.lint.found import Finding
from policy_service.lint.ignores import MARKER, ignores
from policy_service.lint.linted import Linted
from policy_service.lint.table import BY_NAME, LEVELLED, RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policy_service.domain.place import Place
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.plan import Plan
    from policy_service.lint.configuration import Configuration
    from policy_service.lint.ignores import Ignore
    from policy_service.lint.rule import Rule

_UNUSED = RULES[-1]
"""Looks at what the ignores did with the findings of all others."""


def look_at(
    tree: PolicyTree,
    plan: Plan,
    sources: Mapping[str, bytes],
    now: int,
    *,
    agreements: tuple[str, ...] = (),
    schemas: str | None = None,
) -> Linted:
    """Return what rules look at; ``sources`` are well-formed, since the tree is sound."""
    linted = Linted(tree, plan, sources, now, agreements, schemas)
    names = {name: rule.code for name, rule in BY_NAME.items()}
    texts = {file: linted.text(file).text for file, data in sources.items() if MARKER.encode() in data}
    return replace(linted, ignores=tuple(ignores(texts, names, LEVELLED)))


def lint(
    linted: Linted, configuration: Configuration, diagnostics: Iterable[Diagnostic] = (), *, whole: bool = True
) -> tuple[Finding, ...]:
    """Return what the rules find, with the diagnostics of the tree among it; warnings take levels and ignores too.

    ``whole`` False: parts of the tree are missing, and rules that must know all of it are silent.
    """
    found = [Finding(each) for each in _levelled(diagnostics, configuration)]
    for rule in RULES[:-1] if whole else [rule for rule in RULES if not rule.whole]:
        found += _found(rule, linted, configuration)
    found = [each for each in found if not _ignored_by_file(each.diagnostic, configuration)]
    kept = [each for each in found if not any(ignore.covers(each.diagnostic) for ignore in linted.ignores)]
    met = {
        (ignore.place, each.diagnostic.code) for each in found for ignore in linted.ignores if ignore.covers(each[0])
    }
    if whole:
        unused = tuple(_unused(linted.ignores, met, configuration))
        kept += _found(_UNUSED, replace(linted, unused=unused), configuration)
    once = {each.diagnostic: each for each in kept}
    return tuple(sorted(once.values(), key=lambda each: (each[0].place, each[0].code, each[0].message)))


def _found(rule: Rule, linted: Linted, configuration: Configuration) -> Iterator[Finding]:
    level = configuration.level(rule.code, rule.level)
    for found in rule.find(linted) if level is not None else ():
        place, message, help_text, length, edit = found
        yield Finding(Diagnostic(rule.code, level or rule.level, place, message, help_text, max(1, length)), edit)


def _levelled(diagnostics: Iterable[Diagnostic], configuration: Configuration) -> Iterator[Diagnostic]:
    for found in diagnostics:
        level = configuration.level(found.code, found.severity)
        if CODES[found.code].severity is Severity.ERROR:
            yield found
        elif level is not None:
            yield replace(found, severity=level)


def _ignored_by_file(found: Diagnostic, configuration: Configuration) -> bool:
    return any(
        found.code in ignored.codes and any(fnmatchcase(f"/{found.place.file}", f"*/{glob}") for glob in ignored.files)
        for ignored in configuration.ignored
    )


def _unused(
    ignores: Iterable[Ignore], met: set[tuple[Place, str]], configuration: Configuration
) -> Iterator[tuple[Ignore, tuple[str, ...]]]:
    """Yield ignores with those of their codes that met nothing; a rule that is off may still be needed elsewhere."""
    for ignore in ignores:
        idle = [code for code in ignore.codes if (ignore.place, code) not in met]
        idle = [code for code in idle if configuration.level(code, Severity.WARNING) is not None]
        if idle:
            yield ignore, tuple(idle)
