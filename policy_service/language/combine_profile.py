"""What does not go together in a charger profile: values that switch nothing, names of the other OCPP, idle keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.charger import OCPP_1_6
from policy_service.language.tree import MappingNode
from policy_service.language.wording import finding, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.tree import At


def profile(spec: At) -> Iterator[Diagnostic]:
    """Tell every combination in a profile that could never switch a charger."""
    protocols = {each.text for each in spec.every("protocols")}
    switches = list(spec.every("freevend"))
    for switch in switches:
        yield from _switch(switch)
        yield from _named_for(switch, protocols)
        yield from _twice(switch.values("requires"), within=switch)
        for setting in switch.values("requires"):
            yield from _same_family(setting, switch)
    yield from _one_a_family(switches)
    for setting in spec.values("offline"):
        yield from _named_for(setting, protocols)
    yield from _twice(spec.values("offline"))
    identify = spec.get("identify")
    if identify is not None and isinstance(identify.node, MappingNode) and not identify.keys:
        yield finding("PS012", identify.place, "`identify` says nothing", "give `keys`, `vendor` or `model`")


def _switch(at: At) -> Iterator[Diagnostic]:
    on, off = at.get("on"), at.get("off")
    if on is not None and off is not None and on.text is not None and _equal(on, off):
        message = f"`on` and `off` are both {quoted(on.text)}"
        yield finding("PS014", off.place, message, "give the value that ends freevend", off.length)
    if "idTag" in at.keys and "idTagKey" not in at.keys:
        place = at.key("idTag")
        yield finding("PS015", place.place, "`idTag` needs `idTagKey`", "name the key it is written to", place.length)
    if {"idTag", "syntheticId"} <= at.keys:
        place = at.key("syntheticId")
        help_text = "give one of them: what is written to a charger is what it sends"
        yield finding("PS015", place.place, "`syntheticId` does not go with `idTag`", help_text, place.length)


def _equal(one: At, other: At) -> bool:
    """Compare as chargers do: `True` and `true` are one value."""
    return other.text is not None and one.text is not None and one.text.casefold() == other.text.casefold()


def _named_for(at: At, protocols: set[str | None]) -> Iterator[Diagnostic]:
    """Tell a component where only OCPP 1.6 is spoken, and one that is missing where only OCPP 2.x is."""
    if not protocols or not isinstance(at.node, MappingNode):
        return
    component = at.get("component")
    if component is not None and protocols == {OCPP_1_6}:
        place = at.key("component")
        message = "`component` needs a protocol of OCPP 2.x"
        help_text = "a key of OCPP 1.6 has none; leave it out, or add `ocpp2.0.1` to `protocols`"
        yield finding("PS015", place.place, message, help_text, place.length)
    elif component is None and "key" in at.keys and OCPP_1_6 not in protocols:
        help_text = "OCPP 2.x names a variable by its component; give it, or add `ocpp1.6` to `protocols`"
        yield finding("PS012", at.place, "missing key `component`", help_text)


def _same_family(setting: At, switch: At) -> Iterator[Diagnostic]:
    if isinstance(setting.node, MappingNode) and ("component" in setting.keys) is not ("component" in switch.keys):
        message = "a required setting is of the same OCPP as its switch"
        help_text = "give both a `component`, or neither"
        yield finding("PS015", setting.place, message, help_text)


def _one_a_family(switches: list[At]) -> Iterator[Diagnostic]:
    seen: dict[bool, At] = {}
    for switch in switches:
        first = seen.setdefault("component" in switch.keys, switch)
        if first is not switch:
            message = f"two switches for OCPP {'2.x' if 'component' in switch.keys else '1.6'}"
            yield finding("PS015", switch.place, message, f"the first one is on line {first.place.line}")


def _twice(settings: Iterable[At], within: At | None = None) -> Iterator[Diagnostic]:
    seen = {} if within is None else {_name(within).casefold(): within}
    for setting in settings:
        name, key = _name(setting), setting.get("key")
        first = seen.setdefault(name.casefold(), setting)
        if first is not setting and key is not None:
            message = f"{quoted(name)} is set twice"
            yield finding("PS016", key.place, message, f"first on line {first.place.line}", key.length)


def _name(at: At) -> str:
    parts = (at.get("component"), at.get("key"))
    return ".".join(part.text for part in parts if part is not None and part.text)
