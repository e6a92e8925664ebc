"""A decision and its explanation in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from policy_service.domain.access import Reason
from policy_service.domain.instant import format_instant, parse_instant
from policy_service.domain.messages import message_of
from policy_service.domain.place import NOWHERE
from policy_service.entrypoints.cli.instants import local_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy_service.domain.decision import Answer
    from policy_service.domain.place import Place
    from policy_service.engine.explain import Explanation
    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.question import Reply

_LABEL = 9
_STEP = 12


def labelled(label: str, text: str) -> Text:
    """Return a line with its label in a column of its own."""
    return Text.assemble((label.ljust(_LABEL), "dim"), text)


def answer_lines(reply: Reply) -> Iterator[Text]:
    """Yield the outcome, then charger, time, mode, vehicle and how long it holds."""
    decision, zone = reply.answered.decision, reply.zone
    answer = decision.answer
    style = "bold red" if decision.denied else "bold green"
    yield Text.assemble((str(answer.outcome), style), f"  {answer.reason}")
    if answer.would_be is not None:
        yield labelled("observe", f"enforcement is off; it would be {answer.would_be}")
    yield labelled("charger", decision.charger + meant_text(reply.meant))
    yield labelled("time", when_text(decision.time, zone))
    yield labelled("mode", mode_text(answer))
    if reply.presented:
        yield labelled("vehicle", f"{answer.vehicle_class or 'not looked up'}, identifier {reply.presented}")
    elif answer.vehicle_class is not None:
        yield labelled("vehicle", str(answer.vehicle_class))
    if decision.denied:
        yield labelled("message", message_of(decision, reply.answered.language))
    if answer.reason is Reason.NOT_GRANTED:
        later = decision.next_allowed_at
        yield labelled("next", "never within 400 days" if later is None else when_text(later, zone))
    until = decision.valid_until
    yield labelled("holds", "for 400 days or more" if until is None else f"until {when_text(until, zone)}")


def mode_text(answer: Answer) -> str:
    """Return the mode and what set it, with its place."""
    if answer.policy is None:
        return "none: no policy governs the charger"
    by = f"by {answer.window}" if answer.window else "by default"
    return f"{answer.mode} {by} in policy {answer.policy}{place_text(answer.place)}"


def place_text(place: Place | None) -> str:
    """Return a place in parentheses, nothing for nowhere."""
    return "" if place is None or place == NOWHERE else f" ({place})"


def when_text(at: int, zone: Zone) -> str:
    """Write an instant by the zone's clock and in UTC."""
    utc = format_instant(at)
    return utc if zone.name == "UTC" else f"{local_text(at, zone)} {zone.name}, {utc}"


def meant_text(chargers: Sequence[str]) -> str:
    """Return a question after the chargers that may be meant, nothing where there are none."""
    return f" (did you mean {' or '.join(chargers)}?)" if chargers else ""


def explanation_lines(explanation: Explanation, zone: Zone, within: str = "") -> Iterator[Text]:
    """Yield the steps in order, each with its place, and the nearest change that allows.

    ``within`` is the directory of the files as the reader knows it, with a slash at its end.
    """
    for number, step in enumerate(explanation.steps, start=1):
        met = step.detail.get("met")
        style = "" if met is None else "green" if met else "red"
        yield Text.assemble((f"{number:>2}. ", "dim"), (step.name.ljust(_STEP), "bold"), (step.text, style))
        place = step.detail.get("failing_place") or step.detail.get("place")
        if place:
            yield Text.assemble(" " * (_STEP + 4), (f"at {within}{place}", "dim"))
    if explanation.nearest_allow is not None:
        yield Text()
        yield from _nearest_lines(explanation.nearest_allow, zone, within)


def _nearest_lines(nearest: Mapping[str, Any], zone: Zone, within: str) -> Iterator[Text]:
    yield labelled("to allow", str(nearest["change"]))
    if nearest.get("place"):
        yield Text.assemble(" " * _LABEL, (f"at {within}{nearest['place']}", "dim"))
    if nearest.get("then"):
        yield labelled("", f"then {nearest['then']}")
    if nearest.get("at"):
        at = parse_instant(str(nearest["at"]))
        yield labelled("or wait", f"until {local_text(at, zone)} {zone.name}, {nearest['at']}")
