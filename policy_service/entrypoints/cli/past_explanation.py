"""What a service says of a recorded decision, in lines for people: each step with its place, and the nearest way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.instant import parse_instant
from policy_service.engine.zone import Zone, zone_names
from policy_service.entrypoints.cli.outline import labelled, when_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.text import Text


def zone_of(explained: Mapping[str, Any]) -> Zone | None:
    """Return the zone of the policy that governed the charger; None where no step tells one."""
    names = [step["detail"].get("timezone") for step in explained["steps"] or ()]
    return next((Zone.of(name) for name in names if name in zone_names()), None)


def explanation_lines(explained: Mapping[str, Any], zone: Zone) -> Iterator[Text]:
    """Yield until when the decision held, how it came about, what would let the vehicle in, and what is in doubt.

    Where too many PINs were denied, it is told until when none is judged: the decision holds until one may ask again.
    """
    decision, pins = explained["decision"], explained["pins_again_by"]
    if pins is not None:
        yield labelled(
            "PINs", f"judged again by {when_text(parse_instant(pins), zone)} at the latest; cards always are"
        )
    elif decision is not None and decision["valid_until"] is not None:
        yield labelled("until", when_text(parse_instant(decision["valid_until"]), zone))
    label = "because"
    for step in explained["steps"] or ():
        place = step["detail"].get("place")
        yield labelled(label, f"{step['text']}  {place}" if place else str(step["text"]))
        label = ""
    nearest = explained["nearest_allow"]
    if nearest is not None:
        at = "" if nearest["at"] is None else f"; open again {when_text(parse_instant(nearest['at']), zone)}"
        then = "" if nearest.get("then") is None else f", then {nearest['then']}"
        yield labelled("way in", f"{nearest['change']}{then}{at}")
    if explained["missing"] is not None:
        yield labelled("missing", str(explained["missing"]))
    for caveat in explained["caveats"]:
        yield labelled("but", str(caveat))
