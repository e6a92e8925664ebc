"""Changes of access as sentences for a terminal, and as Markdown for a merge request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.access_effects import before_and_after, concerned
from policy_service.entrypoints.cli.charger_ranges import chargers_text
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.occasions import occasions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.domain.access_change import Difference

_MOST_RANGES = 12
_SPECIAL = re.compile(r"([\\|*_<>\[\]#])")


class Sentence(NamedTuple):
    """One change of some chargers: at certain times, what will be instead of what was."""

    head: str
    """When, before the predicate."""
    after: str
    tail: str
    """When, after the predicate."""
    before: str


class Told(NamedTuple):
    """All sentences about some chargers."""

    chargers: tuple[str, ...]
    timezone: str
    sentences: tuple[Sentence, ...]


def told(differences: Sequence[Difference], span: tuple[int, int]) -> list[Told]:
    """Put the differences into words: chargers with equal changes together, times by their depot's clock."""
    found: list[Told] = []
    for each in concerned(differences):
        zone = Zone.of(each.timezone)
        timed = [
            (occasion, *before_and_after(effect))
            for effect, stretches in each.effects
            for occasion in occasions(stretches, zone, span)
        ]
        timed.sort(key=lambda one: (one[0].first, one[0].head))
        sentences = tuple(Sentence(when.head, after, when.tail, before) for when, before, after in timed)
        found.append(Told(each.chargers, each.timezone, sentences))
    return sorted(found, key=lambda one: one.chargers)


def human_lines(found: Sequence[Told], span: tuple[int, int]) -> Iterator[Text]:
    """Yield a line a change, and what it was compared over; a line names its zone where there are several."""
    several = len(_zones(found)) > 1
    for each in found:
        names = chargers_text(each.chargers, _MOST_RANGES) + (f" ({each.timezone})" if several else "")
        for sentence in each.sentences:
            yield Text.assemble(
                (f"{names}: ", "bold"),
                f"{sentence.head} {sentence.after}{sentence.tail} ",
                (f"(before: {sentence.before})", "dim"),
            )
    clock = "" if several or not found else "; all times by that clock"
    yield Text(_summary(found, span) + clock, "bold" if found else "bold green")


def markdown(found: Sequence[Told], span: tuple[int, int]) -> str:
    """Return the whole as Markdown: a table for each set of chargers."""
    lines = ["## Who may charge when: what changes", "", f"{_summary(found, span)}."]
    for each in found:
        lines += ["", f"### {_escaped(chargers_text(each.chargers))}", "", f"By the clock of {each.timezone}.", ""]
        lines += ["| when | before | after |", "|---|---|---|"]
        lines += [
            f"| {_cell(sentence.head + sentence.tail)} | {_cell(sentence.before)} | {_cell(sentence.after)} |"
            for sentence in each.sentences
        ]
    return "\n".join(lines) + "\n"


def _summary(found: Sequence[Told], span: tuple[int, int]) -> str:
    zones = _zones(found)
    zone = Zone.of(zones.pop() if len(zones) == 1 else "UTC")
    over = f"from {local_text(span[0], zone)} to {local_text(span[1], zone)} {zone.name}"
    if not found:
        return f"Nothing changes for any vehicle at any charger {over}"
    chargers = plural(sum(len(each.chargers) for each in found), "charger")
    return f"{plural(sum(len(each.sentences) for each in found), 'change')} at {chargers} {over}"


def _zones(found: Sequence[Told]) -> set[str]:
    return {each.timezone for each in found}


def _cell(text: str) -> str:
    """Escape what Markdown would take for its own; conditions stand in code spans, where only a bar ends a cell."""
    parts = text.split("`")
    return "`".join(part.replace("|", r"\|") if at % 2 else _escaped(part) for at, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
