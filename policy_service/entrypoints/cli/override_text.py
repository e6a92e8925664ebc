"""Overrides in lines for people: which chargers, until when, and how to end them again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.text import Text

from policy_service.domain.instant import parse_instant
from policy_service.domain.made_override import OverrideState
from policy_service.domain.selector import Expression, Selector
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.outline import labelled
from policy_service.entrypoints.cli.zones import told_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.override_neighbours import Neighbour
    from policy_service.entrypoints.cli.service_calls import ProblemAnswerError
    from policy_service.entrypoints.cli.zones import Clocks

_ID = re.compile(r"ov-[0-9a-z]{8}")
_NAMED = 12
"""Chargers that a line names; of more, how many."""
_DONE = {"freevend": ("open", "bold green"), "managed": ("locked", "bold red")}
_FLAGS = {
    "/until": "the end (--for, --until)",
    "/from": "--from",
    "/chargers": "--charger or --label",
    "/chargers/when": "--when",
    "/reason": "--reason",
}


def is_override(window: str) -> bool:
    """Tell whether what set a mode is an override made over HTTP: these are named like `ov-7k3m9x2a`."""
    return _ID.fullmatch(window) is not None


def made_lines(made: Mapping[str, Any], zones: Sequence[Zone]) -> Iterator[Text]:
    """Yield what an override does, to which chargers, from when until when, and how to end it."""
    word, style = _DONE[made["mode"]]
    state = "" if made["state"] == OverrideState.ACTIVE else f"  {made['state']}"
    yield Text.assemble((word, style), f"  {_chargers(made['chargers'])}{state}")
    if made["left"]:
        whose, them = ("its policy is", "it") if len(made["left"]) == 1 else ("their policies are", "them")
        yield labelled("left", f"{_chargers(made['left'])}: {whose} locked, --force takes {them} all the same")
    if made["ungoverned"]:
        yield labelled("left", f"{_chargers(made['ungoverned'])}: under no policy")
    if made["allow"] is not None:
        yield labelled("for", _classes(made))
    if made["state"] == OverrideState.COMING:
        yield labelled("from", told_at(parse_instant(made["from"]), zones))
    yield labelled("until", told_at(parse_instant(made["until"]), zones))
    if made["ended_at"] is not None:
        yield labelled("ended", told_at(parse_instant(made["ended_at"]), zones) + _by(made["ended_by"]))
    yield labelled("reason", made["reason"] + _by(made["created_by"]))
    if made["state"] in (OverrideState.ACTIVE, OverrideState.COMING):
        yield labelled("to end", f"policy-service override end {made['id']}")


def list_lines(
    overrides: Sequence[Mapping[str, Any]], overruling: Mapping[str, Sequence[Neighbour]], clocks: Clocks
) -> Iterator[Text]:
    """Yield two lines an override, what it is, and why; below them where it does not hold, as a later one does."""
    for made in overrides:
        word, style = _DONE[made["mode"]]
        until = told_at(parse_instant(made["until"]), clocks.of(selector_of(made)))
        yield Text.assemble((made["id"], "bold"), f"  {made['state']}  ", (word, style), f"  {_picked(made)}")
        yield Text(f"    {_allowed(made)}until {until}: {made['reason']}{_by(made['created_by'])}")
        for other, chargers in overruling.get(made["id"], ()):
            yield Text(f"    not at {_chargers(chargers)}: {other['id']} was made later and holds there")


def _classes(made: Mapping[str, Any]) -> str:
    return ", ".join(f"class {grant['class']}" for grant in made["allow"]) or "nobody"


def _allowed(made: Mapping[str, Any]) -> str:
    return "" if made["allow"] is None else f"for {_classes(made)}, "


def ended_lines(
    ended: Mapping[str, Any], held: tuple[Sequence[str], Sequence[Neighbour]] | None, zones: Sequence[Zone]
) -> Iterator[Text]:
    """Yield how an override stands that somebody wanted ended, and what else holds at its chargers, if that is known.

    That is its chargers, and the overrides that hold there now.
    """
    if ended["ended_at"] is None:
        told = f"{ended['id']} was over already, since {told_at(parse_instant(ended['until']), zones)}"
    else:
        told = f"{ended['id']} ended {told_at(parse_instant(ended['ended_at']), zones)}"
    if held is None:
        yield Text(f"{told}; whether another override holds there, this key may not see")
        return
    chargers, others = held
    if not others:
        yield Text(f"{told}: the policies hold again")
        return
    freed = sorted(set(chargers).difference(*(other.chargers for other in others)))
    yield Text(
        f"{told}: {f'the policies hold again at {_chargers(freed)}, ' if freed else ''}another override still holds"
    )
    yield from _neighbour_lines("holds", others, zones)


def met_lines(others: Sequence[Neighbour], zones: Sequence[Zone]) -> Iterator[Text]:
    """Yield the overrides that one is made over: of those that meet, the latest made holds."""
    yield from _neighbour_lines("over", others, zones)


def _neighbour_lines(label: str, others: Sequence[Neighbour], zones: Sequence[Zone]) -> Iterator[Text]:
    for made, chargers in others:
        word, _ = _DONE[made["mode"]]
        until = told_at(parse_instant(made["until"]), zones)
        yield labelled(label, f"{made['id']}  {word}  {_chargers(chargers)}, until {until}: {made['reason']}")


def refusal(error: ProblemAnswerError, misnamed: Callable[[], Sequence[str]]) -> CommandError:
    """Return why no override was made, in terms of the flags.

    ``misnamed`` tells which ids no charger has; it is asked only where that is why.
    """
    problem = error.problem
    if left := problem.get("left"):
        message = f"nothing was made: {_chargers(left)} - the policies are locked"
        return CommandError(message, "--force takes them all the same", ExitCode.REFUSED)
    if errors := problem.get("errors"):
        told = "; ".join(f"{_FLAGS.get(each['pointer'], each['pointer'])} {each['detail']}" for each in errors)
        hint = " - ".join(misnamed()) if any(each["pointer"] == "/chargers" for each in errors) else None
        return CommandError(f"nothing was made: {told}", hint or error.hint, ExitCode.REFUSED)
    return error


def selector_of(made: Mapping[str, Any]) -> Selector:
    """Return which chargers an override picks, as the domain knows it."""
    written: dict[str, Any] = made["selector"]
    labels = tuple((name, tuple(values)) for name, values in written.get("labels", {}).items())
    return Selector(
        ids=tuple(written.get("ids", ())) or None,
        labels=labels or None,
        exclude=tuple(written.get("exclude", ())),
        when=Expression(written["when"]) if written.get("when") else None,
    )


def _chargers(ids: Sequence[str]) -> str:
    if len(ids) <= _NAMED:
        return ", ".join(ids)
    return f"{', '.join(ids[:_NAMED])} and {len(ids) - _NAMED} more ({len(ids)} chargers)"


def _picked(made: Mapping[str, Any]) -> str:
    selector: dict[str, Any] = made["selector"]
    parts = [", ".join(selector.get("ids", ()))]
    parts += [f"{name}:{'|'.join(values)}" for name, values in selector.get("labels", {}).items()]
    parts += [f"without {', '.join(selector['exclude'])}"] if selector.get("exclude") else []
    parts += [f"when {selector['when']}"] if selector.get("when") else []
    return " ".join(part for part in parts if part)


def _by(who: str | None) -> str:
    return f" (by {who})" if who else ""
