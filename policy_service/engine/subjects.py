"""The kinds of vehicles that some policies tell apart: own, each agreement that they name or match, unknown."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from policy_service.domain.access import VehicleClass
from policy_service.domain.access_change import Subject
from policy_service.domain.selector import is_literal, matches_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.domain.policy import Grants
    from policy_service.domain.policy_tree import PolicyTree

_ANY = "~"
"""Fills what a glob leaves open: no id that anybody gives consists of it."""
_MOST_PAIRED = 24
"""Globs whose pairs are looked at: more make thousands of pairs, and agreements that match two of them are named."""


def subjects(trees: Iterable[PolicyTree]) -> tuple[Subject, ...]:
    """Return the subjects that cover every vehicle under all of the trees.

    Agreements that no text names are told apart by the globs that they match: one stands for all that match the same.
    """
    ids: set[str] = set()
    globs: set[str] = set()
    for tree in trees:
        for pattern in _agreement_globs(tree):
            (ids if is_literal(pattern) else globs).add(pattern)
        ids |= {case.vehicle.agreement or "" for test in tree.tests for case in test.cases if case.vehicle}
    named = [Subject(VehicleClass.AGREEMENT, id_, id_, named=True) for id_ in sorted(ids - {""})]
    others = {matched: sample for sample in _samples(sorted(globs)) if (matched := _matched(sample, globs))}
    matching = [
        Subject(VehicleClass.AGREEMENT, " and ".join(matched), sample) for matched, sample in sorted(others.items())
    ]
    return (
        Subject(VehicleClass.OWN),
        *named,
        *matching,
        *(() if _matched(_ANY, globs) else (Subject(VehicleClass.AGREEMENT, None, _ANY),)),
        Subject(VehicleClass.UNKNOWN),
    )


def _agreement_globs(tree: PolicyTree) -> Iterator[str]:
    for policy in tree.policies:
        yield from _globs_of(policy.allow)
        for window in policy.windows:
            yield from _globs_of(window.allow)
        for exception in policy.exceptions:
            yield from _globs_of(exception.allow)
    for override in tree.overrides:
        yield from _globs_of(override.allow)


def _globs_of(allow: Grants | None) -> Iterator[str]:
    for grant in allow or ():
        yield from grant.agreements or ()
        yield from grant.exclude_agreements


def _samples(globs: list[str]) -> Iterator[str]:
    """Yield ids that some globs match: one for each, and for two at once where one id can match both."""
    plain = [glob for glob in globs if "[" not in glob]
    for glob in globs:
        yield _filled(glob, _ANY)
    for first, second in permutations(plain[:_MOST_PAIRED], 2):
        sample = _filled(first, _filled(second, _ANY))
        if matches_any((second,), sample):
            yield sample


def _filled(glob: str, with_: str) -> str:
    """Write an id that the glob matches: the first star becomes the text, later ones nothing in particular."""
    head, star, rest = glob.partition("*")
    filled = head + (with_ if star else "") + rest.replace("*", _ANY)
    filled = filled.replace("?", _ANY)
    while "[" in filled and "]" in filled[filled.index("[") + 2 :]:
        start = filled.index("[")
        end = filled.index("]", start + 2)
        inside = filled[start + 1 : end]
        filled = filled[:start] + (_ANY if inside[0] == "!" else inside[0]) + filled[end + 1 :]
    return filled


def _matched(sample: str, globs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(glob for glob in globs if matches_any((glob,), sample)))
